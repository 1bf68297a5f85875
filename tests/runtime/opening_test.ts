import assert from "node:assert/strict";
import { VirtError } from "../../model/error.ts";
import type { DriverConnection, DriverEnvironment } from "../../runtime/driver.ts";
import { Kernel } from "../../runtime/kernel.ts";
import type { Person } from "../../runtime/person.ts";
import { VirtualClock } from "../../testing/virtual_clock.ts";
import { Door, FakeHost } from "../kit/fake_host.ts";

const uri = "slow:///host";
const cancelled = new VirtError("cancelled", "Interrupted");

interface Setting {
  readonly kernel: Kernel;
  /** One per attempt, in order. */
  readonly attempts: readonly {
    readonly environment: DriverEnvironment;
    readonly door: Door<DriverConnection>;
  }[];
}

/** A kernel whose driver connects when the test lets it. */
function setting(): Setting {
  const attempts: { environment: DriverEnvironment; door: Door<DriverConnection> }[] = [];
  const kernel = new Kernel({
    clock: new VirtualClock({ start: 0 }),
    drivers: [{
      name: "slow",
      schemes: ["slow"],
      connect: (_uri, environment) => {
        const door = new Door<DriverConnection>();
        attempts.push({ environment, door });
        return door.pass();
      },
    }],
  });
  return { kernel, attempts };
}

const fred = { user: "fred", password: "secret" };

function person(calls: string[] = []): Person {
  return {
    atTerminal: true,
    credentials: (question) => {
      calls.push(question.uri);
      return Promise.resolve(fred);
    },
  };
}

Deno.test("several who want a connection share one attempt, and who leaves does not end it for the others", async () => {
  const { kernel, attempts } = setting();
  const host = new FakeHost();
  const impatient = new AbortController();
  const first = kernel.connect(uri, { signal: impatient.signal });
  const second = kernel.connect(uri);
  impatient.abort(cancelled);
  await assert.rejects(first, cancelled);
  assert.equal(attempts[0]?.environment.signal.aborted, false);
  attempts[0]?.door.open(host);
  assert.equal(await second, host);
  assert.equal(await kernel.connect(uri), host);
  assert.equal(attempts.length, 1);
});

Deno.test("an attempt that nobody waits for is given up, and what comes of it in spite of that is closed", async () => {
  const { kernel, attempts } = setting();
  const late = new FakeHost();
  const impatient = new AbortController();
  const first = kernel.connect(uri, { signal: impatient.signal });
  impatient.abort(cancelled);
  await assert.rejects(first, cancelled);
  assert.equal(attempts[0]?.environment.signal.reason, cancelled);

  const second = kernel.connect(uri);
  assert.equal(attempts.length, 2, "the next one tries anew");
  attempts[0]?.door.open(late);
  const host = new FakeHost();
  attempts[1]?.door.open(host);
  assert.equal(await second, host);
  assert.deepEqual([late.closed, host.closed], [1, 0]);
});

Deno.test("whoever comes too late to an aborted wait is told so, and leaves nothing behind", async () => {
  const { kernel, attempts } = setting();
  await assert.rejects(kernel.connect(uri, { signal: AbortSignal.abort(cancelled) }), cancelled);
  assert.equal(attempts[0]?.environment.signal.aborted, true);
});

Deno.test("a connection that is there does not end with the wait for it", async () => {
  const { kernel, attempts } = setting();
  const signal = new AbortController();
  const connecting = kernel.connect(uri, { signal: signal.signal });
  attempts[0]?.door.open(new FakeHost());
  await connecting;
  signal.abort(cancelled);
  assert.equal(attempts[0]?.environment.signal.aborted, false);
});

Deno.test("whichever of those who wait has a terminal is asked, also one who came later", async () => {
  const { kernel, attempts } = setting();
  const asked: string[] = [];
  const background = kernel.connect(uri);
  const environment = attempts[0]?.environment;
  const question = { uri, host: "host", mechanism: "PLAIN" };
  const { signal } = new AbortController();
  assert.equal(environment?.person?.atTerminal, false);
  assert.equal(await environment?.person?.credentials(question, signal), undefined);
  const atTerminal = kernel.connect(uri, { person: person(asked) });
  assert.equal(environment?.person?.atTerminal, true);
  assert.deepEqual(await environment?.person?.credentials(question, signal), fred);
  assert.deepEqual(asked, [uri]);
  attempts[0]?.door.open(new FakeHost());
  await Promise.all([background, atTerminal]);
  assert.equal(await environment?.person?.credentials(question, signal), undefined, "both have left");
});

Deno.test("a borrowed connection is closed by the last who gives it back, unless it is kept", async () => {
  const { kernel, attempts } = setting();
  const host = new FakeHost();
  const borrowing = [kernel.borrow(uri), kernel.borrow(uri)];
  attempts[0]?.door.open(host);
  const [one, other] = await Promise.all(borrowing);
  await one?.[Symbol.asyncDispose]();
  await one?.[Symbol.asyncDispose]();
  assert.equal(host.closed, 0);
  await other?.[Symbol.asyncDispose]();
  assert.equal(host.closed, 1);
  const kept = kernel.connect(uri);
  const third = kernel.borrow(uri);
  attempts[1]?.door.open(host);
  await (await third)[Symbol.asyncDispose]();
  assert.equal(await kept, host);
  assert.equal(host.closed, 1);
});
