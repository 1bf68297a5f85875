// libvirt's bindings for Python, over all of their API: what libvirt's own test driver does, ours does.
import assert from "node:assert/strict";
import { compare, type Differences, onBoth, output, reasonAgainst, stepsOf } from "./private_libvirtd.ts";

const python = "/usr/bin/python3";
const missing = reasonAgainst({
  program: python,
  probe: ["-c", "import libvirt"],
  package: "python3-libvirt",
});

const differences: Differences = [
  {
    why: "Libvirt's test driver has no such flag, parameter or figure, and ours has.",
    steps: [
      /^create with a flag$|^state after a paused start$|^resume from a paused start$|^destroyFlags$/,
      /^state after destroy$|^createXML paused$|^destroy the paused one$/,
      /^managedSaveGetXMLDesc$|^setMemoryFlags both$|^setBlockIoTune$/,
      /IOThread|^ioThreadInfo$/,
      /^getAllDomainStats/,
    ],
  },
  {
    why:
      "What follows from one of those: a device more, a memory that was set, an event of a start that went well.",
    steps: [
      /^XMLDesc after tuning$|^XMLDesc of the next start after tuning$|^saveImageGetXMLDesc$/,
      /^blockIoTune$|^snapshot XMLDesc$/,
      /^life-cycle events$|^transient events$/,
    ],
  },
  {
    why:
      "A host of its own: its address, version and UUID, its processors all online, its own addresses and names.",
    steps: [
      /^getURI$|^getLibVersion$|^getCapabilities$|^getCPUMap$|[vV]cpuPinInfo$|[eE]mulatorPinInfo$/,
      /^running: (?:getTime|hostname|interfaceAddresses|vcpus)$/,
    ],
  },
  {
    why:
      "Libvirt's driver answers with a constant, or with what a real hypervisor does not; ours with what there is.",
    steps: [
      /^getFreeMemory$|^getCellsFreeMemory$|^getCPUStats of no processor$|^schedulerParameters$/,
      /: OSType$|: diskErrors$|: memoryStats$|: securityLabelList$|^device: (?:listCaps|numOfCaps)$/,
    ],
  },
  {
    why:
      "Libvirt has an internal error, or none, where the operation does not fit the state; ours says that.",
    steps: [
      /^inactive: (?:suspend|resume|shutdown)$|^create again$|^resume again$|^setMemoryStatsPeriod$|^getFreePages$/,
      /^transient: (?:setAutostart|undefine)$|^network: (?:destroy inactive|transient setAutostart)$/,
      // As with QEMU, what is paused may be paused.
      /^suspend again$/,
    ],
  },
  {
    why: "Both refuse, in another order or with another number.",
    steps: [
      /^inactive: (?:blockStats of no disk|interfaceStats of no interface)$|: launchSecurityInfo$/,
      /^defineXML (?:of nothing|without a type)$/,
      /^rename to a name that is there$/,
    ],
  },
  {
    why: "Ours has less: throttling by device and by group, a baseline of unlike processors.",
    steps: [/[bB]lkioParameters$/, /: blockIoTune$/, /^baselineCPU$/],
  },
  {
    why: "Libvirt's test driver has no such function; the bindings do not raise that, but give nothing.",
    steps: [/: migrateGet(?:MaxDowntime|CompressionCache)$/],
  },
  {
    why: "Nobody's word is taken for who somebody else is.",
    steps: [/^identity$/],
  },
  {
    why: "Libvirt takes back more than the change: an interface that was up is down.",
    steps: [/^listDefinedInterfaces after rollback$/],
  },
];

Deno.test({
  name: `a program in Python sees what it sees of libvirt's test driver${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    const script = new URL("walk.py", import.meta.url).pathname;
    const { ours, theirs } = await onBoth(async ({ uri }) => stepsOf(await output(python, [script, uri])));
    const { unexplained, needless, same } = compare({ ours, theirs }, differences);
    assert.deepEqual(unexplained, []);
    assert.deepEqual(needless, [], "These are no differences any more");
    assert.ok(same > 390, `Only ${same} of ${theirs.length} steps are the same`);
  },
});
