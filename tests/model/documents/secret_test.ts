import { secret } from "../../../model/documents/mod.ts";
import { testConformance } from "./conformance.ts";

testConformance({ set: "secret", inputs: "secretxml2xmlin", description: secret });
