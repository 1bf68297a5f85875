// deno-lint-ignore-file no-console -- its first line of output says that it is ready
/**
 * A server that answers from memory, as fast as it can: what a client reaches with it is the client's own limit.
 *
 *     deno run -A bench/peers/responder.ts --socket PATH [--domains 1000]
 *
 * It knows enough for Drover, virsh, libvirt-python and go-libvirt to connect to it, at
 * `test+unix:///default?socket=PATH`, to list its domains and to ask about them; to all else it says, as libvirtd does, that
 * it knows no such procedure. It prints `ready` when it listens, and ends with its standard input.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { PacketBuffer } from "../../protocol/framing.ts";
import {
  beginPacket,
  endPacket,
  keepaliveProgram,
  type Packet,
  packetStatus,
  packetType,
} from "../../protocol/packet.ts";
import {
  type ArgumentsOf,
  type ProcedureName,
  procedureRow,
  programs,
  type RemoteDomain,
  type ResultOf,
} from "../../protocol/procedures/mod.ts";
import { remoteError, type RemoteErrorData } from "../../protocol/remote_error.ts";
import { XdrReader, XdrWriter } from "../../protocol/xdr/mod.ts";

/** Writes the payload of the answer to a packet. @returns its status */
type Answer = (packet: Packet, writer: XdrWriter) => number;

const { values: options } = parseArgs({
  options: { socket: { type: "string" }, domains: { type: "string", default: "1" } },
});
if (options.socket === undefined) {
  console.error("usage: responder.ts --socket PATH [--domains NUMBER]");
  Deno.exit(64);
}

const reader = new XdrReader();
const domains: readonly RemoteDomain[] = Array.from({ length: Number(options.domains) }, (_, index) => ({
  name: `domain-${index}`,
  uuid: `6695eb01-f6a4-8304-79aa-${index.toString(16).padStart(12, "0")}`,
  id: index + 1,
}));
const byName = new Map(domains.map((domain) => [domain.name, domain]));
const byUuid = new Map(domains.map((domain) => [domain.uuid, domain]));

/** Keepalive, events with numbers of callbacks, the notice of a lost hypervisor: what libvirtd itself answers with yes. */
const features: ReadonlySet<number> = new Set([10, 14, 15]);

/** libvirt's errors: no such domain, from its test driver; no such procedure, from its protocol. */
const noDomain = { code: 42, domain: 12 };
const unknown = { code: 39, domain: 7 };

const answers = new Map<number, Answer>();
fixed("authList", { types: ["none"] });
fixed("connectOpen", undefined);
fixed("connectClose", undefined);
fixed("connectRegisterCloseCallback", undefined);
fixed("connectUnregisterCloseCallback", undefined);
fixed("connectGetType", { type: "TEST" });
fixed("connectGetUri", { uri: "test:///default" });
fixed("connectGetHostname", { hostname: "responder" });
fixed("connectGetVersion", { hvVer: 2n });
fixed("connectGetLibVersion", { libVer: 11_003_000n });
fixed("connectNumOfDomains", { num: domains.length });
fixed("connectListAllDomains", { domains, ret: domains.length });
fixed("domainGetState", { state: 1, reason: 1 });
fixed("domainGetInfo", {
  state: 1,
  maxMem: 8_388_608n,
  memory: 2_097_152n,
  nrVirtCpu: 2,
  cpuTime: 1_000_000n,
});
computed("connectSupportsFeature", ({ feature }) => ({ supported: features.has(feature) ? 1 : 0 }));
computed("domainLookupByName", ({ name }) => wrapped(byName.get(name)));
computed("domainLookupByUuid", ({ uuid }) => wrapped(byUuid.get(uuid)));
computed("domainGetXmlDesc", ({ dom }) => {
  const domain = byUuid.get(dom.uuid);
  return domain && { xml: definition(domain) };
});

const socket = options.socket;
const listener = Deno.listen({ transport: "unix", path: socket });
console.log("ready");
void Deno.stdin.readable.pipeTo(new WritableStream()).then(() => Deno.exit(0));
for await (const connection of listener) void serve(connection);

/** An answer that is always the same. */
function fixed<P extends ProcedureName>(procedure: P, result: ResultOf<P>): void {
  const payload = new XdrWriter();
  procedureRow(procedure).result.write(payload, result);
  const bytes = payload.copy();
  answers.set(procedureRow(procedure).number, (_packet, writer) => {
    writer.raw(bytes);
    return packetStatus.ok;
  });
}

/** An answer that follows from the arguments; without a result, there is no such domain. */
function computed<P extends ProcedureName>(
  procedure: P,
  answer: (args: ArgumentsOf<P>) => ResultOf<P> | undefined,
): void {
  const row = procedureRow(procedure);
  answers.set(row.number, (packet, writer) => {
    reader.over(packet.buffer, packet);
    const result = answer(row.args.read(reader));
    if (result === undefined) return fail(writer, { ...noDomain, message: "Domain not found" });
    row.result.write(writer, result);
    return packetStatus.ok;
  });
}

function wrapped(dom: RemoteDomain | undefined): { readonly dom: RemoteDomain } | undefined {
  return dom && { dom };
}

function definition({ name, uuid, id }: RemoteDomain): string {
  return `<domain type='test' id='${id}'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>
  <memory unit='KiB'>8388608</memory>
  <currentMemory unit='KiB'>2097152</currentMemory>
  <vcpu placement='static'>2</vcpu>
  <os><type arch='i686'>hvm</type><boot dev='hd'/></os>
  <devices>
    <disk type='file' device='disk'><source file='/guest/${name}.img'/><target dev='vda' bus='virtio'/></disk>
    <interface type='network'><mac address='aa:bb:cc:dd:ee:ff'/><source network='default'/></interface>
  </devices>
</domain>
`;
}

/** Writes an error as the payload. */
function fail(writer: XdrWriter, error: Pick<RemoteErrorData, "code" | "domain" | "message">): number {
  const none = { dom: undefined, str1: undefined, str2: undefined, str3: undefined, int1: 0, int2: 0 };
  remoteError.write(writer, { ...none, ...error, level: 2, net: undefined });
  return packetStatus.error;
}

function answer(packet: Packet, writer: XdrWriter): void {
  const { program, version, procedure, type, serial } = packet;
  const isKeepalive = program === keepaliveProgram.program;
  if (isKeepalive ? procedure !== keepaliveProgram.ping : type !== packetType.call) return;
  const header = isKeepalive
    ? { program, version, procedure: keepaliveProgram.pong, type, serial, status: packetStatus.ok }
    : { program, version, procedure, type: packetType.reply, serial, status: packetStatus.ok };
  const start = beginPacket(writer, header);
  if (!isKeepalive) {
    const known = program === programs.remote ? answers.get(procedure) : undefined;
    const status = known?.(packet, writer) ??
      fail(writer, { ...unknown, message: `unknown procedure: ${procedure}` });
    writer.patchUint(start + 24, status);
  }
  endPacket(writer, start);
}

/** Answers one client, everything that came in one read by one write. */
async function serve(connection: Deno.UnixConn): Promise<void> {
  using client = connection;
  const packets = new PacketBuffer();
  const writer = new XdrWriter({ room: 65_536, limit: 2 ** 30 });
  try {
    while (true) {
      const count = await client.read(packets.room());
      if (count === null) return;
      packets.filled(count);
      writer.clear();
      for (let packet = packets.next(); packet !== undefined; packet = packets.next()) answer(packet, writer);
      const answered = writer.view();
      for (let sent = 0; sent < answered.length;) sent += await client.write(answered.subarray(sent));
    }
  } catch (error) {
    // A client that leaves in the middle of something is nothing to this server.
    if (!(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)) {
      throw error;
    }
  }
}
