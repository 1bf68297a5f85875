import assert from "node:assert/strict";
import { createRemoteDriver } from "../../../drivers/remote/mod.ts";
import { VirtError } from "../../../model/error.ts";
import type { Credentials, CredentialsRequest } from "../../../protocol/authentication/credentials.ts";
import type { Person } from "../../../runtime/person.ts";
import { Kernel } from "../../../runtime/kernel.ts";
import { VirtualClock } from "../../../testing/virtual_clock.ts";
import { FakeLibvirtd } from "./kit/fake_libvirtd.ts";
import { FakeNet } from "./kit/fake_link.ts";

const uri = "qemu+tls://host/system";

/** A kernel whose daemon asks for user and password each time it is connected to, and what it was told. */
function setting(): {
  readonly kernel: Kernel;
  readonly clock: VirtualClock;
  readonly net: FakeNet;
  readonly told: readonly (Credentials | undefined)[];
  readonly interactive: readonly (boolean | undefined)[];
} {
  const clock = new VirtualClock();
  const net = new FakeNet(new FakeLibvirtd(), { clock });
  const told: (Credentials | undefined)[] = [];
  const interactives: (boolean | undefined)[] = [];
  const driver = createRemoteDriver(
    async (_uri, { signal = new AbortController().signal, credentials, interactive }) => {
      interactives.push(interactive);
      const request: CredentialsRequest = { uri, host: "host", mechanism: "PLAIN", signal };
      const said = await credentials?.(request);
      told.push(said);
      if (said?.password !== "secret") throw new VirtError("permission-denied", "The daemon says no");
      return await net.connect(signal);
    },
  );
  const kernel = new Kernel({ drivers: [driver], clock });
  return { kernel, clock, net, told, interactive: interactives };
}

/** Somebody who says one thing after the other. */
function person(...words: readonly Credentials[]): Person & { readonly asked: number } {
  let asked = 0;
  return {
    atTerminal: true,
    get asked(): number {
      return asked;
    },
    credentials: () => Promise.resolve(words[asked++]),
  };
}

const fred = { user: "fred", password: "secret" };

Deno.test("a person is asked once, and a connection that broke is opened again without them", async () => {
  const { kernel, clock, net, told, interactive } = setting();
  const somebody = person(fred);
  const connection = await clock.until(kernel.connect(uri, { person: somebody }));
  await clock.advance(1_000);
  net.cut();
  await clock.advance(60_000);
  assert.equal(connection.ready.settled, true);
  assert.deepEqual(told, [fred, fred]);
  assert.equal(somebody.asked, 1);
  assert.deepEqual(interactive, [true, false], "ssh does not ask in the background either");
  await clock.until(kernel.close());
});

Deno.test("a wrong password is not kept: the next attempt asks anew", async () => {
  const { kernel, clock, told } = setting();
  const wrong = { user: "fred", password: "wrong" };
  const somebody = person(wrong, fred);
  await assert.rejects(kernel.connect(uri, { person: somebody }), { code: "permission-denied" });
  await clock.until(kernel.connect(uri, { person: somebody }));
  assert.deepEqual(told, [wrong, fred]);
  await clock.until(kernel.close());
});

Deno.test("where there is nobody to ask, nobody is asked", async () => {
  const { kernel, told, interactive } = setting();
  await assert.rejects(kernel.connect(uri), { code: "permission-denied" });
  assert.deepEqual([told, interactive], [[undefined], [false]]);
  await kernel.close();
});
