import assert from "node:assert/strict";
import fc from "fast-check";
import { isVirtError, VirtError } from "../../../model/error.ts";
import type { RpcStream } from "../../../protocol/connection.ts";
import { packetStatus } from "../../../protocol/packet.ts";
import { settled } from "../../../testing/virtual_clock.ts";
import type { Received } from "../kit/received.ts";
import { type Stage, stage } from "./stage.ts";

const range = {
  vol: { pool: "images", name: "disk", key: "/images/disk" },
  offset: 0n,
  length: 0n,
  flags: 1,
};

/** What happens next; `far` is what the server does. */
const steps = [
  "read",
  "write",
  "write aborted",
  "hole",
  "finish",
  "abort",
  "dispose",
  "settle",
  "hold",
  "release",
  "far data",
  "far hole",
  "far end",
  "far fail",
  "far confirm",
  "break",
] as const;
type Step = typeof steps[number];

/** A server that keeps to the protocol, and a client that does whatever it likes, on one stream. */
class Run {
  readonly it: Stage;
  readonly #stream: RpcStream<undefined>;
  readonly #far: Received;
  /** What the server sent and what the client read, as text. */
  readonly down = { sent: "", read: "" };
  readonly outcomes: Promise<unknown>[] = [];
  readonly errors: unknown[] = [];
  /** Whether the server may still send data. */
  #farOpen = true;
  #farEnded = false;
  /** What the client has asked for and the server has not confirmed. */
  #asked: "finish" | "abort" | undefined;
  #aborted = false;
  confirmedFinish = false;
  finished = false;
  #count = 0;
  #release: () => void = () => {};

  private constructor(it: Stage, stream: RpcStream<undefined>, far: Received) {
    this.it = it;
    this.#stream = stream;
    this.#far = far;
  }

  static async start(): Promise<Run> {
    const it = stage();
    const opening = it.connection.open("storageVolDownload", range);
    const far = await it.server.next();
    far.reply("storageVolDownload", undefined);
    return new Run(it, await opening, far);
  }

  async take(step: Step): Promise<void> {
    this.#receive();
    switch (step) {
      case "read":
        return this.#watch(
          this.#stream.read().then((piece) => {
            if (piece !== undefined) {
              this.down.read += "data" in piece ? `d${piece.data[0]};` : `h${piece.hole};`;
            }
          }),
        );
      case "write":
        return this.#write();
      case "write aborted": {
        const controller = new AbortController();
        this.#write(controller.signal);
        return controller.abort();
      }
      case "hole":
        return this.#watch(this.#stream.hole(BigInt(++this.#count)));
      case "finish":
        return this.#watch(this.#stream.finish().then(() => this.finished = true));
      case "abort":
        return this.#watch(this.#stream.abort());
      case "dispose":
        return this.#watch(this.#stream[Symbol.asyncDispose]());
      case "settle":
        return await settled();
      case "hold":
        this.#release();
        this.#release = this.it.server.link.holdWrites();
        return;
      case "release":
        return this.#release();
      case "break":
        return this.it.server.link.break();
      default:
        return this.#farStep(step);
    }
  }

  /** Lets everything come to its end. */
  async finish(): Promise<void> {
    this.#release();
    for (let round = 0; round < 3; round++) {
      await settled();
      this.#receive();
      this.#farStep("far confirm");
    }
    await settled();
    this.it.server.link.end();
    await settled();
    await Promise.race([
      Promise.all(this.outcomes),
      settled().then(settled).then(() => assert.fail("somebody still waits")),
    ]);
    await this.it[Symbol.asyncDispose]();
  }

  #watch(promise: PromiseLike<unknown>): void {
    this.outcomes.push(Promise.resolve(promise).catch((error) => this.errors.push(error)));
  }

  #write(signal?: AbortSignal): void {
    this.#watch(this.#stream.write(new Uint8Array([++this.#count & 255]), signal));
  }

  #farStep(step: Step): void {
    const far = this.#far;
    if (!this.#farOpen) return;
    const mayFlow = !this.#farEnded;
    if (step === "far data" && mayFlow) {
      const value = ++this.#count & 255;
      this.down.sent += `d${value};`;
      far.data(new Uint8Array([value]));
    } else if (step === "far hole" && mayFlow) {
      this.down.sent += `h${++this.#count};`;
      far.sendHole(BigInt(this.#count));
    } else if (step === "far end" && mayFlow) {
      this.#farEnded = true;
      far.end();
    } else if (step === "far fail") {
      this.#farOpen = false;
      far.failStream(new VirtError("operation-failed", "the volume is gone"));
    } else if (step === "far confirm" && this.#asked !== undefined) {
      this.confirmedFinish ||= this.#asked === "finish";
      this.#farOpen = false;
      far.confirm();
    }
  }

  /** What came to the server; behind the end of a stream nothing may come but an abort. */
  #receive(): void {
    const { server } = this.it;
    for (let received = server.take(); received !== undefined; received = server.take()) {
      const { status } = received.header;
      assert.ok(!this.#aborted, "something came behind an abort");
      if (status === packetStatus.error) this.#aborted = true;
      else assert.equal(this.#asked, undefined, "something came behind the end");
      if (status === packetStatus.ok) this.#asked = "finish";
      if (status === packetStatus.error) this.#asked ??= "abort";
    }
  }

  check(): void {
    for (const error of this.errors) assert.ok(isVirtError(error), `${error}`);
    assert.ok(this.down.sent.startsWith(this.down.read), `${this.down.read} of ${this.down.sent}`);
    if (this.finished) assert.ok(this.confirmedFinish, "a finish that the server has not confirmed");
  }
}

Deno.test("whatever both sides of a stream do, nobody waits for ever, and what is read is what was sent", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { maxLength: 40 }), async (taken) => {
      const run = await Run.start();
      for (const step of taken) await run.take(step);
      await run.finish();
      run.check();
    }),
    { numRuns: 1500 },
  );
});
