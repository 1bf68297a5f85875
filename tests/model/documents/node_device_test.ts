import { nodeDevice } from "../../../model/documents/node_device.ts";
import { testConformance } from "./conformance.ts";

testConformance({
  set: "nodedev",
  inputs: "nodedevschemadata",
  outputs: "nodedevxml2xmlout",
  description: nodeDevice,
  withoutOutput: "read",
  refused: { "ccw_0_0_10000-invalid.xml": /devno/, "css_0_0_10000-invalid.xml": /devno/ },
});
