/**
 * Writes `docs/protocol.md` from the table of procedures and from what the remote driver calls:
 *
 * ```sh
 * deno run -A tools/protocol_page.ts
 * ```
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { implementations } from "../drivers/remote/implementations.ts";
import { type NamedRow, type RowName, rows } from "../protocol/procedures/mod.ts";
import { authProcedures } from "../protocol/procedures/auth.ts";
import { checkpointProcedures } from "../protocol/procedures/checkpoint.ts";
import { connectProcedures } from "../protocol/procedures/connect.ts";
import { domainProcedures } from "../protocol/procedures/domain.ts";
import { domainBlockProcedures } from "../protocol/procedures/domain_block.ts";
import { domainConsoleProcedures } from "../protocol/procedures/domain_console.ts";
import { domainDeviceProcedures } from "../protocol/procedures/domain_device.ts";
import { domainEventProcedures } from "../protocol/procedures/domain_event.ts";
import { domainGuestProcedures } from "../protocol/procedures/domain_guest.ts";
import { domainJobProcedures } from "../protocol/procedures/domain_job.ts";
import { domainLifecycleProcedures } from "../protocol/procedures/domain_lifecycle.ts";
import { domainSaveProcedures } from "../protocol/procedures/domain_save.ts";
import { domainSecurityProcedures } from "../protocol/procedures/domain_security.ts";
import { domainStatisticsProcedures } from "../protocol/procedures/domain_statistics.ts";
import { domainTuningProcedures } from "../protocol/procedures/domain_tuning.ts";
import { hostProcedures } from "../protocol/procedures/host.ts";
import { interfaceProcedures } from "../protocol/procedures/interface.ts";
import { lxcProcedures } from "../protocol/procedures/lxc.ts";
import { migrationProcedures } from "../protocol/procedures/migration.ts";
import { networkProcedures } from "../protocol/procedures/network.ts";
import { nodeDeviceProcedures } from "../protocol/procedures/node_device.ts";
import { nwfilterProcedures } from "../protocol/procedures/nwfilter.ts";
import { qemuProcedures } from "../protocol/procedures/qemu.ts";
import { secretProcedures } from "../protocol/procedures/secret.ts";
import { snapshotProcedures } from "../protocol/procedures/snapshot.ts";
import { storagePoolProcedures } from "../protocol/procedures/storage_pool.ts";
import { storageVolumeProcedures } from "../protocol/procedures/storage_volume.ts";
import { formatted } from "./markdown.ts";
import { type ProcedureUsage, readProcedureUsage } from "./procedure_usage.ts";

/** The page's path, from the project's folder. */
export const pagePath = "docs/protocol.md";

/** The chapters of the page, each with the part of the table that it shows. */
const chapters: Readonly<Record<string, Readonly<Partial<Record<RowName, unknown>>>>> = {
  "Authentication": authProcedures,
  "Connection": connectProcedures,
  "Host": hostProcedures,
  "Domains: definitions and state": domainProcedures,
  "Domains: from start to end": domainLifecycleProcedures,
  "Domains: memory on disk": domainSaveProcedures,
  "Domains: devices": domainDeviceProcedures,
  "Domains: resources": domainTuningProcedures,
  "Domains: statistics": domainStatisticsProcedures,
  "Domains: disks": domainBlockProcedures,
  "Domains: jobs and backup": domainJobProcedures,
  "Domains: inside the guest": domainGuestProcedures,
  "Domains: console, screen, keys": domainConsoleProcedures,
  "Domains: security": domainSecurityProcedures,
  "Domains: events": domainEventProcedures,
  "Migration": migrationProcedures,
  "Snapshots": snapshotProcedures,
  "Checkpoints": checkpointProcedures,
  "Networks": networkProcedures,
  "Network filters": nwfilterProcedures,
  "Interfaces of the host": interfaceProcedures,
  "Devices of the host": nodeDeviceProcedures,
  "Secrets": secretProcedures,
  "Storage pools": storagePoolProcedures,
  "Storage volumes": storageVolumeProcedures,
  "QEMU": qemuProcedures,
  "LXC": lxcProcedures,
};

/** How people say which objects a look is at. */
const classLabels: Readonly<Record<string, string>> = {
  domain: "domains",
  snapshot: "snapshots",
  network: "networks",
  networkPort: "network ports",
  pool: "storage pools",
  volume: "volumes",
  interface: "interfaces",
  nodeDevice: "node devices",
  secret: "secrets",
  filter: "network filters",
  filterBinding: "filter bindings",
};

/** The page as it should be, formatted. */
export async function protocolPage(root: string): Promise<string> {
  return await formatted(root, page(await readProcedureUsage(root)));
}

function page(usage: ProcedureUsage): string {
  const calls = rows.filter(({ row }) => row.kind !== "message");
  const called = calls.filter(({ name }) => usersOf(name, usage).length > 0);
  const events = rows.filter(({ row }) => row.kind === "message");
  const heard = events.filter(({ name }) => usage.connection.has(name));
  return `# libvirt's protocol

<!-- Made by: deno run -A tools/protocol_page.ts -->

Drover speaks the protocol of libvirt's daemons itself, on unix sockets, TCP, TLS and through ssh. The table in
\`protocol/procedures/\` has every procedure and every event of libvirt 11.3 with its arguments, results, limits and
permissions: ${calls.length} calls and ${events.length} events in three programs. Any of them can be called on a
connection of \`protocol/connect.ts\`; the driver for remote hypervisors calls ${called.length} of them and listens to
${heard.length} events.

Names are libvirt's in camel case, without the prefix: \`REMOTE_PROC_DOMAIN_GET_XML_DESC\` is \`domainGetXmlDesc\`. An
older server lacks what is marked with a later release; asked for it, it says so, and the operation is \`unsupported\`.

Behind a name stand its number and then the operations that call it. _Looking_ is what happens with the object of every job,
before it and after it, and with every object when a connection is opened or opened again. Where none stands, an older or
a newer form of the same call is used, or no operation needs it.
${
    Object.entries(chapters).map(([title, part]) => chapter(title, { names: Object.keys(part), usage })).join(
      "",
    )
  }`;
}

/** What a chapter shows. */
interface ChapterContent {
  readonly names: readonly string[];
  readonly usage: ProcedureUsage;
}

function chapter(title: string, { names, usage }: ChapterContent): string {
  const shown = rows.filter(({ name }) => names.includes(name));
  return `
## ${title}

${shown.map((named) => line(named, usage)).join("\n")}
`;
}

function line({ name, row }: NamedRow, usage: ProcedureUsage): string {
  const facts = [`${row.number}`, ...kindOf(row), ...(row.since === undefined ? [] : [`since ${row.since}`])];
  const users = usersOf(name, usage);
  return `- \`${name}\` (${facts.join(", ")})${users.length === 0 ? "" : `: ${users.join(", ")}`}`;
}

/** What a row is beside a call. */
function kindOf(row: NamedRow["row"]): readonly string[] {
  if (row.kind === "message") return ["event"];
  if (row.files !== "none") return ["with open files, which Deno cannot pass"];
  if (!("stream" in row)) return [];
  return [{ read: "stream to us", write: "stream from us", both: "stream both ways" }[row.stream]];
}

function usersOf(name: RowName, { operations, looks, connection }: ProcedureUsage): readonly string[] {
  const looking = [...looks].filter(([, used]) => used.has(name)).map(([objectClass]) =>
    `_looking at ${classLabels[objectClass] ?? objectClass}_`
  );
  const users = [...operations].filter(([operation, used]) =>
    used.has(name) && Object.hasOwn(implementations, operation)
  ).map(([operation]) => `\`${operation}\``);
  return [...(connection.has(name) ? ["_the connection_"] : []), ...looking, ...users.sort()];
}

if (import.meta.main) {
  const root = fileURLToPath(new URL("../", import.meta.url));
  await Deno.writeTextFile(`${root}/${pagePath}`, await protocolPage(root));
}
