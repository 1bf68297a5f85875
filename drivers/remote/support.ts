/**
 * What each hypervisor can do: operations that not every one has, and which have them.
 *
 * Source: libvirt, the tables of functions of its hypervisors' drivers, 11.3. An older libvirtd may have less, and says so when
 * it is asked; a newer one, and a hypervisor that is not here, are asked about everything.
 *
 * @module
 */
import type { OperationName } from "../../model/operations/mod.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import type { RemoteClass } from "./object.ts";

/** The hypervisors of this table, as connections call them. */
const hypervisors: readonly string[] = [
  ...["qemu", "lxc", "xen", "vz", "bhyve", "ch", "vbox", "test", "openvz", "vmware", "esx", "hyper-v"],
];

/** The first version that this table does not tell of, as libvirt counts them. */
const firstUnknown = 11_004_000;

/** Operations, and the hypervisors that have them. */
const offered: { readonly [N in OperationName]?: string } = {
  "connection.domainCapabilities": "qemu xen bhyve test",
  "connection.freeMemory": "qemu lxc xen vz bhyve vbox test openvz esx hyper-v",
  "connection.freePages": "qemu lxc vbox test",
  "connection.cpuMap": "qemu lxc vz bhyve ch test openvz",
  "connection.cpuStats": "qemu lxc vz bhyve test openvz",
  "connection.cpuModels": "qemu test",
  "connection.compareCpu": "qemu xen bhyve",
  "connection.baselineCpu": "qemu xen vz bhyve test",
  "connection.sysinfo": "qemu lxc xen vz bhyve test",
  "connection.nodeInfo": "qemu lxc xen vz bhyve ch vbox test openvz esx hyper-v",
  "domain.rename": "qemu test",
  "domain.setAutostart": "qemu lxc xen bhyve test openvz esx hyper-v",
  "domain.create": "qemu lxc xen bhyve ch vbox test openvz vmware",
  "domain.reset": "qemu vz test hyper-v",
  "domain.suspend": "qemu lxc xen vz ch vbox test openvz vmware esx hyper-v",
  "domain.resume": "qemu lxc xen vz ch vbox test openvz vmware esx hyper-v",
  "domain.sleep": "qemu xen",
  "domain.wakeUp": "qemu xen",
  "domain.injectNmi": "qemu test",
  "domain.addresses": "qemu lxc xen ch test esx",
  "domain.openConsole": "qemu lxc xen bhyve ch",
  "domain.readConsole": "qemu lxc xen bhyve ch",
  "domain.writeConsole": "qemu lxc xen bhyve ch",
  "domain.closeConsole": "qemu lxc xen bhyve ch",
  "domain.blockPull": "qemu",
  "domain.blockCommit": "qemu",
  "domain.blockCopy": "qemu",
  "domain.blockJob": "qemu",
  "domain.awaitBlockJob": "qemu",
  "domain.setBlockJobSpeed": "qemu",
  "domain.abortBlockJob": "qemu",
  "domain.setBlockThreshold": "qemu",
  "domain.peekBlock": "qemu",
  "domain.attachDevice": "qemu lxc xen vz vbox test hyper-v",
  "domain.detachDevice": "qemu lxc xen vz vbox test",
  "domain.updateDevice": "qemu lxc xen vz vbox test openvz",
  "domain.blockInfo": "qemu test",
  "domain.resizeBlock": "qemu vz",
  "domain.peekMemory": "qemu test",
  "domain.messages": "qemu xen test",
  "domain.securityLabels": "qemu lxc test",
  "domain.launchSecurity": "qemu test",
  "domain.setLaunchSecurity": "qemu",
  "domain.measureDirtyRate": "qemu",
  "domain.guestExec": "qemu",
  "domain.guestExecStatus": "qemu",
  "domain.agentCommand": "qemu",
  "domain.guestInfo": "qemu",
  "domain.freeze": "qemu test",
  "domain.thaw": "qemu test",
  "domain.trim": "qemu test",
  "domain.setPassword": "qemu vz test",
  "domain.time": "qemu test",
  "domain.setTime": "qemu test",
  "domain.hostname": "qemu lxc test openvz esx",
  "domain.guestVcpus": "qemu",
  "domain.setGuestVcpus": "qemu",
  "domain.authorizedKeys": "qemu",
  "domain.setAuthorizedKeys": "qemu",
  "domain.setAgentTimeout": "qemu",
  "domain.iothreads": "qemu test",
  "domain.addIothread": "qemu test",
  "domain.removeIothread": "qemu test",
  "domain.setIothread": "qemu test",
  "domain.pinIothread": "qemu test",
  "domain.jobInfo": "qemu xen vz",
  "domain.abortJob": "qemu vz",
  "domain.metadata": "qemu lxc xen bhyve test",
  "domain.setMetadata": "qemu lxc xen bhyve test",
  "domain.setLifecycleAction": "qemu test",
  "domain.setMemory": "qemu lxc xen vz vbox test esx hyper-v",
  "domain.setMaxMemory": "qemu lxc xen vz test esx hyper-v",
  "domain.setMemoryStatsPeriod": "qemu test",
  "domain.setVcpus": "qemu xen vz vbox test openvz esx hyper-v",
  "domain.vcpuCount": "qemu xen vz ch vbox test openvz esx hyper-v",
  "domain.setVcpu": "qemu",
  "domain.vcpus": "qemu xen vz ch test hyper-v",
  "domain.pinVcpu": "qemu xen ch test",
  "domain.emulatorPin": "qemu ch test",
  "domain.pinEmulator": "qemu ch test",
  "domain.managedSave": "qemu xen vz ch test hyper-v",
  "domain.removeManagedSave": "qemu xen vz ch test hyper-v",
  "domain.managedSaveXml": "qemu ch",
  "domain.defineManagedSave": "qemu",
  "domain.save": "qemu xen ch vbox test",
  "domain.restore": "qemu xen ch test",
  "domain.savedXml": "qemu ch test",
  "domain.defineSaved": "qemu test",
  "domain.dump": "qemu xen test",
  "domain.screenshot": "qemu vbox test esx hyper-v",
  "domain.sendKey": "qemu vbox test hyper-v",
  "domain.sendSignal": "lxc test",
  "domain.reloadGraphics": "qemu",
  "domain.stats": "qemu vz test",
  "domain.memoryStats": "qemu lxc xen vz test",
  "domain.cpuStats": "qemu lxc xen test",
  "domain.blockStats": "qemu lxc xen vz test",
  "domain.interfaceStats": "qemu lxc xen vz test openvz",
  "domain.blockErrors": "qemu test",
  "domain.controlInfo": "qemu test",
  "domain.parameters": "qemu lxc xen test openvz esx hyper-v",
  "domain.setParameters": "qemu lxc xen test openvz esx",
  "domain.blockIoTune": "qemu test",
  "domain.setBlockIoTune": "qemu test",
  "domain.interfaceParameters": "qemu test",
  "domain.setInterfaceParameters": "qemu test",
  "domain.perfEvents": "qemu test",
  "domain.setPerfEvents": "qemu test",
  "domain.setThrottleGroup": "qemu",
  "domain.removeThrottleGroup": "qemu",
  "domain.migrate": "qemu xen vz openvz esx",
  "domain.startPostCopy": "qemu",
  "domain.migrationSettings": "qemu",
  "domain.setMigration": "qemu",
  "snapshot.create": "qemu vz vbox test esx",
  "snapshot.list": "qemu vz test",
  "snapshot.lookup": "qemu vz vbox test esx",
  "snapshot.current": "qemu vz vbox test esx",
  "snapshot.xml": "qemu vz vbox test esx",
  "snapshot.info": "qemu vz vbox test esx",
  "snapshot.parent": "qemu vz vbox test esx",
  "snapshot.children": "qemu vz test",
  "snapshot.revert": "qemu vz vbox test esx",
  "snapshot.delete": "qemu vz vbox test esx",
  "domain.createCheckpoint": "qemu test",
  "domain.listCheckpoints": "qemu test",
  "domain.checkpointInfo": "qemu test",
  "domain.checkpointXml": "qemu test",
  "domain.deleteCheckpoint": "qemu test",
  "domain.backUp": "qemu",
  "domain.beginBackup": "qemu",
  "domain.backupXml": "qemu",
};

/** Who is at the other end, as far as it matters here. */
export interface FarSide {
  readonly hypervisor: string;
  /** libvirt's version: 11.3.0 is 11003000. */
  readonly libvirtVersion: number;
}

/**
 * What a connection offers: everything, without what its hypervisor lacks, and without the classes of objects that the far side
 * does not have.
 */
export function offeredBy(
  { hypervisor, libvirtVersion }: FarSide,
  { implementations, missing }: {
    readonly implementations: DriverMap;
    readonly missing: ReadonlySet<RemoteClass>;
  },
): DriverMap {
  const isTold = hypervisors.includes(hypervisor) && libvirtVersion < firstUnknown;
  const rows = new Map<string, string>(Object.entries(offered));
  const classes: ReadonlySet<string> = missing;
  return Object.fromEntries(
    Object.entries(implementations).filter(([name]) => {
      if (classes.has(name.split(".")[0] ?? "")) return false;
      const who = rows.get(name);
      return !isTold || who === undefined || who.split(" ").includes(hypervisor);
    }),
  );
}
