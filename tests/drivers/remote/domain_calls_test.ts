/**
 * What operations on domains say to a libvirtd, and how they find out whether it was done.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { ObjectRef } from "../../../model/object.ts";
import type { InputOf } from "../../../model/operation.ts";
import type { OperationName, Operations } from "../../../model/operations/mod.ts";
import type {
  ArgumentsOf,
  ProcedureName,
  ResultOf,
  TypedParameter,
} from "../../../protocol/procedures/mod.ts";
import { RemoteBench, xmlOf } from "./kit/bench.ts";
import { ScriptedLibvirtd } from "./kit/scripted_libvirtd.ts";

const uuid = "aaaaaaaa-0000-4000-8000-000000000001";

/** One operation: what it is asked for with, what the daemon is told, and how it looks when it was done. */
interface Row {
  readonly operation: OperationName;
  readonly input: unknown;
  readonly procedure: ProcedureName;
  readonly args: unknown;
  /** Answers of the daemon that the deed itself needs. */
  readonly given?: (libvirtd: ScriptedLibvirtd) => void;
  /** Has the daemon look as if it were done, or not. Absent where nobody can tell. */
  readonly look?: (libvirtd: ScriptedLibvirtd, done: boolean) => void;
}

function row<N extends OperationName, P extends ProcedureName>(
  operation: N,
  input: InputOf<Operations[N]>,
  call:
    & { readonly procedure: P; readonly args: Omit<ArgumentsOf<P>, "dom">; readonly result?: ResultOf<P> }
    & Pick<
      Row,
      "given" | "look"
    >,
): Row {
  return {
    operation,
    input,
    procedure: call.procedure,
    args: call.args,
    ...(call.look === undefined ? {} : { look: call.look }),
    given: (libvirtd) => {
      libvirtd.on(call.procedure, () => call.result as ResultOf<P>);
      call.given?.(libvirtd);
    },
  };
}

/** The definitions, both of them, have a part or lack it. */
function shows(part: string, before = ""): NonNullable<Row["look"]> {
  return (libvirtd, done) => {
    libvirtd.on("domainGetXmlDesc", () => ({ xml: `<domain>${done ? part : before}</domain>` }));
  };
}

function short(field: string, value: number): TypedParameter {
  return { field, value: { kind: 1, value } };
}

function text(field: string, value: string): TypedParameter {
  return { field, value: { kind: 7, value } };
}

function long(field: string, value: bigint): TypedParameter {
  return { field, value: { kind: 4, value } };
}

const noJob = { found: 0, type: 0, bandwidth: 0n, cur: 0n, end: 0n };
const disk = (inside: string): string =>
  `<devices><disk type='file'><source file='/a' index='2'/><target dev='vda'/>${inside}</disk></devices>`;
const behind = "<backingStore><source file='/b' index='1'/><backingStore/></backingStore>";

/** The work on a disk: there, or not and with these images. */
function works(type: number, images: string): NonNullable<Row["look"]> {
  return (libvirtd, done) => {
    libvirtd.on("domainGetXmlDesc", () => ({ xml: `<domain>${images}</domain>` }));
    libvirtd.on("domainGetBlockJobInfo", () => (done ? { ...noJob, found: 1, type } : noJob));
  };
}

const twoCpus = (libvirtd: ScriptedLibvirtd): void => {
  libvirtd.on("nodeGetCpuMap", () => ({ cpumap: new Uint8Array(), online: 0, ret: 2 }));
};

const rows: readonly Row[] = [
  row("domain.setMemory", { memoryKib: 2048, live: true }, {
    procedure: "domainSetMemoryFlags",
    args: { memory: 2048n, flags: 1 },
    look: shows("<memory>4096</memory><currentMemory>2048</currentMemory>", "<memory>4096</memory>"),
  }),
  row("domain.setMaxMemory", { memoryKib: 2048, config: true }, {
    procedure: "domainSetMemoryFlags",
    args: { memory: 2048n, flags: 2 | 4 },
    look: shows("<memory>2048</memory>", "<memory>1024</memory>"),
  }),
  row("domain.setMemoryStatsPeriod", { periodS: 5, live: true, config: true }, {
    procedure: "domainSetMemoryStatsPeriod",
    args: { period: 5, flags: 3 },
    look: shows("<devices><memballoon><stats period='5'/></memballoon></devices>"),
  }),
  row("domain.setVcpus", { vcpus: 2, live: true }, {
    procedure: "domainSetVcpusFlags",
    args: { nvcpus: 2, flags: 1 },
    look: shows("<vcpu current='2'>4</vcpu>", "<vcpu>4</vcpu>"),
  }),
  row("domain.setVcpus", { vcpus: 4, maximum: true, config: true }, {
    procedure: "domainSetVcpusFlags",
    args: { nvcpus: 4, flags: 2 | 4 },
    look: shows("<vcpu current='2'>4</vcpu>", "<vcpu>2</vcpu>"),
  }),
  row("domain.setVcpu", { vcpus: "1-2", enabled: false }, {
    procedure: "domainSetVcpu",
    args: { cpumap: "1-2", state: 0, flags: 0 },
    look: shows(
      "<vcpus><vcpu id='0' enabled='yes'/><vcpu id='1' enabled='no'/><vcpu id='2' enabled='no'/></vcpus>",
      "<vcpu>3</vcpu>",
    ),
  }),
  row("domain.pinVcpu", { vcpu: 1, cpus: "1" }, {
    procedure: "domainPinVcpuFlags",
    args: { vcpu: 1, cpumap: Uint8Array.of(2), flags: 0 },
    given: twoCpus,
    look: (libvirtd, done) =>
      libvirtd.on("domainGetVcpuPinInfo", () => ({ cpumaps: Uint8Array.of(3, done ? 2 : 3), num: 2 })),
  }),
  row("domain.pinEmulator", { cpus: "0-7,^0" }, {
    procedure: "domainPinEmulator",
    args: { cpumap: Uint8Array.of(2), flags: 0 },
    given: twoCpus,
    look: (libvirtd, done) =>
      libvirtd.on("domainGetEmulatorPinInfo", () => ({ cpumaps: Uint8Array.of(2), ret: done ? 1 : 0 })),
  }),
  row("domain.addIothread", { iothread: 3 }, {
    procedure: "domainAddIothread",
    args: { iothreadId: 3, flags: 0 },
    look: (libvirtd, done) =>
      libvirtd.on("domainGetIothreadInfo", () => ({
        info: done ? [{ iothreadId: 3, cpumap: Uint8Array.of(3) }] : [],
        ret: 0,
      })),
  }),
  row("domain.setIothread", { iothread: 3, pollMaxNs: 9, pollShrink: 2 }, {
    procedure: "domainSetIothreadParams",
    args: {
      iothreadId: 3,
      params: [long("poll_max_ns", 9n), { field: "poll_shrink", value: { kind: 2, value: 2 } }],
      flags: 1,
    },
    look: (libvirtd, done) =>
      libvirtd.on("connectGetAllDomainStats", ({ doms }) => ({
        retStats: doms.map((dom) => ({
          dom,
          params: [long("iothread.3.poll-max-ns", done ? 9n : 8n), long("iothread.3.poll-shrink", 2n)],
        })),
      })),
  }),
  row("domain.setParameters", { group: "memory", parameters: { hard_limit: "18446744073709551615" } }, {
    procedure: "domainSetMemoryParameters",
    args: { params: [long("hard_limit", 2n ** 64n - 1n)], flags: 0 },
    given: (libvirtd) => {
      libvirtd.on("connectSupportsFeature", () => ({ supported: 1 }));
      libvirtd.on("domainGetMemoryParameters", () => ({ params: [long("hard_limit", 0n)], nparams: 1 }));
    },
    look: (libvirtd, done) =>
      libvirtd.on("domainGetMemoryParameters", () => ({
        params: [long("hard_limit", done ? 2n ** 64n - 1n : 0n)],
        nparams: 1,
      })),
  }),
  row("domain.setParameters", { group: "numa", parameters: { numa_mode: "interleave" }, config: true }, {
    procedure: "domainSetNumaParameters",
    args: { params: [{ field: "numa_mode", value: { kind: 1, value: 2 } }], flags: 2 },
    given: (libvirtd) => {
      libvirtd.on("connectSupportsFeature", () => ({ supported: 0 }));
      libvirtd.on("domainGetNumaParameters", () => ({ params: [short("numa_mode", 0)], nparams: 1 }));
    },
    look: (libvirtd, done) =>
      libvirtd.on("domainGetNumaParameters", () => ({
        params: [short("numa_mode", done ? 2 : 0)],
        nparams: 1,
      })),
  }),
  row("domain.setMetadata", { kind: "title", value: "A title" }, {
    procedure: "domainSetMetadata",
    args: { type: 1, metadata: "A title", key: undefined, uri: undefined, flags: 0 },
    look: (libvirtd, done) =>
      libvirtd.on("domainGetMetadata", () => ({ metadata: done ? "A title" : "Another" })),
  }),
  row("domain.setMetadata", {
    kind: "element",
    uri: "urn:x",
    key: "k",
    value: "<a b='1'><c/></a>",
    live: true,
  }, {
    procedure: "domainSetMetadata",
    args: { type: 2, metadata: "<a b='1'><c/></a>", key: "k", uri: "urn:x", flags: 1 },
    look: (libvirtd, done) =>
      libvirtd.on("domainGetMetadata", () => ({
        metadata: `<k:a xmlns:k='urn:x' b="${done ? 1 : 2}">\n  <k:c/>\n</k:a>`,
      })),
  }),
  row("domain.setLifecycleAction", { on: "crash", action: "preserve" }, {
    procedure: "domainSetLifecycleAction",
    args: { type: 2, action: 3, flags: 0 },
    look: shows("<on_crash>preserve</on_crash>", "<on_crash>destroy</on_crash>"),
  }),
  row("domain.updateDevice", { xml: "<disk type='file'><source file='/n'/><target dev='vda'/></disk>" }, {
    procedure: "domainUpdateDeviceFlags",
    args: { xml: "<disk type='file'><source file='/n'/><target dev='vda'/></disk>", flags: 0 },
    look: shows(
      "<devices><disk type='file'><alias name='x'/><source file='/n' index='3'/><target dev='vda'/></disk></devices>",
      disk(""),
    ),
  }),
  row(
    "domain.attachDevice",
    { xml: "<interface type='user'><mac address='52:54:00:00:00:01'/></interface>" },
    {
      procedure: "domainAttachDeviceFlags",
      args: { xml: "<interface type='user'><mac address='52:54:00:00:00:01'/></interface>", flags: 0 },
      look: shows("<devices><interface type='user'><mac address='52:54:00:00:00:01'/></interface></devices>"),
    },
  ),
  row("domain.resizeBlock", { disk: "vda", sizeBytes: 1_000_000 }, {
    procedure: "domainBlockResize",
    args: { disk: "vda", size: 1_000_000n, flags: 1 },
    look: (libvirtd, done) =>
      libvirtd.on("domainGetBlockInfo", () => ({
        capacity: done ? 1_000_448n : 500_000n,
        allocation: 0n,
        physical: 0n,
      })),
  }),
  row("domain.blockPull", { disk: "vda" }, {
    procedure: "domainBlockPull",
    args: { path: "vda", bandwidth: 0n, flags: 0 },
    look: works(1, disk(behind)),
  }),
  row("domain.blockPull", { disk: "vda", base: "/b", relative: true, bandwidthBytesPerS: 5 }, {
    procedure: "domainBlockRebase",
    args: { path: "vda", base: "/b", bandwidth: 5n, flags: 1 << 4 | 1 << 6 },
    // It has ended before anybody looked: what is behind the disk shows that it had begun.
    look: (libvirtd, done) =>
      works(1, done ? disk(behind) : disk(behind.replace("/b", "/c")))(libvirtd, false),
  }),
  row("domain.blockCommit", { disk: "vda", top: "vda[1]", shallow: true, removeCommitted: true }, {
    procedure: "domainBlockCommit",
    args: { disk: "vda", base: undefined, top: "vda[1]", bandwidth: 0n, flags: 1 | 2 },
    look: (libvirtd, done) => works(3, disk(done ? "" : behind))(libvirtd, false),
  }),
  row("domain.blockCopy", { disk: "vda", xml: "<disk/>", shallow: true, granularityBytes: 512 }, {
    procedure: "domainBlockCopy",
    args: {
      path: "vda",
      destxml: "<disk/>",
      params: [{ field: "granularity", value: { kind: 2, value: 512 } }],
      flags: 1,
    },
    look: works(2, disk("")),
  }),
  row("domain.abortBlockJob", { disk: "vda" }, {
    procedure: "domainBlockJobAbort",
    args: { path: "vda", flags: 0 },
    look: (libvirtd, done) => works(2, disk(""))(libvirtd, !done),
  }),
  row("domain.setMigration", { maxDowntimeMs: 20 }, {
    procedure: "domainMigrateSetMaxDowntime",
    args: { downtime: 20n, flags: 0 },
    look: (libvirtd, done) =>
      libvirtd.on("domainMigrateGetMaxDowntime", () => ({ downtime: done ? 20n : 300n })),
  }),
  row("domain.removeManagedSave", {}, {
    procedure: "domainManagedSaveRemove",
    args: { flags: 0 },
    look: (libvirtd, done) => libvirtd.on("domainHasManagedSaveImage", () => ({ result: done ? 0 : 1 })),
  }),
  row("domain.setGuestVcpus", { vcpus: "1", online: true }, {
    procedure: "domainSetGuestVcpus",
    args: { cpumap: "1", state: 1, flags: 0 },
    look: (libvirtd, done) =>
      libvirtd.on("domainGetGuestVcpus", () => ({
        params: [text("online", done ? "0-1" : "0")],
      })),
  }),
  row("domain.setAuthorizedKeys", { user: "root", keys: ["ssh-rsa A"], how: "remove" }, {
    procedure: "domainAuthorizedSshKeysSet",
    args: { user: "root", keys: ["ssh-rsa A"], flags: 2 },
    look: (libvirtd, done) =>
      libvirtd.on("domainAuthorizedSshKeysGet", () => ({ keys: done ? [] : ["ssh-rsa A"] })),
  }),
  row("domain.freeze", { mountpoints: ["/"] }, {
    procedure: "domainFsfreeze",
    args: { mountpoints: ["/"], flags: 0 },
    result: { filesystems: 1 },
    look: (libvirtd, done) =>
      libvirtd.on("qemuDomainAgentCommand", () => ({ result: `{"return":"${done ? "frozen" : "thawed"}"}` })),
  }),
  row("domain.trim", { minimumBytes: 7 }, {
    procedure: "domainFstrim",
    args: { mountPoint: undefined, minimum: 7n, flags: 0 },
  }),
  row("domain.setPassword", { user: "root", password: "secret", encrypted: true }, {
    procedure: "domainSetUserPassword",
    args: { user: "root", password: "secret", flags: 1 },
  }),
  row("domain.setTime", { seconds: 5 }, {
    procedure: "domainSetTime",
    args: { seconds: 5n, nseconds: 0, flags: 0 },
  }),
  row("domain.sendKey", { keys: ["KEY_LEFTCTRL", "KEY_ALL_APPLICATIONS", 30], holdMs: 5 }, {
    procedure: "domainSendKey",
    args: { codeset: 0, holdtime: 5, keycodes: [29, 204, 30], flags: 0 },
  }),
  row("domain.setAgentTimeout", { block: true }, {
    procedure: "domainAgentSetResponseTimeout",
    args: { timeout: -2, flags: 0 },
    result: { result: 0 },
  }),
  row("domain.startPostCopy", {}, { procedure: "domainMigrateStartPostCopy", args: { flags: 0 } }),
  row("domain.measureDirtyRate", { seconds: 2, mode: "dirty-ring" }, {
    procedure: "domainStartDirtyRateCalc",
    args: { seconds: 2, flags: 2 },
  }),
  row("domain.setLaunchSecurity", { header: "aGVhZA==", secret: "c2VjcmV0", address: 4096 }, {
    procedure: "domainSetLaunchSecurityState",
    args: {
      params: [
        text("sev-secret-header", "aGVhZA=="),
        text("sev-secret", "c2VjcmV0"),
        long("sev-secret-set-address", 4096n),
      ],
      flags: 0,
    },
  }),
];

async function open(given: Row["given"]): Promise<{
  readonly bench: RemoteBench;
  readonly libvirtd: ScriptedLibvirtd;
  readonly on: ObjectRef;
}> {
  const libvirtd = new ScriptedLibvirtd();
  libvirtd.start(libvirtd.define(xmlOf("web", { uuid })));
  const bench = await RemoteBench.open({ libvirtd });
  const on = await bench.call("domain.lookup", { name: "web" });
  given?.(libvirtd);
  return { bench, libvirtd, on };
}

for (const { operation, input, procedure, args, given, look } of rows) {
  const name = `${operation} ${JSON.stringify(input)}`;

  Deno.test(`${name} is told to the daemon as ${procedure}`, async () => {
    const { bench: opened, libvirtd, on } = await open(given);
    await using bench = opened;
    const outcome = await bench.outcome(operation, input as never, { on });
    assert.equal(outcome.kind, "done", JSON.stringify(outcome));
    assert.deepEqual(libvirtd.argsOf(procedure), [args]);
  });

  for (const done of look === undefined ? [] : [true, false]) {
    Deno.test(`${name} is found to have been done: ${done}`, async () => {
      const { bench: opened, libvirtd, on } = await open(given);
      await using bench = opened;
      bench.net.fate = (call) => call.procedure === procedure ? "lose-answer" : "pass";
      bench.net.answered = () => look?.(libvirtd, done);
      look?.(libvirtd, done);
      const outcome = await bench.outcome(operation, input as never, { on });
      assert.equal(outcome.kind, done ? "done" : "not-done", JSON.stringify(outcome));
      assert.equal(libvirtd.argsOf(procedure).length, 1);
    });
  }

  if (look !== undefined) continue;
  Deno.test(`${name} leaves open whether it was done`, async () => {
    const { bench: opened, on } = await open(given);
    await using bench = opened;
    bench.net.fate = (call) => call.procedure === procedure ? "lose-answer" : "pass";
    const outcome = await bench.outcome(operation, input as never, { on });
    assert.equal(outcome.kind, "unknown", JSON.stringify(outcome));
  });
}
