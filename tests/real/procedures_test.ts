/**
 * Every call of the table, made to a real libvirtd: it understands what was written, and what it answers is understood.
 *
 * All of them go to its test driver, whose world is in memory.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { VirtError } from "../../model/error.ts";
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import {
  domain,
  network,
  networkInterface,
  nodeDevice,
  snapshot,
  storagePool,
  storageVolume,
} from "../../protocol/procedures/objects.ts";
import {
  allowedReadOnly,
  type ArgumentsOf,
  type NamedRow,
  type ProcedureName,
  rows,
  type StreamProcedureName,
} from "../../protocol/procedures/mod.ts";
import type { Xdr } from "../../protocol/xdr/mod.ts";
import { systemClock } from "../../runtime/clock.ts";
import { valuesOf } from "../protocol/xdr/arbitrary.ts";
import type { RealHost } from "./kit/host.ts";
import { realTests } from "./kit/real_test.ts";

const { test } = realTests();

/** A row that can be called. */
type CallRow = Extract<NamedRow, { readonly name: ProcedureName }>;

/** What changes the connection itself, or proves who we are once more, has tests of its own. */
const ofTheConnection: readonly ProcedureName[] = [
  "connectOpen",
  "connectClose",
  "connectSetIdentity",
  "authList",
  "authSaslInit",
  "authSaslStart",
  "authSaslStep",
  "authPolkit",
];

/** What every server of 9.0 or later has, and what Deno can call: it cannot pass open files. */
const calls = rows.filter((named): named is CallRow =>
  named.row.kind !== "message" && named.row.since === undefined && named.row.files === "none" &&
  !ofTheConnection.some((name) => name === named.name)
);

/** How a call ended: with a result, or with libvirt's name for an error. */
interface End {
  readonly name: ProcedureName;
  readonly answer: string;
  readonly message: string;
}

const guest = `<domain type='qemu'><name>test</name><memory unit='MiB'>16</memory>
  <os><type arch='x86_64'>hvm</type></os></domain>`;

function connect(host: RealHost, driver: string): Promise<RpcConnection> {
  return connectRpc(parseUri(host.uri(driver)), { clock: systemClock });
}

/** Makes one call. An error that the server answers is an end like any other; everything else is thrown. */
async function end(connection: RpcConnection, { name, row }: CallRow, args: unknown): Promise<End> {
  try {
    if (row.kind === "stream") {
      const stream = await connection.open(
        name as StreamProcedureName,
        args as ArgumentsOf<StreamProcedureName>,
      );
      await stream.abort();
    } else await connection.call(name, args as ArgumentsOf<typeof name>);
    return { name, answer: "ok", message: "" };
  } catch (error) {
    if (!(error instanceof VirtError) || error.remoteCode === undefined) throw error;
    return { name, answer: error.remoteCode, message: error.message };
  }
}

/** What calls want of their numbers and texts, by the names of the fields. */
const numbers: Readonly<Record<string, number>> = {
  needResults: 1,
  nparams: 16,
  maxnames: 16,
  maxids: 16,
  maplen: 8,
  maxinfo: 4,
  maxcells: 1,
  size: 1,
};
const texts: Readonly<Record<string, string>> = {
  path: "vda",
  disk: "vda",
  // Nothing is to be written where the daemon happens to stand.
  to: "/nowhere/test",
  from: "/nowhere/test",
  file: "/nowhere/test",
};

/** Values with the objects that the test driver has in their places, and without flags. */
function plausible(
  description: Xdr<unknown>,
  known: ReadonlyMap<Xdr<unknown>, unknown>,
  field = "",
): unknown {
  const object = known.get(description);
  if (object !== undefined) return object;
  const { shape } = description;
  if (shape.kind === "struct") {
    return Object.fromEntries(
      Object.entries(shape.fields).map(([name, of]) => [name, plausible(of, known, name)]),
    );
  }
  if (shape.kind === "int" || shape.kind === "uint") return numbers[field] ?? 0;
  if (shape.kind === "hyper" || shape.kind === "uhyper") return BigInt(numbers[field] ?? 0);
  if (shape.kind === "string") return texts[field] ?? "test";
  if (shape.kind === "optional") return undefined;
  return fc.sample(valuesOf(description), { numRuns: 1, seed: 11 })[0];
}

test("libvirt understands the arguments of every call, whatever their values", async (host) => {
  await using connection = await connect(host, "test");
  for (const named of calls) {
    for (const args of fc.sample(valuesOf(named.row.args), { numRuns: 4, seed: 7 })) {
      const { answer, message } = await end(connection, named, args);
      assert.doesNotMatch(message, /Unable to decode/, `${named.name}: ${answer}`);
    }
  }
});

/** What a connection has, for the arguments of calls. */
async function objectsOf(connection: RpcConnection): Promise<ReadonlyMap<Xdr<unknown>, unknown>> {
  const all = { needResults: 1, flags: 0 };
  const [{ domains: [dom] }, { nets }, { pools: [pool] }, { ifaces }, { devices }] = await Promise.all([
    connection.call("connectListAllDomains", all),
    connection.call("connectListAllNetworks", all),
    connection.call("connectListAllStoragePools", all),
    connection.call("connectListAllInterfaces", all),
    connection.call("connectListAllNodeDevices", all),
  ]);
  assert(dom !== undefined && pool !== undefined);
  const { vol } = await connection.call("storageVolCreateXml", {
    pool,
    xml: "<volume><name>test</name><capacity>1</capacity></volume>",
    flags: 0,
  });
  const { snap } = await connection.call("domainSnapshotCreateXml", {
    dom,
    xmlDesc: "<domainsnapshot><name>test</name></domainsnapshot>",
    flags: 0,
  });
  return new Map<Xdr<unknown>, unknown>([
    [domain, dom],
    [network, nets[0]],
    [storagePool, pool],
    [storageVolume, vol],
    [snapshot, snap],
    [networkInterface, ifaces[0]],
    [nodeDevice, devices[0]],
  ]);
}

/** What to call, and what with. */
interface Calls {
  readonly named: CallRow;
  readonly args: unknown;
}

/** All calls with these objects; those that look come first, so that what they look at is still there. */
function planned(
  known: ReadonlyMap<Xdr<unknown>, unknown>,
): { readonly looks: Calls[]; readonly deeds: Calls[] } {
  const all = calls.map((named): Calls => ({ named, args: plausible(named.row.args, known) }));
  const looks = all.filter(({ named, args }) => allowedReadOnly(named.row, args));
  return { looks, deeds: all.filter((one) => !looks.includes(one)) };
}

/** Makes calls one after the other, and says which of them gave a result. */
async function answeredOf(
  connection: RpcConnection,
  all: readonly Calls[],
): Promise<readonly ProcedureName[]> {
  const answered: ProcedureName[] = [];
  for (const { named, args } of all) {
    const { answer } = await end(connection, named, args);
    if (answer === "ok") answered.push(named.name);
  }
  return answered;
}

test("what libvirt answers for its test driver is understood", async (host) => {
  await using connection = await connect(host, "test");
  const { looks, deeds } = planned(await objectsOf(connection));
  const answered = await answeredOf(connection, [...looks, ...deeds]);
  assert(answered.length >= 120, `only ${answered.length} calls were answered: ${answered.join(", ")}`);
});

test("what libvirt answers about a guest of QEMU is understood", async (host) => {
  await using connection = await connect(host, "qemu");
  const { dom } = await connection.call("domainCreateXml", { xmlDesc: guest, flags: 0 });
  const { looks } = planned(new Map<Xdr<unknown>, unknown>([[domain, dom]]));
  const answered = await answeredOf(connection, looks);
  await connection.call("domainDestroy", { dom });
  assert(answered.length >= 80, `only ${answered.length} calls were answered: ${answered.join(", ")}`);
});
