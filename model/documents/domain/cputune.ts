/**
 * Shares, bandwidth, pinning and scheduling of processors. Facts: libvirt formatdomain, "CPU Tuning".
 *
 * @module
 */
import {
  attribute,
  bytesInLargestUnit,
  element,
  elements,
  enumeration,
  integer,
  shape,
  text,
  type ValueOf,
} from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";
import { cpuset, numbersIn } from "./cpuset.ts";

const period = integer({ min: 1000, max: 1000000 });
const quota = integer({ min: -1, max: 17592186044415 });

const scheduling = {
  batch: {},
  idle: {},
  fifo: { priority: attribute(integer({ max: 65535 })) },
  rr: { priority: attribute(integer({ max: 65535 })) },
};

const vcpuSchedShape = shape({ vcpus: attribute(cpuset()) }).by("scheduler", scheduling);
const iothreadSchedShape = shape({ iothreads: attribute(cpuset()) }).by("scheduler", scheduling);
const emulatorSchedShape = shape({}).by("scheduler", scheduling);

const monitor = { vcpus: attribute(cpuset()) };

const cachetuneShape = shape({
  vcpus: attribute(cpuset()),
  id: attribute(text()).optional().transient(),
  caches: elements("cache", {
    id: attribute(integer({ max: 2 ** 32 - 1 })),
    level: attribute(integer({ max: 2 ** 32 - 1 })),
    type: attribute(enumeration("both", "code", "data")),
    size: attribute(bytesInLargestUnit()),
  }),
  monitors: elements("monitor", { level: attribute(integer({ max: 2 ** 32 - 1 })), ...monitor }),
}).check((cachetune, { refuse }) => {
  const types = new Map<string, Set<string>>();
  cachetune.caches.forEach(({ id, level, type }, index) => {
    const place = `${level} ${id}`;
    const before = types.get(place) ?? new Set();
    if (before.has(type) || (before.size > 0 && (type === "both" || before.has("both")))) {
      refuse(`caches.${index}`, `Cache ${id} of level ${level} is allocated twice for "${type}"`, {
        expected: 'one allocation for "both", or one for "code" and one for "data"',
      });
    }
    types.set(place, before.add(type));
  });
});

/** A part of the host's caches for some processors; sizes are in bytes. */
export interface CacheTune extends ValueOf<typeof cachetuneShape> {}

const memorytuneShape = shape({
  vcpus: attribute(cpuset()),
  nodes: elements("node", {
    id: attribute(integer({ max: 2 ** 32 - 1 })),
    bandwidth: attribute(integer({ max: 2 ** 32 - 1 })),
  }),
  monitors: elements("monitor", monitor),
}).check((memorytune, { refuse }) => {
  const seen = new Set<number>();
  memorytune.nodes.forEach(({ id }, index) => {
    if (seen.has(id)) refuse(`nodes.${index}.id`, `Bandwidth of node ${id} is allocated twice`);
    seen.add(id);
  });
});

const energytuneShape = shape({
  vcpus: attribute(cpuset()),
  id: attribute(text()).optional().transient(),
  monitors: elements("monitor", monitor),
});

const cputuneShape = shape({
  shares: element(integer()).optional(),
  period: element(period).optional(),
  quota: element(quota).optional(),
  globalPeriod: element("global_period", period).optional(),
  globalQuota: element("global_quota", quota).optional(),
  emulatorPeriod: element("emulator_period", period).optional(),
  emulatorQuota: element("emulator_quota", quota).optional(),
  iothreadPeriod: element("iothread_period", period).optional(),
  iothreadQuota: element("iothread_quota", quota).optional(),
  vcpupins: elements("vcpupin", {
    vcpu: attribute(integer({ max: 65535 })),
    cpuset: attribute(cpuset()),
  }),
  emulatorpin: element({ cpuset: attribute(cpuset()) }).optional(),
  iothreadpins: elements("iothreadpin", {
    iothread: attribute(integer({ min: 1, max: 2 ** 32 - 1 })),
    cpuset: attribute(cpuset()),
  }),
  vcpuscheds: elements("vcpusched", vcpuSchedShape),
  iothreadscheds: elements("iothreadsched", iothreadSchedShape),
  emulatorsched: element(emulatorSchedShape).optional(),
  cachetunes: elements("cachetune", cachetuneShape),
  memorytunes: elements("memorytune", memorytuneShape),
  energytunes: elements("energytune", energytuneShape),
}).check((tune, { refuse }) => {
  tune.vcpupins.forEach((pin, index) => {
    if (tune.vcpupins.findIndex((each) => each.vcpu === pin.vcpu) !== index) {
      refuse(`vcpupins.${index}.vcpu`, `Processor ${pin.vcpu} is pinned twice`);
    }
  });
  tune.iothreadpins.forEach((pin, index) => {
    if (tune.iothreadpins.findIndex((each) => each.iothread === pin.iothread) !== index) {
      refuse(`iothreadpins.${index}.iothread`, `Thread ${pin.iothread} is pinned twice`);
    }
  });
  const scheduled = new Set<number>();
  tune.vcpuscheds.forEach((sched, index) => {
    for (const number of numbersIn(sched.vcpus)) {
      if (scheduled.has(number)) {
        refuse(`vcpuscheds.${index}.vcpus`, `Processor ${number} is scheduled twice`);
      }
      scheduled.add(number);
    }
  });
});

/** How processors are shared, pinned and scheduled. */
export interface CpuTune extends ValueOf<typeof cputuneShape> {}

/** `<cputune>`. */
export const cpuTune: Shape<CpuTune> = cputuneShape;
