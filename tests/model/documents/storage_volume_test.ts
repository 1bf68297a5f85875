import { storageVolume } from "../../../model/documents/mod.ts";
import { testConformance } from "./conformance.ts";

testConformance({
  set: "storage-volume",
  inputs: "storagevolxml2xmlin",
  outputs: "storagevolxml2xmlout",
  description: storageVolume,
  withoutOutput: "read",
  stale: {
    "vol-qcow2-nocow.xml": "holds an empty <source> that every other output with the same input has dropped",
  },
  context: (name) => ({ poolType: poolTypeFor(name) }),
});

/** The pool that libvirt's test gives each file. */
function poolTypeFor(name: string): string {
  if (name.startsWith("vol-logical")) return "logical";
  if (name.startsWith("vol-partition")) return "disk";
  return name.startsWith("vol-gluster") ? "gluster" : "dir";
}
