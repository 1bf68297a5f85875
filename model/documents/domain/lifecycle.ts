/**
 * What becomes of a domain when something happens to it. Facts: libvirt formatdomain, "Events configuration", "Power
 * Management", "Performance monitoring events".
 *
 * @module
 */
import { attribute, element, elements, enumeration, shape, type ValueOf, yesNo } from "../language/mod.ts";
import type { Shape } from "../language/mod.ts";

const off = enumeration("destroy", "restart", "preserve", "rename-restart");
const crash = enumeration(
  "destroy",
  "restart",
  "preserve",
  "rename-restart",
  "coredump-destroy",
  "coredump-restart",
);

/** What follows a shutdown, a reboot, a crash, a lost lock. */
export const lifecycleFields = {
  onPoweroff: element("on_poweroff", off).default("destroy"),
  onReboot: element("on_reboot", off).default("restart"),
  onCrash: element("on_crash", crash).default("destroy"),
  onLockfailure: element("on_lockfailure", enumeration("poweroff", "restart", "pause", "ignore")).optional(),
};

const sleep = shape({ enabled: attribute(yesNo()).optional() });

const pmShape = shape({
  suspendToMem: element("suspend-to-mem", sleep).omittingEmpty(),
  suspendToDisk: element("suspend-to-disk", sleep).omittingEmpty(),
});

/** Which sleep states the guest is offered. */
export interface PowerManagement extends ValueOf<typeof pmShape> {}

/** `<pm>`. */
export const powerManagement: Shape<PowerManagement> = pmShape;

const perfEvents = [
  ...["cmt", "mbmt", "mbml", "cpu_cycles", "instructions", "cache_references", "cache_misses"] as const,
  ...["branch_instructions", "branch_misses", "bus_cycles", "stalled_cycles_frontend"] as const,
  ...["stalled_cycles_backend", "ref_cpu_cycles", "cpu_clock", "task_clock", "page_faults"] as const,
  ...["context_switches", "cpu_migrations", "page_faults_min", "page_faults_maj"] as const,
  ...["alignment_faults", "emulation_faults"] as const,
] as const;

const perfShape = shape({
  events: elements("event", {
    name: attribute(enumeration(...perfEvents)),
    enabled: attribute(yesNo()),
  }),
}).check((perf, { refuse }) => {
  perf.events.forEach(({ name }, index) => {
    if (perf.events.findIndex((each) => each.name === name) !== index) {
      refuse(`events.${index}.name`, `The event "${name}" is given twice`);
    }
  });
}).stored(({ events, ...rest }) => ({
  ...rest,
  events: events.toSorted((a, b) => perfEvents.indexOf(a.name) - perfEvents.indexOf(b.name)),
}));

/** What is measured while the domain runs. */
export interface Perf extends ValueOf<typeof perfShape> {}

/** `<perf>`. */
export const perf: Shape<Perf> = perfShape;
