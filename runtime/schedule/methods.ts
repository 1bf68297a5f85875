/**
 * What can be asked of a kernel about schedules.
 *
 * @module
 */
import { z } from "zod";
import { firing, firingStates, scheduleName, scheduleSpec, scheduleView } from "./description.ts";

const named = z.object({ name: scheduleName });
const numbered = z.object({ id: z.string().min(1).max(128) });

/** Whether the kernel that answers fires schedules. */
const served = z.boolean();

/** The methods. `served` says whether the kernel that answered fires schedules at all. */
export const scheduleMethods = {
  "schedules.add": {
    params: z.object({ spec: scheduleSpec, replace: z.boolean().default(false) }),
    result: z.object({ schedule: scheduleView, served }),
  },
  "schedules.list": {
    params: z.object({}),
    result: z.object({ schedules: z.array(scheduleView), served }),
  },
  "schedules.show": {
    params: named.extend({ upcoming: z.int().nonnegative().max(100).default(5) }),
    result: z.object({ schedule: scheduleView, upcoming: z.array(z.number()), served }),
  },
  "schedules.pause": { params: named, result: scheduleView },
  "schedules.resume": { params: named, result: z.object({ schedule: scheduleView, served }) },
  "schedules.remove": { params: named, result: scheduleView },
  "schedules.run-now": {
    params: named.extend({ key: z.string().min(1).max(255).optional(), force: z.boolean().default(false) }),
    result: z.object({ firing, served }),
  },
  /** Newest first. */
  "schedules.history": {
    params: z.object({
      schedule: scheduleName.optional(),
      states: z.array(z.enum(firingStates)).optional(),
      limit: z.int().positive().max(1000).default(100),
      before: z.string().max(128).optional(),
    }),
    result: z.array(firing),
  },
  "schedules.firing": { params: numbered, result: firing },
  "schedules.again": { params: numbered, result: z.object({ firing, served }) },
  "schedules.drop": { params: numbered, result: firing },
} as const;
