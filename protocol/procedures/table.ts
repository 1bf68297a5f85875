/**
 * The whole table: every procedure and every event of the three programs, by name.
 *
 * @module
 */
import { authProcedures } from "./auth.ts";
import { checkpointProcedures } from "./checkpoint.ts";
import { connectProcedures } from "./connect.ts";
import { domainProcedures } from "./domain.ts";
import { domainBlockProcedures } from "./domain_block.ts";
import { domainConsoleProcedures } from "./domain_console.ts";
import { domainDeviceProcedures } from "./domain_device.ts";
import { domainEventProcedures } from "./domain_event.ts";
import { domainGuestProcedures } from "./domain_guest.ts";
import { domainJobProcedures } from "./domain_job.ts";
import { domainLifecycleProcedures } from "./domain_lifecycle.ts";
import { domainSaveProcedures } from "./domain_save.ts";
import { domainSecurityProcedures } from "./domain_security.ts";
import { domainStatisticsProcedures } from "./domain_statistics.ts";
import { domainTuningProcedures } from "./domain_tuning.ts";
import { hostProcedures } from "./host.ts";
import { interfaceProcedures } from "./interface.ts";
import { lxcProcedures } from "./lxc.ts";
import { migrationProcedures } from "./migration.ts";
import { networkProcedures } from "./network.ts";
import { nodeDeviceProcedures } from "./node_device.ts";
import { nwfilterProcedures } from "./nwfilter.ts";
import { qemuProcedures } from "./qemu.ts";
import { type Message, type Procedure, type ProgramName, programs, type StreamProcedure } from "./row.ts";
import { secretProcedures } from "./secret.ts";
import { snapshotProcedures } from "./snapshot.ts";
import { storagePoolProcedures } from "./storage_pool.ts";
import { storageVolumeProcedures } from "./storage_volume.ts";

/**
 * Every procedure and every event, by libvirt's name for it in camel case and without the prefix:
 * `REMOTE_PROC_DOMAIN_GET_XML_DESC` is `domainGetXmlDesc`, `QEMU_PROC_DOMAIN_ATTACH` is `qemuDomainAttach`.
 */
export const procedures = {
  ...authProcedures,
  ...connectProcedures,
  ...hostProcedures,
  ...domainProcedures,
  ...domainLifecycleProcedures,
  ...domainSaveProcedures,
  ...domainDeviceProcedures,
  ...domainTuningProcedures,
  ...domainStatisticsProcedures,
  ...domainBlockProcedures,
  ...domainJobProcedures,
  ...domainGuestProcedures,
  ...domainConsoleProcedures,
  ...domainSecurityProcedures,
  ...domainEventProcedures,
  ...migrationProcedures,
  ...snapshotProcedures,
  ...checkpointProcedures,
  ...networkProcedures,
  ...nwfilterProcedures,
  ...interfaceProcedures,
  ...nodeDeviceProcedures,
  ...secretProcedures,
  ...storagePoolProcedures,
  ...storageVolumeProcedures,
  ...qemuProcedures,
  ...lxcProcedures,
};

type Table = typeof procedures;

/** The name of any row. */
export type RowName = keyof Table;

/** The name of an event. */
export type MessageName = { [N in RowName]: Table[N] extends Message ? N : never }[RowName];

/** The name of a procedure that can be called. */
export type ProcedureName = Exclude<RowName, MessageName>;

/** The name of a procedure that opens a stream. */
export type StreamProcedureName = { [N in RowName]: Table[N] extends StreamProcedure ? N : never }[RowName];

/** What a procedure takes; `undefined` where it takes nothing. */
export type ArgumentsOf<P extends ProcedureName> = Table[P] extends Procedure<infer A, infer _> ? A : never;

/** What a procedure gives; `undefined` where it gives nothing. */
export type ResultOf<P extends ProcedureName> = Table[P] extends Procedure<infer _, infer R> ? R : never;

/** What an event tells. */
export type MessageOf<M extends MessageName> = Table[M] extends Message<infer V> ? V : never;

/** A row with its name. */
export type NamedRow = { readonly name: ProcedureName; readonly row: Procedure | StreamProcedure } | {
  readonly name: MessageName;
  readonly row: Message;
};

const programNames = new Map<number, ProgramName>(
  Object.entries(programs).map(([name, number]) => [number, name as ProgramName]),
);

/** All rows with their names, for whoever goes through them. */
export const rows: readonly NamedRow[] = Object.entries(procedures).map(([name, row]) =>
  ({ name, row }) as NamedRow
);

const byNumber = indexByNumber();

/** The row for an event. */
export function messageRow<M extends MessageName>(name: M): Message<MessageOf<M>> {
  return procedures[name] as unknown as Message<MessageOf<M>>;
}

/** The row for a procedure that can be called. */
export function procedureRow<P extends ProcedureName>(name: P): Procedure<ArgumentsOf<P>, ResultOf<P>> {
  return procedures[name] as unknown as Procedure<ArgumentsOf<P>, ResultOf<P>>;
}

/** Whether there is a row of this name. */
export function isRowName(name: string): name is RowName {
  return Object.hasOwn(procedures, name);
}

/**
 * The row that a message means by its program's number and its own; none where nobody has such a procedure.
 *
 * @example
 * ```ts
 * import { rowOf } from "./mod.ts";
 * rowOf(0x20008086, 1)?.name; // "connectOpen"
 * ```
 */
export function rowOf(program: number, number: number): NamedRow | undefined {
  const name = programNames.get(program);
  return name === undefined ? undefined : byNumber[name][number];
}

/** The name of a program, by its number. */
export function programOf(number: number): ProgramName | undefined {
  return programNames.get(number);
}

function indexByNumber(): Record<ProgramName, (NamedRow | undefined)[]> {
  const index: Record<ProgramName, (NamedRow | undefined)[]> = { remote: [], qemu: [], lxc: [] };
  for (const named of rows) index[named.row.program][named.row.number] = named;
  return index;
}
