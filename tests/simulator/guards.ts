/**
 * Guards in the source, each with the line that makes it and what shows that it matters: without it the simulator, or a
 * property test, must find something.
 *
 * @module
 */

/** What must find the bug. */
export type Finder =
  | { readonly history: string; readonly seeds: number }
  /** Test files. */
  | { readonly tests: readonly string[] };

/** One guard. */
export interface Guard {
  /** What is guarded against, as a sentence goes on after "without it". */
  readonly without: string;
  readonly file: string;
  /** The text that makes the guard; it stands in the file exactly once. */
  readonly text: string;
  /** What stands there where the guard is missing. @default nothing */
  readonly instead?: string;
  readonly found: Finder;
}

const slotTests = { tests: ["tests/runtime/slot_test.ts"] };
const slotsTests = { tests: ["tests/runtime/slots_test.ts"] };
const kernelTests = { tests: ["tests/runtime/kernel_test.ts"] };
const fileTests = { tests: ["tests/runtime/remember_owner_test.ts"] };

/** The guards whose lack made history. */
export const historicGuards: readonly Guard[] = [
  {
    without: "(a) a snapshot that cannot be deleted loses its parent in memory",
    file: "drivers/test/snapshot.ts",
    text: "  if (!metadataOnly && data.length > 0) {",
    instead: "  table.snapshots(domain).remove(name);\n  if (!metadataOnly && data.length > 0) {",
    found: { history: "a", seeds: 500 },
  },
  {
    without: "(b) a migration goes on although its source died while it asked the other host",
    file: "runtime/job.ts",
    text: "      if (!offline) this.#checkAlive(where);\n      return result;",
    instead: "      return result;",
    found: { history: "b", seeds: 2000 },
  },
  {
    without: "(c) a pool's definition is replaced under the feet of whoever starts it",
    file: "runtime/object.ts",
    text: '    if (this.#phase === "inactive") {\n      this.#config = config;',
    instead: '    if (this.#phase !== "removed") {\n      this.#config = config;',
    found: { history: "c", seeds: 2000 },
  },
  {
    without: "(d) the first list is partial",
    file: "runtime/understood_call.ts",
    text: "  return connection.ready.wait({ clock, deadline, signal: request.signal ?? neverAborts });",
    instead: "  return void [clock, deadline, request];",
    found: { history: "d", seeds: 500 },
  },
  {
    without: "(d) a failed enumeration lets everybody wait for ever",
    file: "drivers/test/connection.ts",
    text: "(error: unknown) => this.ready.fail(error),",
    instead: "() => {},",
    found: { history: "d", seeds: 500 },
  },
  {
    without: "(e) the first to stop gives a file back under the feet of its other user",
    file: "runtime/remember_owner.ts",
    text: "    if (users > 1) {",
    instead: "    if (users > 1000) {",
    found: { history: "e", seeds: 1000 },
  },
  {
    without: "(e) counts outlive the crash of their host",
    file: "runtime/remember_owner.ts",
    text: "isOfThisBoot && ",
    found: { history: "e", seeds: 2000 },
  },
];

/** All the others. */
export const furtherGuards: readonly Guard[] = [
  // Migration.
  {
    without: "a domain goes on here although it may run there",
    file: "drivers/test/migration.ts",
    text: "if (!isDoubt(error)) await goOnHere(",
    instead: "await goOnHere(",
    found: { history: "b", seeds: 5000 },
  },
  // Starting pools.
  {
    without: "a pool is undefined, deleted or refreshed while it starts",
    file: "runtime/object.ts",
    text: '    if (this.#phase !== "starting") return;\n    throw',
    instead: "    if (this.#phase !== undefined) return;\n    throw",
    found: { history: "c", seeds: 5000 },
  },
  {
    without: "a definition is lost when the start it waited for fails",
    file: "runtime/object.ts",
    text: "      this.#config = this.#pending;\n      this.#pending = undefined;",
    instead: "      this.#pending = undefined;",
    found: { history: "c", seeds: 2000 },
  },
  // Enumeration.
  {
    without: "lists are partial after an enumeration that failed",
    file: "runtime/gate.ts",
    text: '    if (this.#state.kind === "failed") throw this.#state.error;',
    found: { history: "d", seeds: 500 },
  },
  {
    without: "the enumeration is told as news",
    file: "runtime/connections.ts",
    text: "    if (!connection.ready.settled) return;\n",
    found: { history: "d", seeds: 500 },
  },
  {
    without: "a reference is unknown before it was enumerated",
    file: "runtime/understood_call.ts",
    text: 'if (connection.ready.settled && operation.on !== "connection") return undefined;',
    instead: 'if (operation.on !== "connection") return undefined;',
    found: { history: "d", seeds: 500 },
  },
  // Files.
  {
    without: "a second user takes a file from the first",
    file: "runtime/remember_owner.ts",
    text: "users !== undefined && users > 0 && present !== wanted",
    instead: "users !== undefined && users > 1000 && present !== wanted",
    found: { history: "e", seeds: 1000 },
  },
  {
    without: "two users of the same files wait for each other's locks for ever",
    file: "runtime/remember_owner.ts",
    text: "[...new Set(paths)].sort()",
    instead: "[...new Set(paths)]",
    found: { history: "e", seeds: 2000 },
  },
  {
    without: "two change a file's count at once",
    file: "runtime/remember_owner.ts",
    text: "      if (lock === undefined) return;",
    instead:
      "      if (lock !== undefined) lock[Symbol.dispose]();\n      this.#locked.add(path);\n      if (lock !== undefined || lock === undefined) return;",
    found: { history: "e", seeds: 1000 },
  },
  {
    without: "a claim that breaks in the middle leaves files changed",
    file: "runtime/remember_owner.ts",
    text: "    const failures = await change.takeBack();",
    instead: "    const failures: unknown[] = [];",
    found: { history: "e", seeds: 1000 },
  },
  {
    without: "a lock that comes late is kept",
    file: "runtime/remember_owner.ts",
    text: "if (this.#locks.disposed) lock[Symbol.dispose]();\n      else ",
    found: fileTests,
  },
  // Slots.
  {
    without: "two normal jobs run at once",
    file: "runtime/slot.ts",
    text: '      if (laneOf(held) === "normal") return true;',
    instead: '      if (laneOf(held) === "normal") return false;',
    found: { history: "mix", seeds: 500 },
  },
  {
    without: "any job runs beside an asynchronous one",
    file: "runtime/slot.ts",
    text: 'kind === "reconcile" || asynchronous.mask.has(kind as NormalJob);',
    instead: 'kind === "reconcile" || asynchronous.mask.has(kind as NormalJob) || true;',
    found: { history: "mix", seeds: 1000 },
  },
  {
    without: "others work on what a run holds exclusively",
    file: "runtime/slot.ts",
    text: 'if (held === "lease" || request.kind === "lease") return !isSameRun(holder.request, request);',
    instead: 'if (held === "lease" || request.kind === "lease") return false;',
    found: { history: "mix", seeds: 500 },
  },
  {
    without: "two agent jobs run at once",
    file: "runtime/slot.ts",
    text: '      return held === "agent";',
    instead: "      return false;",
    found: slotTests,
  },
  {
    without: "whoever comes later goes first",
    file: "runtime/slot.ts",
    text: "!comesBefore(request, earlier) && this.#holdsBack(earlier, request, now)",
    instead: "false",
    found: slotTests,
  },
  {
    without: "an asynchronous job waits for ever behind those it lets pass",
    file: "runtime/slot.ts",
    text: "return now - earlier.since > this.#passBoundMs;",
    instead: "return false;",
    found: slotTests,
  },
  {
    without: "low priority waits for ever",
    file: "runtime/slots.ts",
    text: "const order = now - priority * this.#settings.ageMs;",
    instead: "const order = -priority;",
    found: { tests: ["tests/runtime/slot_test.ts", "tests/runtime/slots_test.ts"] },
  },
  {
    without: "a slot that comes too late is kept for ever",
    file: "runtime/slots.ts",
    text: "      this.#ends.tooLate(holder);",
    found: { history: "mix", seeds: 3000 },
  },
  {
    without: "nobody is let in when a waiter leaves",
    file: "runtime/slots.ts",
    text: "        reject(error);\n        this.#handOver(slot);",
    instead: "        reject(error);",
    found: slotsTests,
  },
  {
    without: "whoever is cancelled goes on waiting",
    file: "runtime/slots.ts",
    text: '    signal?.addEventListener("abort", this);',
    found: slotsTests,
  },
  {
    without: "runs wait for each other until their deadlines",
    file: "runtime/slots.ts",
    text: "      if (cycle === undefined) return;",
    instead: "      if (cycle === undefined || cycle !== undefined) return;",
    found: slotsTests,
  },
  {
    without: "circles through queues are not seen",
    file: "runtime/deadlock.ts",
    text: "      if (earlier === start) return [waiter];\n      next.push(earlier);",
    instead: "      if (earlier === start) return undefined;",
    found: slotsTests,
  },
  {
    without: "the older of two runs yields",
    file: "runtime/slots.ts",
    text: "b.request.caller.since > a.request.caller.since",
    instead: "b.request.caller.since < a.request.caller.since",
    found: slotsTests,
  },
  {
    without: "calls of several objects wait for each other in a circle",
    file: "runtime/claim.ts",
    text: "claims.toSorted((a, b) => a.key < b.key ? -1 : 1)",
    instead: "claims",
    found: kernelTests,
  },
  {
    without: "two who want the same objects wait for each other in a circle",
    file: "runtime/kernel.ts",
    text: "[...found].sort(([a], [b]) => a < b ? -1 : 1)",
    instead: "[...found]",
    found: kernelTests,
  },
  // Jobs.
  {
    without: "a hop leaves although its object has moved",
    file: "runtime/job.ts",
    text: "    if (!offline) this.#checkAlive(where);\n    this.#setHop(where);",
    instead: "    this.#setHop(where);",
    found: kernelTests,
  },
  {
    without: "a job acts that lost its right to",
    file: "runtime/job.ts",
    text: "    if (this.#revoked === undefined) return;",
    instead: "    if (this.#revoked !== null) return;",
    found: kernelTests,
  },
  {
    without: "a hop leaves after the deadline",
    file: "runtime/job.ts",
    text: "    this.signal.throwIfAborted();\n    if (this.clock.now() < this.deadline) return;",
    instead: "    if (where !== undefined) return;",
    found: kernelTests,
  },
  {
    without: "what was begun cannot be given back after a cancel",
    file: "runtime/job.ts",
    text: "givesBack ? new AbortController() : this.#controller",
    instead: "this.#controller",
    found: kernelTests,
  },
  {
    without: "what happened is denied because its object moved",
    file: "runtime/job.ts",
    text: "answered || givesBack || this.#leavesDoubt(error)",
    instead: "givesBack || this.#leavesDoubt(error)",
    found: kernelTests,
  },
  {
    without: "what could not be given back is denied",
    file: "runtime/job.ts",
    text: "answered || givesBack || this.#leavesDoubt(error)",
    instead: "answered || this.#leavesDoubt(error)",
    found: kernelTests,
  },
  {
    without: "a broken link counts as nothing done",
    file: "runtime/job.ts",
    text: "detail.mayHaveActed === true;",
    instead: "false;",
    found: { history: "mix", seeds: 3000 },
  },
  {
    without: "what acted and then failed is denied",
    file: "runtime/call_runner.ts",
    text: "job.mayHaveActed || (job.hasActed && (couldTell || job.revoked))",
    instead: "job.mayHaveActed && couldTell !== undefined",
    found: { history: "b", seeds: 5000 },
  },
  {
    without: "doubt on the other side is not doubt",
    file: "runtime/job.ts",
    text: "this.#mayHaveActed || this.#init.peer?.mayHaveActed === true",
    instead: "this.#mayHaveActed",
    found: kernelTests,
  },
  {
    without: "the other side of a migration goes on without its right",
    file: "runtime/job.ts",
    text: "    this.#init.peer?.revoke(reason);",
    found: kernelTests,
  },
  {
    without: "a hop that is never answered holds its object for ever",
    file: "runtime/job.ts",
    text: "        this.revoke(this.#lateError(where));\n        reject(this.#lateError(where));",
    found: { history: "mix", seeds: 3000 },
  },
  // Calls.
  {
    without: "slots stay taken",
    file: "runtime/call_runner.ts",
    text:
      "      return await action(held);\n    } finally {\n      for (const hold of held.holds) hold.release();\n    }",
    instead: "      return await action(held);\n    } finally {\n      // Nothing.\n    }",
    found: { history: "mix", seeds: 200 },
  },
  {
    without: "somebody acts before the intent is durable",
    file: "runtime/call_runner.ts",
    text: "      await request.journal.intent(",
    instead: "      void request.journal.intent(",
    found: { history: "mix", seeds: 500 },
  },
  {
    without: "nobody asks for the permission again when the slot is there",
    file: "runtime/call_runner.ts",
    text: "      const obtained = checkObtained(call, held.claims);",
    instead: "      const obtained = undefined;",
    found: { history: "mix", seeds: 500 },
  },
  {
    without: "a write does not look first",
    file: "runtime/call_runner.ts",
    text: "      if (connection.look !== undefined) await job.look(connection.look.bind(connection));",
    found: kernelTests,
  },
  {
    without: "a write goes to an object that was restarted since",
    file: "runtime/call_runner.ts",
    text: "      refuseMoved(call, object);",
    found: kernelTests,
  },
  {
    without: "an object takes writes although nobody knows what became of it",
    file: "runtime/call_runner.ts",
    text: "      for (const { key } of holds) this.#uncertain.refuseWrite(key, operation.name);",
    found: kernelTests,
  },
  {
    without: "a call acts on what it meant before it waited",
    file: "runtime/call_runner.ts",
    text: "      return sameClaims(claims, this.#claims(call));",
    instead: "      return sameClaims(claims, claims);",
    found: kernelTests,
  },
  {
    without: "a destroy waits for whoever is stuck",
    file: "runtime/call_runner.ts",
    text: "          this.#slots.evict(key, holder);",
    found: kernelTests,
  },
  {
    without: "a destroy that killed says that nothing was done",
    file: "runtime/call_runner.ts",
    text: "      return await this.#findOut(committed, { object, holds: [], intended, error });",
    instead: "      throw error;",
    found: kernelTests,
  },
  {
    without: "a destroy is held up in the queue",
    file: "runtime/slot.ts",
    text: '    if (later.kind === "destroy") return false;',
    found: slotTests,
  },
  {
    without: "somebody acts on an object before it is known what became of it",
    file: "runtime/slots.ts",
    text: "    return this.#hold(slot, slot.convert(hold.holder, this.#request(order, now), now));",
    instead: "    hold.release();\n    return this.take(order);",
    found: kernelTests,
  },
  // The driver's memory.
  {
    without: "older news overwrite newer",
    file: "drivers/test/object_table.ts",
    text: "    if (revision <= seen) return;",
    instead: "    if (revision < 0 && seen < 0) return;",
    found: { history: "mix", seeds: 5000 },
  },
  {
    without: "late news bring back what was removed",
    file: "drivers/test/object_table.ts",
    text: "known?.facts.record.revision ?? this.#gone.get(`${objectClass}/${id}`) ?? -1;",
    instead: "known?.facts.record.revision ?? -1;",
    found: { history: "mix", seeds: 30_000 },
  },
];
