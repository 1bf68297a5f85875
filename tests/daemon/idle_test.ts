import assert from "node:assert/strict";
import { leaveWhenIdle } from "../../daemon/idle.ts";
import { VirtualClock } from "../../testing/virtual_clock.ts";

/** A daemon with clients and runs as a test has them. */
function stage(): {
  readonly clock: VirtualClock;
  readonly left: string[];
  readonly state: { clients: number; busy: () => boolean | Promise<boolean> };
  readonly change: (clients: number) => void;
} {
  const clock = new VirtualClock();
  const left: string[] = [];
  const state: { clients: number; busy: () => boolean | Promise<boolean> } = {
    clients: 0,
    busy: () => false,
  };
  let listener = (): void => {};
  leaveWhenIdle({
    daemon: {
      get clients(): number {
        return state.clients;
      },
      onClients: (given) => void (listener = given),
    },
    isBusy: () => Promise.try(state.busy),
    clock,
    timeout: 120,
    leave: (why) => void left.push(why),
  });
  const change = (clients: number): void => {
    state.clients = clients;
    listener();
  };
  return { clock, left, state, change };
}

Deno.test("a daemon to whom nobody comes leaves when its time is over", async () => {
  const { clock, left } = stage();
  await clock.advance(119_000);
  assert.deepEqual(left, []);
  await clock.advance(1_000);
  assert.deepEqual(left, ["nobody was there for 120 s"]);
});

Deno.test("its time begins when the last client has left", async () => {
  const { clock, left, change } = stage();
  await clock.advance(100_000);
  change(2);
  await clock.advance(1_000_000);
  change(1);
  await clock.advance(1_000_000);
  change(0);
  await clock.advance(119_000);
  assert.deepEqual(left, []);
  await clock.advance(1_000);
  assert.equal(left.length, 1);
});

Deno.test("while a run goes on it stays, also where nobody watches it", async () => {
  const { clock, left, state } = stage();
  state.busy = () => true;
  await clock.advance(500_000);
  assert.deepEqual(left, []);
  state.busy = () => false;
  await clock.advance(120_000);
  assert.equal(left.length, 1);
});

Deno.test("whoever comes while it is looked whether a run goes on finds it there", async () => {
  const { clock, left, state, change } = stage();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  state.busy = () => promise;
  await clock.advance(120_000);
  change(1);
  resolve(false);
  await clock.advance(1_000_000);
  assert.deepEqual(left, []);
});

Deno.test("where it cannot be found out whether a run goes on, it stays", async () => {
  const { clock, left, state } = stage();
  state.busy = () => {
    throw new Error("the journal cannot be read");
  };
  await clock.advance(130_000);
  assert.deepEqual(left, []);
});
