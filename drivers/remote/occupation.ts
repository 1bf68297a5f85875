/**
 * Which objects jobs of ours act on right now.
 *
 * What is heard or seen of such an object meanwhile is most likely the job's own doing: the job takes it over itself when
 * its act has ended. What remains is looked at then.
 *
 * @module
 */
import { type Identity, identityOf, type RemoteObject } from "./object.ts";
import { keyOf } from "./table.ts";

interface Busy {
  jobs: number;
  /** Heard of meanwhile. */
  heard?: Identity;
}

/** The objects that are acted on. */
export class Occupations {
  readonly #busy = new Map<string, Busy>();
  readonly #onHeard: (identity: Identity) => void;

  /** `onHeard` is called for each object of which something was heard while it was acted on, when that has ended. */
  constructor(onHeard: (identity: Identity) => void) {
    this.#onHeard = onHeard;
  }

  /** Whether a job acts on it. */
  has(identity: Pick<Identity, "objectClass" | "id" | "parent">): boolean {
    return this.#busy.has(keyOf(identity));
  }

  /** Something was heard of an object that is acted on; says whether it is. */
  hear(identity: Identity): boolean {
    const busy = this.#busy.get(keyOf(identity));
    if (busy === undefined) return false;
    busy.heard = identity;
    return true;
  }

  /** Begins to act on objects; disposing ends it. */
  begin(objects: readonly RemoteObject[]): Disposable {
    const keys = objects.filter(({ objectClass }) => objectClass !== "connection").map((object) =>
      keyOf(identityOf(object))
    );
    for (const key of keys) this.#busy.getOrInsertComputed(key, () => ({ jobs: 0 })).jobs++;
    let ended = false;
    return {
      [Symbol.dispose]: () => {
        if (ended) return;
        ended = true;
        for (const key of keys) this.#end(key);
      },
    };
  }

  #end(key: string): void {
    const busy = this.#busy.get(key);
    if (busy === undefined || --busy.jobs > 0) return;
    this.#busy.delete(key);
    if (busy.heard !== undefined) this.#onHeard(busy.heard);
  }
}
