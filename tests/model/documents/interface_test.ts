import { hostInterface } from "../../../model/documents/interface.ts";
import { testConformance } from "./conformance.ts";

testConformance({ set: "interface", inputs: "interfaceschemadata", description: hostInterface });
