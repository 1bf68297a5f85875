/**
 * `drover schedule add`.
 *
 * @module
 */
import { resolve } from "node:path";
import type { ScheduleInput, ScheduleSpec } from "../../automation/schedule/schedule.ts";
import { VirtError } from "../../model/error.ts";
import { parseAllGrants } from "../../runtime/permission/mod.ts";
import { parseBindings } from "../../runtime/secret/source.ts";
import type { PolicyFlags, ScheduleAddFlags, WorkFlags } from "../commands/schedule.ts";
import type { DroverContext } from "../context.ts";
import type { Io } from "../io.ts";
import { connectionUri, namedConnections } from "../settings.ts";
import { kebab } from "../words.ts";
import { recipeInput } from "./recipe_input.ts";
import { recipePath } from "./recipe_path.ts";
import { openSchedules } from "./schedule.ts";
import { absoluteSource, readScheduleFile } from "./schedule_file.ts";
import { checkSpec } from "./schedule_spec.ts";
import { durationMs } from "./schedule_time.ts";
import { triggersFrom } from "./schedule_trigger.ts";
import { noteNotServed, printSchedules } from "./schedule_view.ts";

/** Flags that are of use with `--file`; what a schedule is stands in the file. */
const besideFile: ReadonlySet<string> = new Set(["file", "replace", "allow", "policy", "output", "stateDir"]);

/** Makes a schedule from flags, or those of a file. */
export async function addSchedule(
  this: DroverContext,
  flags: ScheduleAddFlags,
  name?: string,
): Promise<void> {
  const grants = await grantsFrom(this.io, flags);
  const specs = flags.file === undefined
    ? [await fromFlags(this.io, flags, { name, grants })]
    : await fromFile(this.io, flags.file, { flags, name, grants });
  await using control = await openSchedules(this, flags);
  const made = [];
  let served = true;
  for (const spec of specs) {
    const answer = await control.request("schedules.add", { spec, replace: flags.replace ?? false });
    made.push(answer.schedule);
    served &&= answer.served;
  }
  await printSchedules(made, {
    io: this.io,
    format: flags.output ?? "table",
    several: flags.file !== undefined,
  });
  noteNotServed(this.io, { served, format: flags.output });
  for (const { name: each } of made.filter((schedule) => schedule.grants.length === 0)) {
    noteNothingGranted(this.io, each);
  }
}

/** Recipes that need nothing are rare. */
function noteNothingGranted(io: Io, name: string): void {
  io.stderr.write(
    `note: schedule "${name}" is granted nothing; what its recipe needs says: drover plan FILE --permissions\n`,
  );
}

async function grantsFrom(io: Io, { allow = [], policy }: ScheduleAddFlags): Promise<readonly string[]> {
  const grants = [
    ...allow,
    ...(policy === undefined ? [] : await (await import("./policy.ts")).readPolicy(io, policy)),
  ];
  // What is wrong with a grant is said now, and not by the runs.
  parseAllGrants(grants);
  return grants;
}

interface Given {
  readonly name: string | undefined;
  readonly grants: readonly string[];
}

async function fromFile(
  io: Io,
  file: string,
  { flags, name, grants }: Given & { readonly flags: ScheduleAddFlags },
): Promise<readonly ScheduleSpec[]> {
  const stray = Object.entries(flags).find(([flag, value]) => value !== undefined && !besideFile.has(flag));
  if (stray !== undefined) {
    throw new VirtError("invalid-argument", `Cannot use --${kebab(stray[0])} beside --file`, {
      hint: `Write it into "${file}"`,
    });
  }
  const specs = await readScheduleFile(io, file);
  const named = name === undefined ? specs : specs.filter((spec) => spec.name === name);
  if (named.length === 0) {
    throw new VirtError(
      "not-found",
      name === undefined
        ? `Cannot find a schedule in "${file}"`
        : `Cannot find a schedule "${name}" in "${file}"`,
      { hint: `It has: ${specs.map((spec) => spec.name).join(", ") || "none"}` },
    );
  }
  return named.map((spec) => ({ ...spec, grants: [...spec.grants, ...grants] }));
}

async function fromFlags(io: Io, flags: ScheduleAddFlags, { name, grants }: Given): Promise<ScheduleSpec> {
  if (name === undefined) {
    throw new VirtError("invalid-argument", "NAME is missing", {
      hint: "Name the schedule: drover schedule add nightly --recipe backup.ts --cron '30 2 * * *'",
    });
  }
  const { work, uri } = await workFrom(io, flags);
  const spec: ScheduleInput = {
    name,
    work,
    triggers: [
      ...triggersFrom({
        ...flags,
        ...(flags.eventsOf === undefined ? {} : { eventsOf: connectionUri(io, flags.eventsOf) }),
      }, uri),
    ],
    grants: [...grants],
    secrets: { ...parseBindings(flags.secret ?? [], { folder: Deno.cwd() }) },
    ...(flags.sandbox === undefined ? {} : { sandbox: flags.sandbox }),
    ...policies(flags),
  };
  return checkSpec(spec, { what: `schedule "${name}"` });
}

/** Flags that only one kind of work has. */
const ofRecipes = ["input", "inputFile"] as const;
const ofPlaybooks = ["inventory", "limit", "tags", "skipTags", "extraVars", "forks", "check"] as const;

async function workFrom(
  io: Io,
  flags: WorkFlags,
): Promise<{ readonly work: ScheduleInput["work"]; readonly uri: string }> {
  const { recipe, playbook, connect = [] } = flags;
  if ((recipe === undefined) === (playbook === undefined)) {
    throw new VirtError(
      "invalid-argument",
      recipe === undefined
        ? "Cannot make a schedule that runs nothing"
        : "Cannot run a recipe and a playbook",
      {
        hint: recipe === undefined
          ? "Name what it runs: --recipe FILE or --playbook FILE"
          : "Make two schedules of it",
      },
    );
  }
  const stray = (recipe === undefined ? ofRecipes : ofPlaybooks).find((flag) => flags[flag] !== undefined);
  if (stray !== undefined) {
    throw new VirtError(
      "invalid-argument",
      `Cannot use --${kebab(stray)} with --${recipe === undefined ? "playbook" : "recipe"}`,
      {
        hint: recipe === undefined ? "Playbooks take --extra-vars" : "Recipes take --input and --input-file",
      },
    );
  }
  if (recipe !== undefined) {
    const hosts = namedConnections(io, connect);
    const file = await recipePath(recipe);
    const { input, inputTexts } = await recipeInput(io, flags);
    return {
      work: { kind: "recipe", file, hosts, input: { ...input }, inputTexts: { ...inputTexts } },
      uri: Object.values(hosts)[0] ?? connectionUri(io),
    };
  }
  const [first, second] = connect;
  if (second !== undefined) {
    throw new VirtError("invalid-argument", `Cannot use -c ${second}: a playbook has one connection`, {
      hint: "Hosts of other connections get theirs from the inventory",
    });
  }
  const uri = connectionUri(io, first);
  return { work: await playbookWork(flags, { file: playbook ?? "", uri }), uri };
}

async function playbookWork(
  flags: WorkFlags,
  { file, uri }: { readonly file: string; readonly uri: string },
): Promise<ScheduleInput["work"]> {
  const { inventory = [], limit, tags = [], skipTags = [], extraVars = [], forks, check } = flags;
  return {
    kind: "playbook",
    file: await recipePath(file),
    uri,
    inventory: inventory.map((source) => absoluteSource(source, ".")),
    tags: commas(tags),
    skipTags: commas(skipTags),
    extraVars: extraVars.map((given) => given.startsWith("@") ? `@${resolve(given.slice(1))}` : given),
    ...(limit === undefined ? {} : { limit }),
    ...(forks === undefined ? {} : { forks }),
    ...(check === undefined ? {} : { check }),
  };
}

function commas(given: readonly string[]): string[] {
  return given.flatMap((text) => text.split(",")).map((text) => text.trim()).filter((text) => text !== "");
}

function policies(flags: PolicyFlags): Partial<ScheduleInput> {
  const { overlap, missed, missedMost, missedWithin, jitter, timeout, retries, backoff, noResume } = flags;
  if (backoff !== undefined && (retries ?? 0) === 0) {
    throw new VirtError("invalid-argument", "Cannot use --backoff where nothing is tried again", {
      hint: "Say how often: --retries 3",
    });
  }
  return {
    ...(overlap === undefined ? {} : { overlap }),
    ...(missed === undefined && missedMost === undefined && missedWithin === undefined ? {} : {
      missed: {
        ...(missed === undefined ? {} : { policy: missed }),
        ...(missedMost === undefined ? {} : { most: missedMost }),
        ...(missedWithin === undefined ? {} : { within: durationMs(missedWithin, "missed-within") }),
      },
    }),
    ...(jitter === undefined ? {} : { jitter: durationMs(jitter, "jitter") }),
    ...(timeout === undefined ? {} : { timeout: durationMs(timeout, "timeout") }),
    ...(retries === undefined ? {} : { retries: { most: retries, ...pauses(backoff) } }),
    ...(noResume === true ? { resume: false } : {}),
    ...(flags.notify === undefined ? noHooks(flags) : { notify: hooks(flags) }),
  };
}

/** `30s`, or `30s..10m`. */
function pauses(backoff: string | undefined): { readonly initial?: number; readonly longest?: number } {
  if (backoff === undefined) return {};
  const [initial = "", longest] = backoff.split("..");
  return {
    initial: durationMs(initial, "backoff"),
    ...(longest === undefined ? {} : { longest: durationMs(longest, "backoff") }),
  };
}

type Hooks = NonNullable<ScheduleInput["notify"]>;

function hooks({ notify = [], notifyOn = [], notifySecretFile, notifySecretEnv }: PolicyFlags): Hooks {
  if (notifySecretFile !== undefined && notifySecretEnv !== undefined) {
    throw new VirtError("invalid-argument", "Cannot sign with two secrets", {
      hint: "Give --notify-secret-file or --notify-secret-env",
    });
  }
  const secret = notifySecretFile !== undefined
    ? { secret: { file: resolve(notifySecretFile) } }
    : notifySecretEnv !== undefined
    ? { secret: { env: notifySecretEnv } }
    : {};
  // Which of them there are is for the schema to say.
  const kinds = commas(notifyOn) as Hooks[number]["on"];
  return notify.map((url) => ({
    url,
    ...secret,
    ...(kinds === undefined || kinds.length === 0 ? {} : { on: kinds }),
  }));
}

function noHooks({ notifyOn, notifySecretFile, notifySecretEnv }: PolicyFlags): Partial<ScheduleInput> {
  if (notifyOn === undefined && notifySecretFile === undefined && notifySecretEnv === undefined) return {};
  throw new VirtError("invalid-argument", "Cannot notify nobody", { hint: "Name a webhook: --notify URL" });
}
