import { domain } from "../../../model/documents/mod.ts";
import { testConformance } from "./conformance.ts";
import { exceptions } from "./exceptions.ts";

/** What reading adds comes from the host: libvirt's tests ran on this one, with random numbers that are zero. */
const context = { arch: "x86_64", newMac: () => "52:54:00:00:00:00" };

const ignored = {
  "/domain/iothreadids/iothread/poll/@max":
    "2^63 - 1 and 2^63 are the same number; the document keeps the digits",
};

testConformance({
  set: "domain-xml",
  inputs: "genericxml2xmlindata",
  outputs: "genericxml2xmloutdata",
  description: domain,
  context: () => context,
  ignored,
  refused: {
    "cachetune-colliding-types.xml": /Cache 0 of level 3 is allocated twice/,
    "chardev-reconnect-invalid-mode.xml": /Only who connects can reconnect/,
    "chardev-tcp-missing-service.xml": /"service" is missing/,
    "chardev-tcp-multiple-source.xml": /second <source>/,
    "chardev-udp-multiple-source.xml": /second source to "connect"/,
    "chardev-unix-rng-missing-path.xml": /path of the socket is missing/,
    "chardev-unix-smartcard-missing-path.xml": /path of the socket is missing/,
    "graphics-listen-back-compat-mismatch.xml":
      /listen at "192.168.123.123", their first <listen> at "1.2.3.4"/,
    "graphics-listen-network-invalid.xml": /"network" is missing/,
    "graphics-vnc-socket-attr-listen-socket-mismatch.xml": /have the socket .* their first <listen> has/,
    "memorytune-colliding-allocs.xml": /Bandwidth of node 0 is allocated twice/,
    "name-slash-fail.xml": /has a slash/,
  },
});

testConformance({
  set: "domain-xml",
  inputs: "genericxml2xmloutdata",
  description: domain,
  ignored,
  changesOfOneKind: 2,
});

const qemu = "qemu-argv/qemuxmlconfdata";

testConformance({
  set: "qemu-argv",
  inputs: "qemuxmlconfdata",
  description: domain,
  only: (name) => !name.includes(".x86_64-latest."),
  withoutOutput: "read",
  changesOfOneKind: 2,
  except: exceptions[qemu] ?? {},
  refused: {
    "boot-dev+order.xml": /booted in two orders/,
    "boot-menu-enable-with-timeout-invalid.xml": /@timeout\): Found "65536"/,
    "chardev-reconnect-invalid-timeout.xml": /time between attempts to reconnect/,
    "cpu-numa-distance-nonexistent-sibling.xml": /node 2, which does not exist/,
    "cpu-numa3.xml": /not numbered from 0/,
    "cpuset-invalid.xml": /@cpuset\): Found "aaa"/,
    "disk-address-conflict.xml": /two disks at the address of "sdb"/,
    "disk-ide-incompatible-address.xml": /on "ide" at an address of "pci"/,
    "disk-sata-incompatible-address.xml": /on "sata" at an address of "pci"/,
    "disk-scsi-disk-vpd-build-error.xml": /Only SCSI disks have a vendor/,
    "disk-scsi-incompatible-address.xml": /on "scsi" at an address of "pci"/,
    "disk-target-overflow.xml": /does not tell the disk's place/,
    "firmware-auto-bios-not-stateless.xml": /A BIOS keeps no variables/,
    "firmware-auto-bios-nvram.xml": /A BIOS keeps no variables/,
    "firmware-auto-efi-enrolled-keys-no-secboot.xml": /secure boot is off/,
    "firmware-manual-bios-not-stateless.xml": /Only firmware in flash keeps variables/,
    "firmware-manual-efi-loader-no-path.xml": /path of the firmware is missing/,
    "firmware-manual-efi-nvram-stateless.xml": /Firmware without state keeps no variables/,
    "firmware-manual-efi-nvram-template-stateless.xml": /Firmware without state keeps no variables/,
    "hostdev-pci-duplicate.xml": /given away twice/,
    "hostdev-usb-duplicate.xml": /given away twice/,
    "hostdevs-drive-address-conflict.xml": /another device's already/,
    "numatune-memnodes-problematic.xml": /tuned one by one/,
    "pci-bridge-duplicate-index.xml": /two "pci" controllers with the number 1/,
    "seclabel-multiple.xml": /two labels for "selinux"/,
    "virtio-iommu-dma-translation.xml": /@dma_translation\): An IOMMU of the model "virtio"/,
    "disk-cdrom-empty-network-invalid.xml": /<source> is missing/,
    "disk-network-iscsi-auth-secrettype-invalid.xml": /"type" is missing/,
    "disk-network-iscsi-zero-hosts-invalid.xml": /<host>/,
    "disk-network-source-auth-both.xml": /said twice/,
    "hostdev-mdev-src-address-invalid.xml": /"uuid" is missing/,
    "hostdev-scsi-vhost-sgio-invalid.xml": /@sgio\): Only a device of the type "scsi"/,
    "hugepages-memaccess-invalid.xml": /@memAccess\): Found "invalid"/,
    "luks-disk-invalid.xml": /how it is encrypted/,
    "machine-loadparm-s390-char-invalid.xml": /@loadparm\): Found "sys1\?"/,
    "machine-loadparm-s390-len-invalid.xml": /@loadparm\): Found "loadparm1"/,
    "numatune-auto-nodeset-invalid.xml": /host is to choose them/,
    "numatune-memnode-invalid-mode.xml": /for all nodes or for none/,
    "numatune-memnode-restrictive-mode-err-mixed.xml": /for all nodes or for none/,
    "numatune-memory-invalid-nodeset.xml": /@nodeset\): Found "0,\^0"/,
    "pci-root-nonzero-index.xml": /The root of PCI has the number 0/,
    "pci-slot-invalid.xml": /@slot\): Found "0x20"/,
    "seclabel-device-relabel-invalid.xml": /Relabelling needs a label/,
    "serial-unix-missing-source.xml": /path of the socket is missing/,
    "smbios-date.xml": /date of the BIOS/,
    "throttlefilter-invalid.xml": /exclude each other/,
    "tpm-no-backend-invalid.xml": /<backend> is missing/,
    "video-invalid-multiple-devices.xml": /"none" is the only one/,
    "virtio-rng-egd-crash.xml": /path of the socket is missing/,
  },
});

testConformance({
  set: "qemu-argv",
  inputs: "qemuxmlconfdata",
  description: domain,
  only: (name) => name.includes(".x86_64-latest."),
  except: exceptions[qemu] ?? {},
  changesOfOneKind: 2,
});

testConformance({ set: "bhyve", inputs: "bhyveargv2xmldata", description: domain });
testConformance({
  set: "bhyve",
  inputs: "bhyvexml2argvdata",
  description: domain,
  withoutOutput: "read",
  refused: { "bhyvexml2argv-bhyveload-bootorder5.xml": /booted in two orders/ },
});
testConformance({ set: "bhyve", inputs: "bhyvexml2xmloutdata", description: domain });
testConformance({ set: "lxc", inputs: "lxcconf2xmldata", description: domain });
testConformance({ set: "lxc", inputs: "lxcxml2xmldata", outputs: "lxcxml2xmloutdata", description: domain });
testConformance({ set: "vmx", inputs: "vmx2xmldata", description: domain });
testConformance({ set: "vmx", inputs: "xml2vmxdata", description: domain, withoutOutput: "read" });
testConformance({ set: "xen", inputs: "libxlxml2domconfigdata", description: domain, withoutOutput: "read" });
testConformance({ set: "xen", inputs: "xlconfigdata", description: domain });
