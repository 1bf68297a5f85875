/**
 * A journal that ends with its process, for tests of recipes and for the simulator.
 *
 * @module
 */
import { SqliteStore } from "./sqlite_store.ts";
import type { Store } from "./store.ts";

/**
 * Opens a journal in memory: the same tables, no file. A flush is a microtask, so that a simulation owns the order of
 * everything.
 *
 * @example
 * ```ts
 * import { openMemoryStore } from "./memory_store.ts";
 * await using store = openMemoryStore();
 * await store.nextEpoch(); // 1
 * ```
 */
export function openMemoryStore(): Store {
  return new SqliteStore(":memory:", { defer: queueMicrotask });
}
