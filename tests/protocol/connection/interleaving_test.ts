import assert from "node:assert/strict";
import fc from "fast-check";
import { isVirtError, VirtError } from "../../../model/error.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import type { Received } from "../kit/received.ts";
import { mayHaveActed, type Stage, stage } from "./stage.ts";

/** What a test does next; numbers choose among what there is. */
type Step =
  | { readonly does: "call" | "event" | "ping" | "hold" | "release" | "settle" | "turn" }
  | { readonly does: "abort" | "reply" | "fail"; readonly which: number }
  | { readonly does: "cut"; readonly at: number }
  | { readonly does: "break" | "close" | "end" };

const { constantFrom, nat, record, oneof, constant } = fc;

const ordinary: fc.Arbitrary<Step> = oneof(
  { weight: 6, arbitrary: constant<Step>({ does: "call" }) },
  { weight: 6, arbitrary: record({ does: constant("reply"), which: nat() }) },
  { weight: 2, arbitrary: record({ does: constantFrom("abort", "fail"), which: nat() }) },
  {
    weight: 4,
    arbitrary: record({ does: constantFrom("event", "ping", "hold", "release", "settle", "turn") }),
  },
);
const ending: fc.Arbitrary<Step> = oneof(
  record({ does: constantFrom("break", "close", "end") }),
  record({ does: constant("cut"), at: nat(200) }),
);

/** A call as its caller sees it. */
interface Made {
  readonly id: number;
  readonly controller: AbortController;
  readonly settled: { times: number; value?: number; error?: unknown };
}

function domain(id: number): { name: string; uuid: string; id: number } {
  return { name: "d", uuid: "0".repeat(32), id };
}

function idOf(received: Received): number {
  return received.name === "domainLookupById"
    ? received.args("domainLookupById").id
    : received.args("domainGetXmlDesc").dom.id;
}

class Run {
  readonly it: Stage;
  readonly limit: number;
  readonly made: Made[] = [];
  /** By the number in their arguments: what the server has of each call, and how it answered. */
  readonly received = new Map<number, Received>();
  readonly answers = new Map<number, "reply" | "fail">();
  ended = false;
  #release: () => void = () => {};

  constructor(limit: number) {
    this.it = stage({ maxOutstanding: limit });
    this.limit = limit;
  }

  async take(step: Step): Promise<void> {
    const { server } = this.it;
    switch (step.does) {
      case "call":
        return this.#call();
      case "abort":
        return this.made[step.which % this.made.length]?.controller.abort();
      case "reply":
      case "fail":
        return this.#answer(step.does, step.which);
      case "event":
        return server.event("connectEventConnectionClosed", { reason: 1 });
      case "ping":
        return server.ping();
      case "hold":
        this.#release();
        this.#release = server.link.holdWrites();
        return;
      case "release":
        return this.#release();
      case "settle":
        return await settled();
      case "turn":
        return await undefined;
      default:
        this.ended = true;
        return this.#end(step);
    }
  }

  /** Ends whatever still waits. */
  async finish(): Promise<void> {
    this.#release();
    await settled();
    this.#receive();
    await this.it[Symbol.asyncDispose]();
    await settled();
  }

  /** What the server has is what was sent, and never more at a time than it takes. */
  checkOutstanding(): void {
    this.#receive();
    const outstanding = this.received.size - this.answers.size;
    assert.ok(outstanding <= this.limit, `${outstanding} calls are with a server that takes ${this.limit}`);
  }

  #call(): void {
    const id = this.made.length;
    const controller = new AbortController();
    const settled: Made["settled"] = { times: 0 };
    this.made.push({ id, controller, settled });
    const { connection } = this.it;
    const { signal } = controller;
    // Every other call is one of those that may take a while.
    const answered: Promise<number> = id % 2 === 0
      ? connection.call("domainLookupById", { id }, { signal }).then(({ dom }) => dom.id)
      : connection.call("domainGetXmlDesc", { dom: domain(id), flags: 0 }, { signal }).then(({ xml }) =>
        Number(xml)
      );
    answered.then((value) => {
      settled.times++;
      settled.value = value;
    }, (error) => {
      settled.times++;
      settled.error = error;
    });
  }

  #receive(): void {
    const { server } = this.it;
    for (let received = server.take(); received !== undefined; received = server.take()) {
      const id = idOf(received);
      for (const before of this.received.keys()) assert.ok(before < id, `call ${id} came after ${before}`);
      this.received.set(id, received);
    }
  }

  #answer(does: "reply" | "fail", which: number): void {
    const open = [...this.received.keys()].filter((id) => !this.answers.has(id));
    const id = open[which % open.length];
    if (id === undefined) return;
    this.answers.set(id, does);
    const received = this.received.get(id);
    if (does === "fail") {
      received?.fail(new VirtError("not-found", `no domain ${id}`, { remoteCode: "VIR_ERR_NO_DOMAIN" }));
    } else if (received?.name === "domainLookupById") {
      received.reply("domainLookupById", { dom: domain(id) });
    } else {
      received?.reply("domainGetXmlDesc", { xml: `${id}` });
    }
  }

  #end(step: Step): void {
    const { connection, server } = this.it;
    if (step.does === "break") server.link.break();
    else if (step.does === "end") server.link.end();
    else if (step.does === "close") void connection.close();
    else if (step.does === "cut") server.link.cutNextWrite(step.at);
  }

  /** Each call has settled once, and what it says is true. */
  checkTruth(): void {
    for (const { id, settled: { times, value, error } } of this.made) {
      assert.equal(times, 1, `call ${id} has settled ${times} times`);
      const answer = this.answers.get(id);
      if (error === undefined) {
        assert.equal(value, id);
        assert.equal(answer, "reply");
        continue;
      }
      assert.ok(error instanceof VirtError, `${error}`);
      if (error.remoteCode !== undefined) {
        assert.equal(answer, "fail");
        assert.equal(error.message, `no domain ${id}`);
      } else if (this.received.has(id)) {
        assert.equal(mayHaveActed(error), true, `call ${id} arrived, and is said not to have`);
      }
    }
  }
}

Deno.test("each call settles once and truthfully, whatever comes in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(
      nat(6),
      fc.array(ordinary, { minLength: 1, maxLength: 60 }),
      fc.array(oneof(ordinary, ending), { maxLength: 20 }),
      async (limit, before, after) => {
        const run = new Run(limit + 1);
        for (const step of [...before, ...after]) {
          await run.take(step);
          run.checkOutstanding();
        }
        await run.finish();
        run.checkTruth();
      },
    ),
    { numRuns: 400 },
  );
});

Deno.test("a call that is said not to have acted has not arrived, wherever the write is cut", async () => {
  for (let at = 0; at <= 100; at++) {
    const run = new Run(2);
    run.it.server.link.cutNextWrite(at);
    await Promise.all((["call", "call", "call", "settle"] as const).map((does) => run.take({ does })));
    await run.finish();
    run.checkTruth();
    for (const [id, { settled: { error } }] of run.made.entries()) {
      assert.ok(isVirtError(error, "unreachable"));
      assert.equal(mayHaveActed(error), id < 2);
    }
  }
});
