import { storagePool } from "../../../model/documents/storage_pool.ts";
import { testConformance } from "./conformance.ts";

testConformance({
  set: "storage-pool",
  inputs: "storagepoolxml2xmlin",
  outputs: "storagepoolxml2xmlout",
  description: storagePool,
  withoutOutput: "read",
  ignored: {
    "/pool/target/path": "libvirt derives the path of logical, zfs and mpath pools from their source",
  },
});
