/**
 * What exists in the simulated outside world: one record per thing, plain data, replaced and never changed.
 *
 * @module
 */

/** The states of a guest that is there. Names are libvirt's `virDomainState`. */
export type GuestState = "running" | "paused" | "pmsuspended" | "crashed";

/** What is said on a console or a channel of a guest. */
export interface GuestConsole {
  /** How much the guest has printed since it is there, in characters. */
  readonly printed: number;
  /** The last of that. */
  readonly text: string;
  /** What was typed and not entered yet. */
  readonly typed: string;
  /** Whom the guest takes the one who types for. */
  readonly at: "login" | "password" | "shell" | "echo";
  readonly user?: string;
  /** How the last program on it ended. */
  readonly status?: number;
  /** Who has it open: one line at a time. */
  readonly line?: { readonly id: string; readonly client: number };
}

/** A program in a guest, with what it comes to. */
export interface GuestProgram {
  /** When it ends, in milliseconds since 1970. */
  readonly endsAt: number;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A guest: the process that a running domain is. */
export interface Guest {
  /** The number that libvirt calls the domain's id. */
  readonly id: number;
  /** The definition that it was started with, with what was changed on it since. */
  readonly xml: string;
  readonly state: GuestState;
  /** Why it is in this state: `booted`, `user`, `restored`, … */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly startedAt: number;
  /** Whether its file systems are frozen by the agent. */
  readonly frozen: readonly string[];
  /** Seconds that were added to the guest's clock. */
  readonly clockOffsetS: number;
  /** Its memory has gone to another host, and there it is decided who goes on: nobody lets it go on here meanwhile. */
  readonly handedOver?: boolean;
  /** Set while it comes in from another host and does not run yet. */
  readonly incoming?: boolean;
  /** How long it takes to boot, in milliseconds; no time where absent. */
  readonly bootMs?: number;
  /** It was started and has not come up yet: it says nothing, and its agent is not there. */
  readonly booting?: boolean;
  /** Programs that its agent has started and has not told the end of, by their processes' numbers. */
  readonly programs?: Readonly<Record<string, GuestProgram>>;
  /** What is said on its consoles and channels, by `console:NAME` and `channel:NAME`; the first console has no name. */
  readonly consoles?: Readonly<Record<string, GuestConsole>>;
}

/** A number, text or switch under a name, as libvirt's typed parameters carry them. */
export type Parameters = Readonly<Record<string, number | string | boolean>>;

/** A domain: its definition file, its guest, and what is kept beside them. */
export interface DomainRecord {
  readonly id: string;
  readonly revision: number;
  readonly name: string;
  /** The definition file; absent for a transient domain. */
  readonly config?: string;
  readonly guest?: Guest;
  /** Why it last stopped: `destroyed`, `shutdown`, `crashed`, `migrated`, `saved`, `failed`. */
  readonly stopped?: string;
  readonly autostart: boolean;
  readonly managedSave?: { readonly xml: string; readonly paused: boolean };
  /** The current snapshot's name. */
  readonly currentSnapshot?: string;
  /** Scheduler, block I/O, memory and NUMA parameters, by group. */
  readonly parameters: Readonly<Record<string, Parameters>>;
}

/** A snapshot: its metadata file, and the data that it keeps in each disk. */
export interface SnapshotRecord {
  /** `DOMAIN/NAME`. */
  readonly id: string;
  readonly revision: number;
  readonly domain: string;
  readonly name: string;
  readonly parent?: string;
  readonly description?: string;
  /** Seconds since 1970. */
  readonly createdS: number;
  /** What the domain did: `running`, `paused`, `shutoff`, `disk-snapshot`. */
  readonly state: string;
  /** The domain's definition at that moment. */
  readonly domainXml: string;
  readonly memory: "no" | "internal" | "external";
  readonly disks: readonly { readonly name: string; readonly snapshot: "no" | "internal" | "external" }[];
  /** Disks whose image still holds this snapshot's data. */
  readonly data: readonly string[];
  /** A delete of several steps has begun and not ended. */
  readonly deleting?: boolean;
}

/** A checkpoint: its metadata file and its bitmaps. */
export interface CheckpointRecord {
  /** `DOMAIN/NAME`. */
  readonly id: string;
  readonly revision: number;
  readonly domain: string;
  readonly name: string;
  readonly parent?: string;
  readonly description?: string;
  /** Seconds since 1970. */
  readonly createdS: number;
  readonly domainXml: string;
  readonly disks: readonly string[];
}

/** A virtual network: its definition file and its bridge. */
export interface NetworkRecord {
  readonly id: string;
  readonly revision: number;
  readonly name: string;
  readonly config?: string;
  /** The bridge while it is up, with the definition in force. */
  readonly bridge?: { readonly xml: string; readonly name?: string };
  readonly autostart: boolean;
}

/** A storage pool: its definition file, and the directory or device that it is. */
export interface PoolRecord {
  readonly id: string;
  readonly revision: number;
  readonly name: string;
  readonly config?: string;
  /** The definition in force while the pool is started. */
  readonly started?: { readonly xml: string };
  readonly autostart: boolean;
  /** Whether its target has been made. */
  readonly built: boolean;
  /** Bytes. */
  readonly capacity: number;
}

/** A volume: an image in a pool. Its bytes are kept beside it. */
export interface VolumeRecord {
  /** `POOL/NAME`. */
  readonly id: string;
  readonly revision: number;
  readonly pool: string;
  readonly name: string;
  readonly path: string;
  readonly type: "file" | "block" | "dir" | "network";
  readonly format: string;
  /** Bytes. */
  readonly capacity: number;
  /** Bytes. */
  readonly allocation: number;
  readonly backing?: { readonly path: string; readonly format: string };
}

/** A host's network interface. */
export interface InterfaceRecord {
  readonly id: string;
  readonly revision: number;
  readonly name: string;
  readonly mac: string;
  readonly config: string;
  readonly up: boolean;
}

/** A device of the host. */
export interface NodeDeviceRecord {
  readonly id: string;
  readonly revision: number;
  readonly name: string;
  readonly parent?: string;
  readonly config: string;
  /** Present on the host; a defined device may not be. */
  readonly present: boolean;
  /** Has a definition file. */
  readonly defined: boolean;
  readonly autostart: boolean;
}

/** A secret: its definition file. Its value is kept apart, and never sent to those who watch. */
export interface SecretRecord {
  readonly id: string;
  readonly revision: number;
  readonly name: string;
  readonly config: string;
  readonly private: boolean;
  readonly ephemeral: boolean;
  readonly hasValue?: boolean;
}

/** A file on the host: a saved guest, a dump. */
export interface FileRecord {
  /** Its path. */
  readonly id: string;
  readonly revision: number;
  readonly kind: "saved-guest" | "dump";
  /** The domain whose memory it is. */
  readonly domain: string;
  readonly xml: string;
  readonly paused: boolean;
  /** Bytes. */
  readonly size: number;
}

/** The host itself. */
export interface HostRecord {
  /** Always `host`. */
  readonly id: string;
  readonly revision: number;
  /** The host's UUID. */
  readonly uuid: string;
  readonly nextGuestId: number;
  readonly nextDevice: number;
  /** Bytes per NUMA cell; MHz; counts. */
  readonly cpus: number;
  readonly mhz: number;
  readonly nodes: number;
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
  readonly memoryKib: number;
  readonly cpuModel: string;
  /** Definitions of all interfaces at the beginning of a change transaction. */
  readonly interfaceTransaction?: readonly InterfaceRecord[];
  /** The highest epoch seen of each kernel. */
  readonly fences: Readonly<Record<string, number>>;
}

/** Every kind of record. */
export interface Records {
  readonly host: HostRecord;
  readonly domain: DomainRecord;
  readonly snapshot: SnapshotRecord;
  readonly checkpoint: CheckpointRecord;
  readonly network: NetworkRecord;
  readonly pool: PoolRecord;
  readonly volume: VolumeRecord;
  readonly interface: InterfaceRecord;
  readonly nodeDevice: NodeDeviceRecord;
  readonly secret: SecretRecord;
  readonly file: FileRecord;
}

/** The name of a kind of record. */
export type RecordKind = keyof Records;

/** Every kind of record. */
export const recordKinds = [
  "host",
  "domain",
  "snapshot",
  "checkpoint",
  "network",
  "pool",
  "volume",
  "interface",
  "nodeDevice",
  "secret",
  "file",
] as const satisfies readonly RecordKind[];

/** One change of the world: what a record is now, or that it is no more. */
export type Change = {
  readonly [K in RecordKind]: {
    readonly kind: K;
    readonly id: string;
    /** Grows with every change of the world. */
    readonly revision: number;
    /** Absent where the thing is gone. */
    readonly record?: Records[K];
    /** Why it is gone: what a transient domain's guest ended by. */
    readonly why?: string;
  };
}[RecordKind];
