/**
 * Console sessions on lines that a test holds the other end of.
 */
import assert from "node:assert/strict";
import { consoleOperations, type Dialling } from "../../../drivers/console/operations.ts";
import type { ConsoleReceiver } from "../../../drivers/console/session.ts";
import { fromErrorData, VirtError } from "../../../model/error.ts";
import type { InputOf, OutputOf } from "../../../model/operation.ts";
import type { Operations } from "../../../model/operations/mod.ts";
import type { ObjectRef } from "../../../model/object.ts";
import type { Outcome } from "../../../model/outcome.ts";
import type { DriverConnection, DriverMap } from "../../../runtime/driver.ts";
import { Gate } from "../../../runtime/gate.ts";
import { Kernel } from "../../../runtime/kernel.ts";
import { ManagedObject } from "../../../runtime/object.ts";
import { parseUri } from "../../../model/uri.ts";
import { settled, VirtualClock } from "../../../testing/virtual_clock.ts";
import { everythingAllowed } from "../../kit/caller.ts";

type ConsoleOperation =
  | "domain.openConsole"
  | "domain.readConsole"
  | "domain.writeConsole"
  | "domain.closeConsole";

const encoder = new TextEncoder();

/** A host with one domain whose consoles a test answers for. */
class Desk implements AsyncDisposable {
  readonly clock = new VirtualClock();
  readonly dialled: Dialling[] = [];
  readonly written: string[] = [];
  closed = 0;
  /** What a write waits for. */
  door: Promise<void> = Promise.resolve();
  /** Why nothing can be opened. */
  refusal: VirtError | undefined;
  readonly #kernel: Kernel;
  #connections!: Map<string, DriverConnection>;
  readonly domain: ManagedObject;

  constructor(pace = 0) {
    const base = { host: "h", driver: "desk", config: "<domain/>", facts: null };
    this.domain = new ManagedObject({ ...base, objectClass: "domain", id: "d", name: "web-1" });
    const self: ManagedObject = new ManagedObject({
      ...base,
      objectClass: "connection",
      id: "h",
      name: "desk",
    });
    const ready = new Gate();
    ready.open();
    const operations = consoleOperations((dialling) => {
      if (this.refusal !== undefined) return Promise.reject(this.refusal);
      this.dialled.push(dialling);
      return Promise.resolve({
        write: async (data: Uint8Array) => {
          await this.door;
          this.written.push(new TextDecoder().decode(data));
        },
        close: () => {
          this.closed++;
          return Promise.resolve();
        },
      });
    }, { pace });
    const implementations: DriverMap = {
      ...operations,
      "domain.suspend": {
        run: (job) =>
          Promise.resolve({ state: "paused", phase: "active", generation: job.object.generation }),
      },
    };
    this.#kernel = new Kernel({
      clock: this.clock,
      drivers: [{
        name: "desk",
        schemes: ["desk"],
        connect: (uri) =>
          Promise.resolve({
            host: "h",
            driver: "desk",
            uri,
            implementations,
            ready,
            self,
            find: ({ $ref }: Pick<ObjectRef, "$ref">) => $ref === "domain" ? this.domain : self,
            objects: () => [this.domain],
            grantedPaths: () => [],
            onEvent: () => ({ [Symbol.dispose]: () => {} }),
            close: () => Promise.resolve(),
          }),
      }],
    });
  }

  static async open(pace?: number): Promise<Desk> {
    const desk = new Desk(pace);
    desk.#connections = new Map([["host", await desk.#kernel.connect(parseUri("desk:///").text)]]);
    return desk;
  }

  /** The last line that was dialled. */
  get line(): ConsoleReceiver {
    const { receiver } = this.dialled.at(-1)!;
    return receiver;
  }

  print(text: string): void {
    this.line.take(encoder.encode(text));
  }

  async outcome(operation: string, input: unknown, signal?: AbortSignal): Promise<Outcome> {
    const { outcome } = await this.#kernel.call({
      operation,
      connections: this.#connections,
      connection: "host",
      target: this.domain.ref("host"),
      input,
      caller: { principal: "tester", since: 0 },
      authority: everythingAllowed,
      ...(signal === undefined ? {} : { signal }),
    });
    return outcome;
  }

  async call<N extends ConsoleOperation>(
    operation: N,
    input: InputOf<Operations[N]>,
  ): Promise<OutputOf<Operations[N]>> {
    const outcome = await this.outcome(operation, input);
    if (outcome.kind !== "done") throw fromErrorData(outcome.error);
    return outcome.value as OutputOf<Operations[N]>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#kernel.close();
  }
}

function textIn({ data }: { readonly data: Uint8Array }): string {
  return new TextDecoder().decode(data);
}

Deno.test("readers share one line, each at its own place, and the last one hangs up", async () => {
  await using desk = await Desk.open();
  const first = await desk.call("domain.openConsole", {});
  desk.print("early ");
  const second = await desk.call("domain.openConsole", {});
  desk.print("late");
  assert.equal(desk.dialled.length, 1);
  assert.equal(first.session, second.session);
  const read = ({ reader, session, at }: typeof first): Promise<OutputOf<Operations["domain.readConsole"]>> =>
    desk.call("domain.readConsole", { reader, session, from: at });
  assert.equal(textIn(await read(first)), "early late");
  assert.equal(textIn(await read(second)), "late");
  await desk.call("domain.closeConsole", { reader: first.reader });
  assert.equal(desk.closed, 0);
  await desk.call("domain.closeConsole", { reader: second.reader });
  assert.equal(desk.closed, 1);
});

Deno.test("those who open at the same time dial once", async () => {
  await using desk = await Desk.open();
  const opened = await Promise.all([1, 2, 3].map(() => desk.call("domain.openConsole", {})));
  assert.equal(desk.dialled.length, 1);
  assert.equal(new Set(opened.map(({ reader }) => reader)).size, 3);
});

Deno.test("one who gives up while dialling leaves it to the others", async () => {
  await using desk = await Desk.open();
  const controller = new AbortController();
  desk.refusal = new VirtError("unreachable", "not yet");
  const given = desk.outcome("domain.openConsole", {}, controller.signal);
  const other = desk.outcome("domain.openConsole", {});
  desk.refusal = undefined;
  controller.abort(new VirtError("cancelled", "enough"));
  assert.equal((await given).kind, "not-done");
  assert.equal((await other).kind, "done");
  assert.equal(desk.closed, 0);
});

Deno.test("a read waits until something comes, or its time is up, and no longer", async () => {
  await using desk = await Desk.open();
  const { reader, session } = await desk.call("domain.openConsole", {});
  const waiting = desk.call("domain.readConsole", { reader, session, from: 0, waitMs: 60_000 });
  await desk.clock.advance(10_000);
  desk.print("now");
  assert.equal(textIn(await waiting), "now");
  const vain = desk.call("domain.readConsole", { reader, session, from: 3, waitMs: 5_000 });
  await desk.clock.advance(5_000);
  const { data, from, to, ended } = await vain;
  assert.deepEqual([data.length, from, to, ended], [0, 3, 3, false]);
});

Deno.test("a read takes no slot: others work on the domain, and a cancel ends it at once", async () => {
  await using desk = await Desk.open();
  const { reader, session } = await desk.call("domain.openConsole", {});
  const controller = new AbortController();
  const input = { reader, session, from: 0, waitMs: 60_000 };
  const waiting = desk.outcome("domain.readConsole", input, controller.signal);
  await settled();
  assert.equal((await desk.outcome("domain.suspend", {})).kind, "done");
  controller.abort(new VirtError("cancelled", "enough"));
  const outcome = await waiting;
  assert.equal(outcome.kind === "not-done" && outcome.error.code, "cancelled");
  assert.equal(desk.clock.now(), 1_700_000_000_000);
});

Deno.test("what is not kept any more is counted", async () => {
  await using desk = await Desk.open();
  const { reader, session } = await desk.call("domain.openConsole", {});
  const kept = 1024 * 1024;
  for (let index = 0; index < 40; index++) desk.line.take(new Uint8Array(32 * 1024).fill(index));
  const answer = await desk.call("domain.readConsole", { reader, session, from: 0 });
  assert.equal(answer.lostBytes, 40 * 32 * 1024 - kept);
  assert.equal(answer.from, answer.lostBytes);
  assert.equal(answer.data.length, 64 * 1024);
  assert.equal(answer.data[0], 8);
});

Deno.test("a line that broke is dialled again, and the reader is told", async () => {
  await using desk = await Desk.open();
  const { reader, session } = await desk.call("domain.openConsole", {});
  desk.print("before");
  desk.line.drop("the link broke");
  const rest = await desk.call("domain.readConsole", { reader, session, from: 0 });
  assert.deepEqual([textIn(rest), rest.ended, rest.reopened], ["before", false, false]);
  const again = await desk.call("domain.readConsole", { reader, session, from: rest.to });
  assert.deepEqual([again.reopened, again.why, again.from], [true, "the link broke", 0]);
  assert.notEqual(again.session, session);
  desk.print("after");
  const more = await desk.call("domain.readConsole", { reader, session: again.session, from: again.to });
  assert.equal(textIn(more), "after");
  await desk.call("domain.closeConsole", { reader });
  assert.equal(desk.closed, 1);
});

Deno.test("a session from before a resume is opened again under the same reader", async () => {
  await using desk = await Desk.open();
  const answer = await desk.call("domain.readConsole", {
    reader: "r",
    session: "of a dead kernel",
    from: 77,
  });
  assert.deepEqual([answer.reopened, answer.ended, answer.from], [true, false, 0]);
  await desk.call("domain.closeConsole", { reader: "r" });
  assert.equal(desk.closed, 1);
});

Deno.test("a console that ended tells so behind its last words, and is not opened again by a read", async () => {
  await using desk = await Desk.open();
  const { reader, session } = await desk.call("domain.openConsole", {});
  desk.print("last words");
  desk.line.end("the domain stopped");
  const input = { reader, session, from: 0, maxBytes: 4 };
  const first = await desk.call("domain.readConsole", input);
  assert.deepEqual([textIn(first), first.ended], ["last", false]);
  const rest = await desk.call("domain.readConsole", { reader, session, from: 4 });
  assert.deepEqual([textIn(rest), rest.ended, rest.why], [" words", true, "the domain stopped"]);
  const over = await desk.call("domain.readConsole", { reader, session, from: rest.to, waitMs: 60_000 });
  assert.deepEqual([over.data.length, over.ended], [0, true]);
  assert.equal(desk.dialled.length, 1);
  await desk.call("domain.openConsole", {});
  assert.equal(desk.dialled.length, 2, "who opens it opens it");
});

Deno.test("who was robbed of a console is told so also when it has been opened anew meanwhile", async () => {
  await using desk = await Desk.open();
  const { reader, session } = await desk.call("domain.openConsole", {});
  desk.print("last words");
  desk.line.end("somebody else took it");
  const again = await desk.call("domain.openConsole", { force: true });
  assert.notEqual(again.session, session);
  desk.print("not for the first");
  const robbed = await desk.call("domain.readConsole", { reader, session, from: 0 });
  assert.deepEqual([textIn(robbed), robbed.ended, robbed.why], ["last words", true, "somebody else took it"]);
  await desk.call("domain.closeConsole", { reader });
  const late = await desk.call("domain.readConsole", {
    reader: again.reader,
    session: again.session,
    from: 0,
  });
  assert.equal(textIn(late), "not for the first");
});

Deno.test("a reader who has left waits no longer, and is not let in again", async () => {
  await using desk = await Desk.open();
  await desk.call("domain.openConsole", {});
  const { reader, session } = await desk.call("domain.openConsole", {});
  const waiting = desk.call("domain.readConsole", { reader, session, from: 0, waitMs: 60_000 });
  await settled();
  await desk.call("domain.closeConsole", { reader });
  const answer = await waiting;
  assert.deepEqual([answer.ended, answer.why], [true, "it was closed"]);
  desk.print("secret");
  const late = await desk.call("domain.readConsole", { reader, session, from: 0 });
  assert.deepEqual([late.data.length, late.ended], [0, true]);
});

Deno.test("who reads or types once leaves nothing open", async () => {
  await using desk = await Desk.open();
  await desk.call("domain.readConsole", {});
  await desk.call("domain.writeConsole", { text: "gr\u00fc\u00dfe\r" });
  assert.deepEqual(desk.written, ["gr\u00fc\u00dfe\r"]);
  assert.deepEqual([desk.dialled.length, desk.closed], [2, 2]);
});

Deno.test("what a guest does not read holds up those who type, and nobody else", async () => {
  await using desk = await Desk.open();
  const { reader, session } = await desk.call("domain.openConsole", {});
  const stuck = Promise.withResolvers<void>();
  desk.door = stuck.promise;
  const typing = desk.outcome("domain.writeConsole", { reader, text: "slow" });
  await settled();
  assert.equal((await desk.outcome("domain.suspend", {})).kind, "done");
  desk.print("still talking");
  assert.equal(textIn(await desk.call("domain.readConsole", { reader, session, from: 0 })), "still talking");
  stuck.resolve();
  const outcome = await typing;
  assert.deepEqual(outcome.kind === "done" && outcome.value, { written: 4, session, at: 0 });
});

Deno.test("the first console has two names, and is one console", async () => {
  await using desk = await Desk.open();
  desk.domain.define(
    "<domain><devices><console type='pty'><alias name='serial0'/></console></devices></domain>",
  );
  await desk.call("domain.openConsole", {});
  await desk.call("domain.openConsole", { console: "serial0" });
  assert.equal(desk.dialled.length, 1);
  await desk.call("domain.openConsole", { console: "serial1" });
  await desk.call("domain.openConsole", { channel: "serial0" });
  assert.equal(desk.dialled.length, 3);
});

Deno.test("more consoles than memory is set aside for are not opened", async () => {
  await using desk = await Desk.open();
  for (let index = 0; index < 256; index++) await desk.call("domain.openConsole", { channel: `c${index}` });
  const outcome = await desk.outcome("domain.openConsole", { channel: "one more" });
  assert.equal(outcome.kind === "not-done" && outcome.error.code, "budget-exceeded");
  desk.line.end("the domain stopped");
  await desk.call("domain.openConsole", { channel: "one more" });
});

Deno.test("the first that comes is answered at once, and what follows in pieces of some size", async () => {
  await using desk = await Desk.open(20);
  const { reader, session } = await desk.call("domain.openConsole", {});
  const read = (from: number): Promise<OutputOf<Operations["domain.readConsole"]>> =>
    desk.call("domain.readConsole", { reader, session, from, waitMs: 1_000 });
  const first = read(0);
  desk.print("l");
  assert.equal(textIn(await first), "l");
  const second = read(1);
  for (const letter of "ogin: ") {
    desk.print(letter);
    await desk.clock.advance(2);
  }
  await desk.clock.advance(20);
  assert.equal(textIn(await second), "ogin: ");
  await desk.clock.advance(1_000);
  const third = read(7);
  desk.print("again");
  assert.equal(textIn(await third), "again");
});
