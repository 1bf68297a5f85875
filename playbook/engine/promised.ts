/**
 * What earlier tasks of a check would have made: what comes after them finds it as if it were there.
 *
 * @module
 */
import { looks } from "./looks.ts";
import { isMap } from "./values.ts";

/** What is known of an object that is not there yet. */
type Known = Readonly<Record<string, unknown>>;

/** What operations leave behind, as far as others look at it. */
const leaves: Readonly<Record<string, Known>> = {
  "domain.define": { state: "shutoff" },
  "domain.create": { state: "running" },
  "domain.start": { state: "running" },
  "domain.resume": { state: "running" },
  "domain.suspend": { state: "paused" },
  "domain.shutdown": { state: "shutoff" },
  "domain.destroy": { state: "shutoff" },
  "network.define": { active: false },
  "network.start": { active: true },
  "network.destroy": { active: false },
  "pool.define": { active: false },
  "pool.start": { active: true },
  "pool.destroy": { active: false },
};

/** The states of `ensure` in the words of `info`. */
const states: Readonly<Record<string, Known>> = {
  running: { state: "running" },
  paused: { state: "paused" },
  off: { state: "shutoff" },
  active: { active: true },
  inactive: { active: false },
};

/** Which object is meant; where its name is within a definition, any of its class. */
export interface Meant {
  readonly uri: string;
  readonly objectClass: string;
  readonly name?: string | undefined;
}

/** What the tasks of a check would have made so far. */
export class Promised {
  readonly #objects = new Map<string, Known>();

  /** Takes in that an operation would have been carried out. */
  operation(operation: string, meant: Meant): void {
    this.#take(meant, Object.hasOwn(leaves, operation) ? leaves[operation] ?? {} : {});
  }

  /** Takes in that an object would have been made as it shall be. */
  ensured(meant: Meant, spec: Known): void {
    const state = String(spec["state"]);
    const autostart = typeof spec["autostart"] === "boolean" ? { autostart: spec["autostart"] } : {};
    this.#take(meant, { ...(Object.hasOwn(states, state) ? states[state] : {}), ...autostart });
  }

  /** What would be known of an object; nothing where no task would have made it. */
  info(meant: Meant): Known | undefined {
    return this.#objects.get(keyOf(meant)) ?? this.#objects.get(keyOf({ ...meant, name: undefined }));
  }

  /** Whether an operation on an object that would have been made would have nothing to do. */
  isSatisfied(operation: string, meant: Meant, input: Known): boolean {
    const info = this.info(meant);
    const look = Object.hasOwn(looks, operation) ? looks[operation] : undefined;
    return info !== undefined && look !== undefined && isMap(info) && look(info, input);
  }

  #take(meant: Meant, known: Known): void {
    this.#objects.set(keyOf(meant), { ...this.info(meant), ...known });
  }
}

function keyOf({ uri, objectClass, name }: Meant): string {
  return JSON.stringify([uri, objectClass, name ?? null]);
}
