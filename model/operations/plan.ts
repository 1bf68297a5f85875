/**
 * Operations that compute plans. They look at nothing: what is there is given to them, by whoever may read it.
 *
 * @module
 */
import { z } from "zod";
import { desiredSchema, presentSchema } from "../desired/mod.ts";
import { operation } from "../operation.ts";
import { planSchema } from "../plan.ts";

export const connectionComputePlan = operation("connection.computePlan", {
  summary: "Compute what would change for an object to be as desired, from what it is now",
  permission: "connect:getattr",
  job: "none",
  effect: "read",
  input: z.object({
    desired: desiredSchema.describe("The kind of object, and what it shall be"),
    present: presentSchema.describe("Its definitions as they are now; nothing where it is not there"),
  }),
  output: planSchema,
});
