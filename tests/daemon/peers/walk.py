"""Walks through libvirt's API for Python on a connection, and prints what came of each step: a line of JSON each.

Argument: the URI of a host of libvirt's test driver, or of one like it, that nobody else uses. A line is
`[step, "value", what it gave]` or `[step, "error", libvirt's number for what went wrong]`.
"""
import json
import sys
import threading
import xml.etree.ElementTree as ElementTree

import libvirt

libvirt.registerErrorHandler(lambda _context, _error: None, None)
libvirt.virEventRegisterDefaultImpl()


def run_events():
    while True:
        libvirt.virEventRunDefaultImpl()


threading.Thread(target=run_events, daemon=True).start()

DOMAIN = """<domain type='test'><name>{name}</name><uuid>{uuid}</uuid><memory>524288</memory>
<currentMemory>262144</currentMemory><vcpu current='1'>4</vcpu><os><type>hvm</type><boot dev='hd'/></os>
<on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
<devices>
<disk type='file' device='disk'><source file='/guest/{name}.img'/><target dev='vda' bus='virtio'/></disk>
<interface type='network'><mac address='52:54:00:00:00:{octet}'/><source network='default'/>
<target dev='nic{octet}'/></interface>
</devices></domain>"""


def definition(name, octet, uuid=None):
    return DOMAIN.format(
        name=name, octet=f"{octet:02x}", uuid=uuid or f"11111111-2222-3333-4444-0000000000{octet:02x}")


def plain(value):
    """A value as JSON has it, with objects by their names."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in sorted(value.items())}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    for name in ("name", "getName", "usageID"):
        if hasattr(value, name):
            return [type(value).__name__, getattr(value, name)()]
    return type(value).__name__


def shape(text):
    """A document without what differs between two hosts that are alike: its elements, attributes and texts, in order."""

    def walk(element, path):
        here = f"{path}/{element.tag}"
        yield here
        for name, value in sorted(element.attrib.items()):
            yield f"{here}@{name}={value}"
        if element.text is not None and element.text.strip() != "":
            yield f"{here}={element.text.strip()}"
        for child in element:
            yield from walk(child, here)

    return list(walk(ElementTree.fromstring(text), ""))


def step(name, action):
    """Does something and says what came of it; hands it over where it went well."""
    try:
        value = action()
    except libvirt.libvirtError as error:
        print(json.dumps([name, "error", error.get_error_code()]), flush=True)
        return None
    except Exception as error:  # What the bindings themselves find wrong.
        print(json.dumps([name, "raised", type(error).__name__]), flush=True)
        return None
    shown = plain(value)
    if "list" in name.lower() and isinstance(shown, list):
        shown.sort(key=json.dumps)  # Nobody promises an order.
    print(json.dumps([name, "value", shown]), flush=True)
    return value


class Heard:
    """Events, in the order in which they came."""

    def __init__(self):
        self.events = []
        self.changed = threading.Condition()

    def put(self, *event):
        with self.changed:
            self.events.append(list(event))
            self.changed.notify_all()

    def take(self, connection):
        """Everything of domains that were walked on that happened before now: events come in their order."""
        connection.defineXML(definition("marker", 99)).undefine()
        with self.changed:
            self.changed.wait_for(lambda: ["marker", 1, 0] in self.events, 10)
            taken, self.events = self.events, []
            return [each for each in taken if each[0] in ("walk", "walked", "brief", "paused")]


def host(connection):
    for name in ["getType", "getVersion", "getMaxVcpus", "isAlive", "isEncrypted", "isSecure", "getInfo",
                 "numOfDomains", "numOfDefinedDomains", "listDefinedDomains", "listDomainsID",
                 "numOfNetworks", "listNetworks", "numOfDefinedNetworks", "listDefinedNetworks",
                 "numOfInterfaces", "listInterfaces", "numOfDefinedInterfaces", "listDefinedInterfaces",
                 "numOfStoragePools", "listStoragePools", "numOfDefinedStoragePools", "listDefinedStoragePools",
                 "numOfSecrets", "listSecrets", "numOfNWFilters", "listNWFilters",
                 "getFreeMemory", "getSecurityModel", "getMemoryParameters"]:
        arguments = {"getMaxVcpus": ["test"]}.get(name, [])
        step(name, lambda: getattr(connection, name)(*arguments))
    step("getURI", lambda: connection.getURI())
    step("getHostname", lambda: connection.getHostname() != "")
    step("getLibVersion", lambda: connection.getLibVersion() > 9000000)
    step("getCapabilities", lambda: shape(connection.getCapabilities()))
    step("getSysinfo", lambda: shape(connection.getSysinfo()))
    step("getDomainCapabilities", lambda: connection.getDomainCapabilities() != "")
    step("getCPUMap", lambda: connection.getCPUMap())
    step("getCPUModelNames", lambda: len(connection.getCPUModelNames("x86_64")) > 10)
    step("getCPUModelNames of no architecture", lambda: connection.getCPUModelNames("nonsense"))
    step("getCPUStats", lambda: sorted(connection.getCPUStats(-1)))
    step("getCPUStats of a processor", lambda: sorted(connection.getCPUStats(0)))
    step("getCPUStats of no processor", lambda: connection.getCPUStats(999))
    step("getMemoryStats", lambda: sorted(connection.getMemoryStats(-1)))
    step("getCellsFreeMemory", lambda: connection.getCellsFreeMemory(0, 2))
    step("getCellsFreeMemory of no cell", lambda: connection.getCellsFreeMemory(9, 2))
    step("getFreePages", lambda: connection.getFreePages([4, 2048], 0, 1))
    step("allocPages", lambda: connection.allocPages([(2048, 1)], 0, 1))
    step("compareCPU", lambda: connection.compareCPU("<cpu><arch>x86_64</arch><model>qemu64</model></cpu>"))
    step("baselineCPU", lambda: shape(connection.baselineCPU(
        ["<cpu><arch>x86_64</arch><model>Penryn</model></cpu>", "<cpu><arch>x86_64</arch><model>Nehalem</model></cpu>"])))
    step("setKeepAlive", lambda: connection.setKeepAlive(5, 3))
    step("suspendForDuration", lambda: connection.suspendForDuration(0, 60))
    step("findStoragePoolSources", lambda: connection.findStoragePoolSources("logical", None))
    step("storagePoolCapabilities", lambda: shape(connection.getStoragePoolCapabilities()))
    step("domainXMLFromNative", lambda: connection.domainXMLFromNative("qemu-argv", "qemu"))
    step("domainXMLToNative", lambda: connection.domainXMLToNative("qemu-argv", "<domain/>"))
    step("identity", lambda: connection.setIdentity({}))


def look_ups(connection):
    step("lookupByName", lambda: connection.lookupByName("test"))
    step("lookupByID", lambda: connection.lookupByID(1))
    step("lookupByUUIDString", lambda: connection.lookupByUUIDString("6695eb01-f6a4-8304-79aa-97f2502e193f"))
    step("lookupByName of none", lambda: connection.lookupByName("nobody"))
    step("lookupByName of the empty name", lambda: connection.lookupByName(""))
    step("lookupByID of none", lambda: connection.lookupByID(77))
    step("lookupByUUIDString of none",
         lambda: connection.lookupByUUIDString("00000000-0000-0000-0000-000000000001"))
    step("lookupByUUIDString of no UUID", lambda: connection.lookupByUUIDString("hello"))
    for bit in range(0, 16):
        step(f"listAllDomains {1 << bit}", lambda: connection.listAllDomains(1 << bit))


def reads(domain, when):
    """Everything that can be asked of a domain."""
    for name in ["name", "UUIDString", "ID", "OSType", "isActive", "isPersistent", "isUpdated", "autostart",
                 "maxMemory", "maxVcpus", "state", "hasManagedSaveImage", "hasCurrentSnapshot", "snapshotNum",
                 "snapshotListNames", "listAllSnapshots", "listAllCheckpoints", "controlInfo", "schedulerType",
                 "schedulerParameters", "memoryParameters", "blkioParameters", "numaParameters", "getTime",
                 "hostname", "emulatorPinInfo", "ioThreadInfo", "vcpuPinInfo", "jobInfo", "jobStats", "fsInfo",
                 "diskErrors", "perfEvents", "getEmulatorPinInfo", "securityLabel", "securityLabelList",
                 "blockJobInfo", "launchSecurityInfo", "messages", "guestVcpus", "guestInfo", "backupGetXMLDesc",
                 "interfaceAddresses", "snapshotCurrent", "migrateGetMaxSpeed", "migrateGetMaxDowntime",
                 "migrateGetCompressionCache"]:
        if not hasattr(domain, name):
            continue
        arguments = {"interfaceAddresses": [0], "blockJobInfo": ["vda"]}.get(name, [])
        step(f"{when}: {name}", lambda: getattr(domain, name)(*arguments))
    step(f"{when}: info", lambda: domain.info()[:4])
    step(f"{when}: XMLDesc", lambda: shape(domain.XMLDesc()))
    step(f"{when}: XMLDesc of the next start", lambda: shape(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)))
    step(f"{when}: XMLDesc with secrets", lambda: shape(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE)))
    for flags in (0, 1, 2, 3, 4, 1 | 4, 2 | 4, 8, 1024):
        step(f"{when}: vcpusFlags {flags}", lambda: domain.vcpusFlags(flags))
    step(f"{when}: vcpus", lambda: [[each[0], each[1], each[3]] for each in domain.vcpus()[0]])
    step(f"{when}: blockInfo", lambda: domain.blockInfo("vda"))
    step(f"{when}: blockInfo of no disk", lambda: domain.blockInfo("vdz"))
    step(f"{when}: blockStats", lambda: len(domain.blockStats("vda")))
    step(f"{when}: blockStats of no disk", lambda: domain.blockStats("vdz"))
    step(f"{when}: blockStatsFlags", lambda: sorted(domain.blockStatsFlags("vda")))
    step(f"{when}: blockIoTune", lambda: domain.blockIoTune("vda"))
    step(f"{when}: interfaceParameters", lambda: domain.interfaceParameters("nic01"))
    step(f"{when}: interfaceStats", lambda: len(domain.interfaceStats("nic01")))
    step(f"{when}: interfaceStats of no interface", lambda: domain.interfaceStats("nic99"))
    step(f"{when}: memoryStats", lambda: sorted(domain.memoryStats()))
    step(f"{when}: getCPUStats", lambda: [sorted(each) for each in domain.getCPUStats(True)])
    step(f"{when}: metadata title", lambda: domain.metadata(libvirt.VIR_DOMAIN_METADATA_TITLE, None))
    step(f"{when}: metadata", lambda: domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "http://x"))
    step(f"{when}: blockPeek", lambda: domain.blockPeek("vda", 0, 4))
    step(f"{when}: memoryPeek", lambda: domain.memoryPeek(0, 4, 1))


def life_cycle(connection, heard):
    domain = step("defineXML", lambda: connection.defineXML(definition("walk", 1)))
    if domain is None:
        return None
    reads(domain, "inactive")
    for name in ("suspend", "resume", "shutdown", "reboot", "destroy", "managedSave", "abortJob", "reset",
                 "injectNMI", "pMWakeup"):
        arguments = {"reboot": [0], "injectNMI": [0], "pMWakeup": [0], "reset": [0]}.get(name, [])
        step(f"inactive: {name}", lambda: getattr(domain, name)(*arguments))
    step("defineXML again", lambda: connection.defineXML(definition("walk", 1).replace("262144", "131072")))
    step("defineXML back", lambda: connection.defineXML(definition("walk", 1)))
    step("defineXML under another name", lambda: connection.defineXML(definition("other", 1)))
    step("defineXML with another UUID", lambda: connection.defineXML(definition("walk", 2)))
    step("defineXML of nothing", lambda: connection.defineXML(""))
    step("defineXML of no XML", lambda: connection.defineXML("<domain"))
    step("defineXML of another document", lambda: connection.defineXML("<network><name>x</name></network>"))
    step("defineXML without a name", lambda: connection.defineXML("<domain type='test'><memory>1</memory></domain>"))
    step("defineXML without a type", lambda: connection.defineXML("<domain><name>x</name></domain>"))
    step("defineXMLFlags with an unknown bit", lambda: connection.defineXMLFlags(definition("walk", 1), 1 << 20))
    step("create", lambda: domain.create())
    step("create again", lambda: domain.create())
    reads(domain, "running")
    step("suspend", lambda: domain.suspend())
    step("suspended state", lambda: domain.state())
    step("suspend again", lambda: domain.suspend())
    step("resume", lambda: domain.resume())
    step("resume again", lambda: domain.resume())
    step("reboot", lambda: domain.reboot(0))
    step("state after reboot", lambda: domain.state())
    step("shutdown", lambda: domain.shutdown())
    step("state after shutdown", lambda: domain.state())
    step("create with a flag", lambda: domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED))
    step("state after a paused start", lambda: domain.state())
    step("resume from a paused start", lambda: domain.resume())
    step("destroyFlags", lambda: domain.destroyFlags(0))
    step("state after destroy", lambda: domain.state())
    step("createWithFlags with an unknown bit", lambda: domain.createWithFlags(1 << 20))
    step("setAutostart", lambda: domain.setAutostart(1))
    step("autostart", lambda: domain.autostart())
    step("setAutostart off", lambda: domain.setAutostart(0))
    step("managedSave", lambda: (domain.create(), domain.managedSave()))
    step("hasManagedSaveImage", lambda: domain.hasManagedSaveImage())
    step("managedSaveGetXMLDesc", lambda: shape(domain.managedSaveGetXMLDesc()))
    step("undefine with a managed save image", lambda: domain.undefine())
    step("managedSaveRemove", lambda: domain.managedSaveRemove())
    step("life-cycle events", lambda: heard.take(connection))
    step("rename", lambda: domain.rename("walked"))
    step("renamed", lambda: connection.lookupByName("walked").name())
    step("rename to a name that is there", lambda: domain.rename("test"))
    step("rename back", lambda: domain.rename("walk"))
    return domain


def tuning(domain):
    live, config = libvirt.VIR_DOMAIN_AFFECT_LIVE, libvirt.VIR_DOMAIN_AFFECT_CONFIG
    step("setMemory of an inactive domain", lambda: domain.setMemory(131072))
    step("create for tuning", lambda: domain.create())
    step("setMemory", lambda: domain.setMemory(131072))
    step("memory", lambda: domain.info()[1:3])
    step("setMemory above the maximum", lambda: domain.setMemory(1 << 30))
    step("setMemory to nothing", lambda: domain.setMemory(0))
    step("setMaxMemory while it runs", lambda: domain.setMaxMemory(1048576))
    step("setMemoryFlags both", lambda: domain.setMemoryFlags(200000, live | config))
    step("setMemoryStatsPeriod", lambda: domain.setMemoryStatsPeriod(5))
    step("setVcpus", lambda: domain.setVcpus(2))
    step("vcpus", lambda: domain.vcpusFlags(live))
    step("setVcpus above the maximum", lambda: domain.setVcpus(9))
    step("setVcpus to nothing", lambda: domain.setVcpus(0))
    step("setVcpusFlags of the next start", lambda: domain.setVcpusFlags(3, config))
    step("setVcpusFlags maximum live", lambda: domain.setVcpusFlags(3, live | 4))
    step("pinVcpu", lambda: domain.pinVcpu(0, (True, False, True)))
    step("vcpuPinInfo", lambda: domain.vcpuPinInfo())
    step("pinVcpu of no processor", lambda: domain.pinVcpu(99, (True,)))
    step("pinEmulator", lambda: domain.pinEmulator((True, False)))
    step("emulatorPinInfo", lambda: domain.emulatorPinInfo())
    step("setSchedulerParameters", lambda: domain.setSchedulerParameters({"weight": 17}))
    step("setSchedulerParameters of none such", lambda: domain.setSchedulerParameters({"nonsense": 17}))
    step("schedulerParameters", lambda: domain.schedulerParameters())
    step("setMemoryParameters", lambda: domain.setMemoryParameters({"hard_limit": 900000, "soft_limit": 800000}))
    step("memoryParameters", lambda: domain.memoryParameters())
    step("setBlkioParameters", lambda: domain.setBlkioParameters({"weight": 500}))
    step("blkioParameters", lambda: domain.blkioParameters())
    step("setNumaParameters", lambda: domain.setNumaParameters({"numa_nodeset": "0-1", "numa_mode": 0}))
    step("numaParameters", lambda: domain.numaParameters())
    step("setBlockIoTune", lambda: domain.setBlockIoTune("vda", {"total_bytes_sec": 100000}))
    step("blockIoTune", lambda: domain.blockIoTune("vda"))
    step("setInterfaceParameters", lambda: domain.setInterfaceParameters("nic01", {"inbound.average": 1000}))
    step("interfaceParameters", lambda: domain.interfaceParameters("nic01"))
    step("setPerfEvents", lambda: domain.setPerfEvents({"cmt": True}))
    step("perfEvents", lambda: domain.perfEvents())
    step("setMetadata title", lambda: domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "A title", None, None))
    step("metadata title", lambda: domain.metadata(libvirt.VIR_DOMAIN_METADATA_TITLE, None))
    step("setMetadata description",
         lambda: domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, "Text", None, None, config))
    step("metadata description",
         lambda: domain.metadata(libvirt.VIR_DOMAIN_METADATA_DESCRIPTION, None, config))
    step("setMetadata", lambda: domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_ELEMENT, "<a b='c'/>", "k", "http://x", live | config))
    step("metadata", lambda: shape(domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "http://x")))
    step("setMetadata away", lambda: domain.setMetadata(
        libvirt.VIR_DOMAIN_METADATA_ELEMENT, None, "k", "http://x", live | config))
    step("metadata that is gone", lambda: domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, "http://x"))
    step("setLifecycleAction", lambda: domain.setLifecycleAction(0, 1, live | config))
    step("addIOThread", lambda: domain.addIOThread(1, live | config))
    step("ioThreadInfo", lambda: [each[0] for each in domain.ioThreadInfo(live)])
    step("pinIOThread", lambda: domain.pinIOThread(1, (True, False)))
    step("setIOThreadParams", lambda: domain.setIOThreadParams(1, {"poll_max_ns": 1000}, live))
    step("delIOThread", lambda: domain.delIOThread(1, live | config))
    step("sendKey", lambda: domain.sendKey(0, 0, [30], 1, 0))
    step("sendProcessSignal", lambda: domain.sendProcessSignal(1, 9, 0))
    step("setUserPassword", lambda: domain.setUserPassword("root", "secret", 0))
    step("setTime", lambda: domain.setTime({"seconds": 1, "nseconds": 0}, 0))
    step("fsFreeze", lambda: domain.fsFreeze())
    step("fsThaw", lambda: domain.fsThaw())
    step("fSTrim", lambda: domain.fSTrim(None, 0))
    step("setGuestVcpus", lambda: domain.setGuestVcpus("0", 1))
    step("qemu monitor", lambda: domain.qemuMonitorCommand("info", 1))
    step("XMLDesc after tuning", lambda: shape(domain.XMLDesc()))
    step("XMLDesc of the next start after tuning", lambda: shape(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)))
    for flags in (0, 1, 2, 3, 4, 1 << 30):
        step(f"attachDevice {flags}", lambda: domain.attachDeviceFlags(
            f"<disk type='file' device='disk'><source file='/guest/extra{flags}.img'/>"
            f"<target dev='vd{'bcdefg'[min(flags, 5)]}' bus='virtio'/></disk>", flags))
    step("detachDevice", lambda: domain.detachDeviceFlags(
        "<disk type='file' device='disk'><target dev='vdc' bus='virtio'/></disk>", live))
    step("detachDeviceAlias", lambda: domain.detachDeviceAlias("none", 0))
    step("updateDevice", lambda: domain.updateDeviceFlags(
        "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/>"
        "<link state='down'/></interface>", live))
    step("openConsole", lambda: domain.openConsole(None, domain.connect().newStream(0)))
    step("screenshot", lambda: domain.screenshot(domain.connect().newStream(0), 0))
    step("save", lambda: domain.save("/tmp/drover-walk.save"))
    step("state after save", lambda: domain.state())
    step("saveImageGetXMLDesc", lambda: shape(domain.connect().saveImageGetXMLDesc("/tmp/drover-walk.save")))
    step("restore", lambda: domain.connect().restore("/tmp/drover-walk.save"))
    step("state after restore", lambda: domain.state())
    step("restore from nothing", lambda: domain.connect().restore("/tmp/drover-no-such-file"))
    step("coreDump", lambda: domain.coreDump("/tmp/drover-walk.core", 0))
    step("coreDumpWithFormat", lambda: domain.coreDumpWithFormat("/tmp/drover-walk.core", 99, 0))
    step("destroy after tuning", lambda: domain.destroy())


def snapshots(domain):
    step("create for snapshots", lambda: domain.create())
    for name in ("one", "two", "three"):
        step(f"snapshotCreateXML {name}", lambda: domain.snapshotCreateXML(
            f"<domainsnapshot><name>{name}</name><description>{name}</description></domainsnapshot>"))
    step("snapshotCreateXML again", lambda: domain.snapshotCreateXML(
        "<domainsnapshot><name>one</name></domainsnapshot>"))
    step("snapshotCreateXML of no document", lambda: domain.snapshotCreateXML("<nonsense/>"))
    step("snapshotNum", lambda: domain.snapshotNum())
    step("snapshotListNames", lambda: domain.snapshotListNames())
    step("snapshotListNames of roots", lambda: domain.snapshotListNames(1))
    step("listAllSnapshots", lambda: domain.listAllSnapshots())
    step("hasCurrentSnapshot", lambda: domain.hasCurrentSnapshot())
    step("snapshotCurrent", lambda: domain.snapshotCurrent())
    two = step("snapshotLookupByName", lambda: domain.snapshotLookupByName("two"))
    step("snapshotLookupByName of none", lambda: domain.snapshotLookupByName("nine"))
    if two is not None:
        step("getParent", lambda: two.getParent())
        step("isCurrent", lambda: two.isCurrent())
        step("hasMetadata", lambda: two.hasMetadata())
        step("numChildren", lambda: two.numChildren())
        step("listAllChildren", lambda: two.listAllChildren())
        step("snapshot XMLDesc", lambda: [each for each in shape(two.getXMLDesc()) if "creationTime=" not in each])
        step("revertToSnapshot", lambda: domain.revertToSnapshot(two))
        step("snapshotCurrent after revert", lambda: domain.snapshotCurrent())
        step("delete with children only", lambda: two.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN_ONLY))
        step("delete", lambda: two.delete())
    step("snapshotListNames after delete", lambda: domain.snapshotListNames())
    step("undefine while it runs", lambda: domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA))
    step("destroy with snapshots", lambda: domain.destroy())


def transient(connection, heard):
    heard.take(connection)
    domain = step("createXML", lambda: connection.createXML(definition("brief", 3)))
    if domain is None:
        return
    step("transient: isPersistent", lambda: domain.isPersistent())
    step("transient: setAutostart", lambda: domain.setAutostart(1))
    step("transient: undefine", lambda: domain.undefine())
    step("transient: managedSave", lambda: domain.managedSave())
    step("transient: setMemoryFlags of the next start",
         lambda: domain.setMemoryFlags(1000, libvirt.VIR_DOMAIN_AFFECT_CONFIG))
    step("createXML again", lambda: connection.createXML(definition("brief", 3)))
    step("createXML paused", lambda: connection.createXML(definition("paused", 4), libvirt.VIR_DOMAIN_START_PAUSED).state())
    step("transient: destroy", lambda: domain.destroy())
    step("transient: state when it is gone", lambda: domain.state())
    step("transient: XMLDesc when it is gone", lambda: domain.XMLDesc())
    step("transient: create when it is gone", lambda: domain.create())
    step("destroy the paused one", lambda: connection.lookupByName("paused").destroy())
    step("transient events", lambda: heard.take(connection))


def statistics(connection):
    step("getAllDomainStats", lambda: [
        [domain.name(), sorted(found)] for domain, found in connection.getAllDomainStats()])
    for bit in range(0, 12):
        step(f"getAllDomainStats {1 << bit}", lambda: [
            [domain.name(), sorted(found)] for domain, found in connection.getAllDomainStats(1 << bit)])
    step("getAllDomainStats of state, enforced", lambda: [
        found for _domain, found in connection.getAllDomainStats(1, 1 << 31)])
    step("domainListGetStats", lambda: [
        found.get("state.state")
        for _domain, found in connection.domainListGetStats([connection.lookupByName("test")], 1)])


def networks(connection):
    network = step("networkLookupByName", lambda: connection.networkLookupByName("default"))
    step("networkLookupByName of none", lambda: connection.networkLookupByName("nothing"))
    step("networkLookupByUUIDString",
         lambda: connection.networkLookupByUUIDString("dd8fe884-6c02-601e-7551-cca97df1c5df"))
    step("listAllNetworks", lambda: connection.listAllNetworks())
    if network is None:
        return
    for name in ("name", "UUIDString", "isActive", "isPersistent", "autostart", "bridgeName", "DHCPLeases",
                 "listAllPorts"):
        step(f"network: {name}", lambda: getattr(network, name)())
    step("network: XMLDesc", lambda: shape(network.XMLDesc()))
    text = ("<network><name>walk</name><uuid>22222222-2222-3333-4444-000000000001</uuid><bridge name='virbr7'/>"
            "<forward mode='nat'/><ip address='10.9.8.1' netmask='255.255.255.0'>"
            "<dhcp><range start='10.9.8.2' end='10.9.8.9'/></dhcp></ip></network>")
    made = step("networkDefineXML", lambda: connection.networkDefineXML(text))
    step("networkDefineXML of no XML", lambda: connection.networkDefineXML("<network"))
    step("networkDefineXML with another UUID",
         lambda: connection.networkDefineXML(text.replace("000000000001", "000000000002")))
    if made is not None:
        step("network: bridgeName of an inactive one", lambda: made.bridgeName())
        step("network: destroy inactive", lambda: made.destroy())
        step("network: create", lambda: made.create())
        step("network: create again", lambda: made.create())
        step("network: setAutostart", lambda: made.setAutostart(1))
        step("network: autostart on", lambda: made.autostart())
        step("network: update", lambda: made.update(
            libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST, -1,
            "<host mac='52:54:00:00:01:01' ip='10.9.8.5'/>", 0))
        step("network: XMLDesc of the new one", lambda: shape(made.XMLDesc()))
        step("network: undefine active", lambda: made.undefine())
        step("network: destroy", lambda: made.destroy())
        step("network: undefine", lambda: made.undefine())
        step("network: gone", lambda: made.isActive())
    brief = step("networkCreateXML", lambda: connection.networkCreateXML(text))
    if brief is not None:
        step("network: transient", lambda: [brief.isActive(), brief.isPersistent()])
        step("network: transient setAutostart", lambda: brief.setAutostart(1))
        step("network: transient destroy", lambda: brief.destroy())


def interfaces(connection):
    step("listAllInterfaces", lambda: connection.listAllInterfaces())
    interface = step("interfaceLookupByName", lambda: connection.interfaceLookupByName("eth1"))
    step("interfaceLookupByName of none", lambda: connection.interfaceLookupByName("eth9"))
    step("interfaceLookupByMACString", lambda: connection.interfaceLookupByMACString("aa:bb:cc:dd:ee:ff"))
    if interface is None:
        return
    for name in ("name", "MACString", "isActive"):
        step(f"interface: {name}", lambda: getattr(interface, name)())
    step("interface: XMLDesc", lambda: shape(interface.XMLDesc(0)))
    text = ("<interface type='ethernet' name='eth7'><start mode='onboot'/><mac address='aa:bb:cc:dd:ee:f7'/>"
            "<mtu size='1492'/></interface>")
    step("changeCommit without a change", lambda: connection.changeCommit())
    step("changeRollback without a change", lambda: connection.changeRollback())
    step("changeBegin", lambda: connection.changeBegin())
    step("changeBegin again", lambda: connection.changeBegin())
    made = step("interfaceDefineXML", lambda: connection.interfaceDefineXML(text, 0))
    if made is not None:
        step("interface: create", lambda: made.create(0))
        step("interface: create again", lambda: made.create(0))
        step("interface: destroy", lambda: made.destroy(0))
        step("interface: destroy again", lambda: made.destroy(0))
    step("changeRollback", lambda: connection.changeRollback())
    step("listDefinedInterfaces after rollback", lambda: connection.listDefinedInterfaces())


def storage(connection):
    step("listAllStoragePools", lambda: connection.listAllStoragePools())
    pool = step("storagePoolLookupByName", lambda: connection.storagePoolLookupByName("default-pool"))
    step("storagePoolLookupByName of none", lambda: connection.storagePoolLookupByName("nothing"))
    if pool is None:
        return
    for name in ("name", "UUIDString", "isActive", "isPersistent", "autostart", "info", "numOfVolumes", "listVolumes",
                 "listAllVolumes"):
        step(f"pool: {name}", lambda: getattr(pool, name)())
    step("pool: XMLDesc", lambda: shape(pool.XMLDesc(0)))
    step("pool: refresh", lambda: pool.refresh(0))
    volume = step("volume: createXML", lambda: pool.createXML(
        "<volume><name>walk.img</name><capacity unit='M'>16</capacity><allocation>0</allocation>"
        "<target><format type='raw'/></target></volume>", 0))
    step("volume: createXML again", lambda: pool.createXML(
        "<volume><name>walk.img</name><capacity unit='M'>16</capacity></volume>", 0))
    step("volume: createXML larger than the pool", lambda: pool.createXML(
        "<volume><name>huge.img</name><capacity unit='T'>100</capacity><allocation unit='T'>100</allocation></volume>", 0))
    step("volume: lookup of none", lambda: pool.storageVolLookupByName("nothing"))
    if volume is not None:
        for name in ("name", "key", "path", "info"):
            step(f"volume: {name}", lambda: getattr(volume, name)())
        step("volume: XMLDesc", lambda: [each for each in shape(volume.XMLDesc(0)) if "timestamps" not in each])
        step("volume: by key", lambda: connection.storageVolLookupByKey(volume.key()))
        step("volume: by path", lambda: connection.storageVolLookupByPath(volume.path()))
        step("volume: its pool", lambda: volume.storagePoolLookupByVolume())
        step("volume: createXMLFrom", lambda: pool.createXMLFrom(
            "<volume><name>copy.img</name><capacity unit='M'>16</capacity></volume>", volume, 0))
        step("volume: resize", lambda: volume.resize(32 << 20, 0))
        step("volume: wipe", lambda: volume.wipe(0))
        step("listAllVolumes", lambda: pool.listAllVolumes())
        step("volume: delete", lambda: volume.delete(0))
        step("volume: info when it is gone", lambda: volume.info())
    text = ("<pool type='dir'><name>walk</name><uuid>33333333-2222-3333-4444-000000000001</uuid>"
            "<target><path>/drover-walk</path></target></pool>")
    made = step("storagePoolDefineXML", lambda: connection.storagePoolDefineXML(text, 0))
    if made is not None:
        step("pool: volumes of an inactive one", lambda: made.listVolumes())
        step("pool: build", lambda: made.build(0))
        step("pool: create", lambda: made.create(0))
        step("pool: create again", lambda: made.create(0))
        step("pool: setAutostart", lambda: made.setAutostart(1))
        step("pool: undefine active", lambda: made.undefine())
        step("pool: destroy", lambda: made.destroy())
        step("pool: destroy again", lambda: made.destroy())
        step("pool: delete", lambda: made.delete(0))
        step("pool: undefine", lambda: made.undefine())
        step("pool: gone", lambda: made.info())


def node_devices(connection):
    step("listAllDevices", lambda: sorted(each.name() for each in connection.listAllDevices()))
    step("numOfDevices", lambda: connection.numOfDevices(None, 0))
    step("listDevices of a kind", lambda: sorted(connection.listDevices("scsi_host", 0)))
    device = step("nodeDeviceLookupByName", lambda: connection.nodeDeviceLookupByName("scsi_host1"))
    step("nodeDeviceLookupByName of none", lambda: connection.nodeDeviceLookupByName("nothing"))
    step("nodeDeviceLookupSCSIHostByWWN",
         lambda: connection.nodeDeviceLookupSCSIHostByWWN("2000000012341234", "1000000012341234", 0))
    if device is None:
        return
    for name in ("name", "parent", "listCaps", "numOfCaps"):
        step(f"device: {name}", lambda: getattr(device, name)())
    step("device: XMLDesc", lambda: shape(device.XMLDesc(0)))
    step("device: dettach", lambda: device.dettach())
    step("device: reset", lambda: device.reset())


def closing(connection, domain):
    step("undefine", lambda: domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA))
    step("undefine again", lambda: domain.undefine())
    step("listAllDomains at the end", lambda: connection.listAllDomains())
    step("events of none such", lambda: connection.domainEventRegisterAny(None, 999, lambda *_: None, None))
    step("close", lambda: connection.close())


def main():
    connection = libvirt.open(sys.argv[1])
    heard = Heard()
    number = step("domainEventRegisterAny", lambda: connection.domainEventRegisterAny(
        None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE,
        lambda _connection, domain, event, detail, _opaque: heard.put(domain.name(), event, detail), None) >= 0)
    host(connection)
    look_ups(connection)
    domain = life_cycle(connection, heard)
    if domain is not None:
        tuning(domain)
        snapshots(domain)
    transient(connection, heard)
    statistics(connection)
    networks(connection)
    interfaces(connection)
    storage(connection)
    node_devices(connection)
    if domain is not None:
        closing(connection, domain)


main()
