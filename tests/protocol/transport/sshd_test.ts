import assert from "node:assert/strict";
import { parseUri } from "../../../model/uri.ts";
import { parseClientConfig } from "../../../protocol/client_config.ts";
import { connectRpc } from "../../../protocol/connect.ts";
import type { RpcConnection } from "../../../protocol/connection.ts";
import { systemClock as clock } from "../../../runtime/clock.ts";
import { fakeMachine } from "../kit/machine.ts";
import { refusedLater } from "../kit/refusal.ts";
import { isAlive } from "../kit/scripts.ts";
import { cannotRunSshd, PrivateSshd } from "../kit/sshd.ts";
import { UnixDaemon } from "../kit/unix_daemon.ts";

const reason = cannotRunSshd();
let sshd: PrivateSshd;

if (reason === undefined) {
  Deno.test.beforeAll(async () => {
    sshd = await PrivateSshd.start();
  });
  Deno.test.afterAll(async () => {
    await sshd[Symbol.asyncDispose]();
  });
}

const socketName = "libvirt sock";

/** A test with a daemon that listens on the far side. */
function test(name: string, run: () => Promise<void>): void {
  const fn = async (): Promise<void> => {
    const path = `${sshd.scripts.folder}/${socketName}`;
    await using _daemon = new UnixDaemon(path);
    await run();
  };
  Deno.test({
    name: reason === undefined ? name : `${name} (skipped: ${reason})`,
    ignore: reason !== undefined,
    fn,
  });
}

interface Way {
  readonly host?: string;
  readonly socket?: string;
  readonly key?: string;
  readonly more?: string;
}

async function connect(
  { host = "there", socket = `${sshd.scripts.folder}/${socketName}`, key = "key", more = "" }: Way = {},
): Promise<RpcConnection> {
  const parameters = `socket=${encodeURIComponent(socket)}&command=${await sshd.client({ key })}`;
  return await connectRpc(parseUri(`qemu+ssh://${host}/system?${parameters}${more}`), {
    clock,
    machine: fakeMachine(),
    config: parseClientConfig("", "libvirt.conf"),
  });
}

test("a daemon is reached through ssh and what the user's settings say, jump hosts among it", async () => {
  for (const host of ["there", "behind"]) {
    const connection = await connect({ host });
    const pid = Number((await sshd.scripts.lines("ssh.pid"))[0]);
    assert.ok(isAlive(pid));
    await connection.close();
    assert.ok(!isAlive(pid), "ssh ends with the connection");
  }
});

test("a host whose key is not known, or is another, is not talked to", async () => {
  try {
    await sshd.forget();
    const unknown = await refusedLater("permission-denied", connect());
    assert.match(`${unknown.message}; ${unknown.hint}`, /host's key is not known; ssh says: .*no_verify=1/);
    await sshd.trust("other_host_key.pub");
    for (const more of ["", "&no_verify=1"]) {
      const changed = await refusedLater("permission-denied", connect({ more }));
      assert.match(`${changed.message}; ${changed.hint}`, /not the one that is known.*ssh-keygen -R there/);
    }
    await sshd.forget();
    await (await connect({ more: "&no_verify=1" })).close();
    assert.match(await Deno.readTextFile(`${sshd.scripts.folder}/known_hosts`), /ssh-ed25519/);
  } finally {
    await sshd.trust("host_key.pub");
  }
});

test("another file of known hosts can be named", async () => {
  const folder = sshd.scripts.folder;
  await Deno.copyFile(`${folder}/known_hosts`, `${folder}/my known %hosts`);
  try {
    await sshd.forget();
    const more = `&known_hosts=${encodeURIComponent(`${folder}/my known %hosts`)}`;
    await (await connect({ more })).close();
  } finally {
    await sshd.trust("host_key.pub");
  }
});

test("who is not let in is told what to do, and is not asked for a password", async () => {
  const error = await refusedLater("permission-denied", connect({ key: "other_key" }));
  assert.match(`${error.message}; ${error.hint}`, /did not let us log in; ssh says: .*ssh-copy-id/);
  const more = `&keyfile=${sshd.scripts.folder}/key`;
  await (await connect({ key: "other_key", more })).close();
});

test("a daemon that does not listen is told from a host that cannot be reached", async () => {
  const error = await refusedLater("unreachable", connect({ socket: `${sshd.scripts.folder}/no sock` }));
  assert.match(`${error.message}; ${error.hint}`, /daemon on the far side does not listen.*systemctl status/);
  const missing = await refusedLater("unreachable", connect({ more: "&netcat=/nowhere/nc" }));
  assert.match(`${missing.message}; ${missing.hint}`, /program is missing on the far side.*\/nowhere\/nc/);
});

test("a connection that is cut says what ssh says", async () => {
  const connection = await connect();
  Deno.kill(Number((await sshd.scripts.lines("ssh.pid"))[0]), "SIGTERM");
  const { message } = await connection.closed;
  assert.match(
    message,
    /cannot read from it: Connection to "qemu\+ssh:.*ssh (was ended by SIGTERM|ended with 143|ended with 255)/,
  );
  await connection.close();
});
