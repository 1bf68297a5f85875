/**
 * A journal whose process can die in the middle of everything, without the process of the test.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Store } from "../../../runtime/journal/store.ts";

/** A journal and the power over its life. */
export interface Mortal {
  /** The journal itself. */
  readonly store: Store;
  /** The journal as its process sees it. */
  readonly alive: Store;
  /** From now on nothing is written, and whoever waits, waits for ever. */
  die(): void;
  /** Closes the journal for good. */
  bury(): Promise<void>;
}

/** Opens a journal that can die. `onCommit` hears of every commit, and may kill. */
export function mortal(
  open: (defer: (commit: () => void) => void) => Store,
  { onCommit }: { readonly onCommit: (moment: "before" | "after") => void },
): Mortal {
  let dead = false;
  let buried = false;
  let left: (() => void) | undefined;
  const never = new Promise<never>(() => {});
  const store = open((commit) =>
    // deno-lint-ignore drover/kernel-time -- as the journal itself puts commits off
    setImmediate(() => {
      if (!dead) onCommit("before");
      if (dead && !buried) {
        left = commit;
        return;
      }
      commit();
      if (!dead) onCommit("after");
    })
  );
  const alive = new Proxy(store, {
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...parameters: unknown[]): unknown => {
        if (dead) return never;
        const result: unknown = Reflect.apply(member, target, parameters);
        return result instanceof Promise ? result.then((value) => dead ? never : value) : result;
      };
    },
  });
  return {
    store,
    alive,
    die: () => void (dead = true),
    async bury(): Promise<void> {
      dead = true;
      buried = true;
      left?.();
      await store[Symbol.asyncDispose]();
    },
  };
}
