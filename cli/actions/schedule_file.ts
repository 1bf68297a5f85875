/**
 * Schedules from a file: one, several under `schedules`, or what `drover schedule show -o yaml` printed.
 *
 * @module
 */
import { dirname, resolve } from "node:path";
import { checkRule, readMoment } from "../../automation/schedule/calendar/mod.ts";
import type { ScheduleSpec, Trigger } from "../../automation/schedule/schedule.ts";
import { type SourcePlace, VirtError } from "../../model/error.ts";
import { readYaml, type Source } from "../../playbook/mod.ts";
import { parseAllGrants } from "../../runtime/permission/mod.ts";
import { checkedSource } from "../../runtime/secret/source.ts";
import type { Io } from "../io.ts";
import { readDocument } from "../operations/document.ts";
import { connectionUri } from "../settings.ts";
import { recipePath } from "./recipe_path.ts";
import { checkSpec } from "./schedule_spec.ts";
import { defaultTimeZone } from "./schedule_trigger.ts";

/** What is shown of a schedule beside what was given: it is no harm in a file, and counts for nothing. */
const shownOnly: ReadonlySet<string> = new Set([
  ...["id", "state", "principal", "createdAt", "changedAt", "pausedAt", "next", "last", "dead", "trouble"],
]);

/**
 * The schedules of a file.
 *
 * @throws {VirtError} `invalid-argument` with file, line and column.
 */
export async function readScheduleFile(io: Io, file: string): Promise<readonly ScheduleSpec[]> {
  const source = readYaml(await readDocument(io, file), file);
  const folder = file === "-" ? Deno.cwd() : dirname(resolve(file));
  const specs: ScheduleSpec[] = [];
  for (const each of schedulesIn(source)) {
    specs.push(await new ScheduleReader(io, { file, folder, source: each }).read());
  }
  const twice = specs.find((spec, index) => specs.findIndex(({ name }) => name === spec.name) < index);
  if (twice !== undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot make schedule "${twice.name}" twice: "${file}" names it twice`,
      {
        hint: "Give each schedule a name of its own",
      },
    );
  }
  return specs;
}

function schedulesIn(source: Source): readonly Source[] {
  if (source.kind === "list") return source.items;
  if (source.kind !== "map") {
    const [file, line, column] = source.at;
    throw new VirtError("invalid-argument", `Cannot make a schedule of "${file}": it holds none`, {
      hint: "Begin with name, work and triggers, or with a list of schedules; see docs/schedules.md",
      at: { file, line, column },
    });
  }
  const held = source.entries.get("schedules") ?? source.entries.get("items");
  if (held?.value.kind === "list") return held.value.items;
  if (held !== undefined) {
    throw placed(
      new VirtError("invalid-argument", "Cannot make schedules: what stands there is no list of them", {
        hint: "Begin each of them with a dash: - name: nightly",
      }),
      { file: held.value.at[0], line: held.value.at[1], column: held.value.at[2] },
    );
  }
  const item = source.entries.get("item");
  return [item?.value ?? source];
}

/** A source of an inventory from wherever it is read: connections and lists of names stay what they are. */
export function absoluteSource(source: string, folder: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(source) || source.includes(",") ? source : resolve(folder, source);
}

interface Held {
  readonly file: string;
  readonly folder: string;
  readonly source: Source;
}

/** Reads one schedule. */
class ScheduleReader {
  readonly #io: Io;
  readonly #held: Held;

  constructor(io: Io, held: Held) {
    this.#io = io;
    this.#held = held;
  }

  async read(): Promise<ScheduleSpec> {
    const { source } = this.#held;
    const given = plainOf(source);
    const name = isRecord(given) && typeof given["name"] === "string"
      ? ` "${given["name"].slice(0, 64)}"`
      : "";
    const value = isRecord(given) ? await this.#completed(given) : given;
    const spec = checkSpec(value, {
      what: `schedule${name} of "${this.#held.file}"`,
      placeOf: (path) => placeOf(source, path),
    });
    for (const [index, trigger] of spec.triggers.entries()) this.#checkTrigger(trigger, index);
    for (const [index, grant] of spec.grants.entries()) {
      this.#at(["grants", index], 0, () => parseAllGrants([grant]));
    }
    return spec;
  }

  /** With paths from the file's folder, connections by their aliases, and times as they are written. */
  async #completed(given: Readonly<Record<string, unknown>>): Promise<unknown> {
    const kept = Object.fromEntries(Object.entries(given).filter(([key]) => !shownOnly.has(key)));
    const { work, triggers } = given;
    return {
      ...kept,
      ...(given["grants"] === undefined ? { grants: [] } : {}),
      ...(isRecord(work) ? { work: await this.#work(work) } : {}),
      ...(isRecord(given["secrets"]) ? { secrets: this.#secrets(given["secrets"]) } : {}),
      ...(Array.isArray(triggers)
        ? { triggers: triggers.map((each, index) => this.#trigger(each, index)) }
        : {}),
    };
  }

  async #work(work: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { folder, source } = this.#held;
    const { kind, file, hosts, uri, inventory } = work;
    const path = typeof file === "string"
      ? await recipePath(resolve(folder, file)).catch((error: unknown) => {
        throw placed(error, placeOf(source, ["work", "file"]));
      })
      : undefined;
    return {
      ...work,
      ...(path === undefined ? {} : { file: path }),
      ...(kind !== "recipe" ? {} : { hosts: this.#hosts(hosts) }),
      ...(kind !== "playbook" ? {} : {
        uri: uri === undefined || typeof uri === "string"
          ? this.#at(["work", "uri"], 0, () => connectionUri(this.#io, uri))
          : uri,
        ...(Array.isArray(inventory)
          ? {
            inventory: inventory.map((each: unknown) =>
              typeof each === "string" ? absoluteSource(each, folder) : each
            ),
          }
          : {}),
      }),
    };
  }

  #hosts(hosts: unknown): unknown {
    if (hosts === undefined) return { host: connectionUri(this.#io) };
    if (!isRecord(hosts)) return hosts;
    return Object.fromEntries(
      Object.entries(hosts).map(([name, uri]) => [
        name,
        typeof uri === "string"
          ? this.#at(["work", "hosts", name], 0, () => connectionUri(this.#io, uri))
          : uri,
      ]),
    );
  }

  #secrets(secrets: Readonly<Record<string, unknown>>): unknown {
    const { folder } = this.#held;
    return Object.fromEntries(
      Object.entries(secrets).map(([name, source]) => [
        name,
        typeof source === "string"
          ? this.#at(["secrets", name], 0, () => checkedSource(source, { about: name, folder }))
          : source,
      ]),
    );
  }

  #trigger(trigger: unknown, index: number): unknown {
    if (!isRecord(trigger) || typeof trigger["at"] !== "string") return trigger;
    const { at, timeZone = defaultTimeZone, ...rest } = trigger;
    return {
      ...rest,
      at: this.#at(
        ["triggers", index, "at"],
        0,
        () => readMoment(String(at), { timeZone: String(timeZone) }),
      ),
    };
  }

  #checkTrigger(trigger: Trigger, index: number): void {
    if (!("cron" in trigger || "calendar" in trigger)) return;
    const key = "cron" in trigger ? "cron" : "calendar";
    try {
      checkRule(trigger);
    } catch (error) {
      if (!(error instanceof VirtError)) throw error;
      const zone = error.at === undefined && /time zone|says itself/.test(error.message) ? "timeZone" : key;
      throw placed(error, placeOf(this.#held.source, ["triggers", index, zone], (error.at?.column ?? 1) - 1));
    }
  }

  /** Says of what goes wrong where it stands. */
  #at<T>(path: readonly (string | number)[], offset: number, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw placed(error, placeOf(this.#held.source, path, offset));
    }
  }
}

function placed(error: unknown, at: SourcePlace): unknown {
  if (!(error instanceof VirtError)) return error;
  const { hint, cause } = error;
  return new VirtError(error.code, error.message, {
    at,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Where what a path leads to stands, or what comes nearest to it. */
function placeOf(source: Source, path: readonly (string | number)[], offset = 0): SourcePlace {
  let current = source;
  for (const key of path) {
    const next = current.kind === "map"
      ? current.entries.get(String(key))?.value
      : current.kind === "list"
      ? current.items[Number(key)]
      : undefined;
    if (next === undefined) break;
    current = next;
  }
  const [file, line, column] = current.kind === "scalar" ? current.placeOf(offset) : current.at;
  return { file, line, column };
}

function plainOf(source: Source): unknown {
  if (source.kind === "scalar") return source.value;
  if (source.kind === "list") return source.items.map(plainOf);
  return Object.fromEntries([...source.entries].map(([key, { value }]) => [key, plainOf(value)]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
