import { network } from "../../../model/documents/network.ts";
import { testConformance } from "./conformance.ts";

testConformance({
  set: "network",
  inputs: "networkxml2xmlin",
  outputs: "networkxml2xmlout",
  description: network,
  refused: {
    "passthrough-duplicate.xml": /listed twice/,
    "routed-network-no-dns-extra-elements.xml": /without a name server/,
  },
});
