/**
 * The methods about schedules.
 *
 * @module
 */
import type { Schedules } from "../schedule/contract.ts";
import type { ControlHandlers } from "./control.ts";
import type { ControlMethod } from "./methods.ts";

/** The methods that are answered here. */
type Method = Extract<ControlMethod, `schedules.${string}`>;

/** The handlers. What fulfils the contract is loaded when somebody asks first: most commands have no need of it. */
export function scheduleHandlers(load: () => Promise<Schedules>): Pick<ControlHandlers, Method> {
  return {
    "schedules.add": async ({ spec, replace }, { principal }) => {
      const schedules = await load();
      return { schedule: await schedules.add(spec, { principal, replace }), served: schedules.served };
    },
    "schedules.list": async () => {
      const schedules = await load();
      return { schedules: [...await schedules.list()], served: schedules.served };
    },
    "schedules.show": async ({ name, upcoming }) => {
      const schedules = await load();
      return {
        schedule: await schedules.show(name),
        upcoming: [...await schedules.upcoming(name, upcoming)],
        served: schedules.served,
      };
    },
    "schedules.pause": async ({ name }, { principal }) => await (await load()).pause(name, { principal }),
    "schedules.resume": async ({ name }, { principal }) => {
      const schedules = await load();
      return { schedule: await schedules.resume(name, { principal }), served: schedules.served };
    },
    "schedules.remove": async ({ name }, { principal }) => await (await load()).remove(name, { principal }),
    "schedules.run-now": async ({ name, key, force }, { principal }) => {
      const schedules = await load();
      const firing = await schedules.runNow(name, {
        principal,
        force,
        ...(key === undefined ? {} : { key }),
      });
      return { firing, served: schedules.served };
    },
    "schedules.history": async ({ schedule, states, limit, before }) => [
      ...await (await load()).history({
        limit,
        ...(schedule === undefined ? {} : { schedule }),
        ...(states === undefined ? {} : { states }),
        ...(before === undefined ? {} : { before }),
      }),
    ],
    "schedules.firing": async ({ id }) => await (await load()).firing(id),
    "schedules.again": async ({ id }, { principal }) => {
      const schedules = await load();
      return { firing: await schedules.again(id, { principal }), served: schedules.served };
    },
    "schedules.drop": async ({ id }, { principal }) => await (await load()).drop(id, { principal }),
  };
}
