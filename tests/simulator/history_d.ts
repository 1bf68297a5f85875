/**
 * Devices are enumerated in the background, slowly or in vain, while lists, look-ups, references and event
 * registrations arrive early. Once the first list had two devices and the second all; and once a failed enumeration let
 * everybody wait for ever.
 *
 * @module
 */
import type { OperationName } from "../../model/operations/mod.ts";
import type { VirtEvent } from "../../model/event.ts";
import { VirtError } from "../../model/error.ts";
import type { History } from "./history.ts";
import { judgeAlways } from "./invariants.ts";
import { Simulation, Violation } from "./simulation.ts";
import { domain, hostNumber, nodeDevice, uuidOf } from "./world.ts";

const devices = ["computer", "scsi_host1", "scsi_host2", "scsi_host11"] as const;
const domains = ["web-1", "web-2"] as const;

/** A list, and the names that must be in it. */
const lists: readonly (readonly [OperationName, readonly string[]])[] = [
  ["nodeDevice.list", devices],
  ["domain.list", domains],
];

/** The names in a list, whatever its entries look like. */
function namesIn(value: unknown): readonly string[] {
  return JSON.stringify(value).matchAll(/"name":"([^"]+)"/g).map(([, name]) => name ?? "").toArray();
}

async function earlyBird(simulation: Simulation, { fails }: { readonly fails: boolean }): Promise<void> {
  const { chance } = simulation;
  const { connection } = simulation.host();
  for (let count = chance.number(1, 3); count > 0; count--) {
    await simulation.sleep(chance.number(0, 30));
    const controller = new AbortController();
    const inTime = chance.happens(0.8);
    const cancels = inTime && chance.happens(0.1);
    if (cancels) {
      simulation.clock.after(
        chance.number(0, 10),
        () => controller.abort(new VirtError("cancelled", "No longer")),
      );
    }
    const options = { withinMs: inTime ? 60_000 : chance.number(0, 5), signal: controller.signal };
    const early = !connection.ready.settled;
    const kind = chance.pick(["list", "list", "look-up", "reference"] as const);
    const [list, expected] = chance.pick(
      lists.filter(([name]) => simulation.kernel.supports(connection, name)),
    );
    const outcome = await (kind === "list"
      ? simulation.call(list, options)
      : kind === "look-up"
      ? simulation.call("domain.lookup", { ...options, input: { name: "web-2" } })
      : simulation.call("domain.setAutostart", {
        ...options,
        target: { $ref: "domain", connection: "host", id: uuidOf("domain", 1), name: "web-1" },
        input: { autostart: true },
      }));
    if (outcome.kind === "done") {
      // What news of others have told of is known all the same.
      if (fails && kind !== "reference") {
        throw new Violation(`The enumeration failed, and a ${kind} was answered`);
      }
      if (kind !== "list") {
        continue;
      }
      const names = namesIn(outcome.value);
      const missing = expected.filter((name) =>
        !names.includes(name)
      );
      if (missing.length > 0) throw new Violation(`${list} is partial: ${missing.join(", ")} is missing`);
      continue;
    }
    const { code, message } = outcome.error;
    const late = code === "timed-out" || code === "slot-timeout";
    if (inTime && late) throw new Violation(`A ${kind} waited for ever: ${message}`);
    const excused = fails || (cancels && code === "cancelled") || late;
    const disturbed = kind === "reference" && (code === "object-gone" || code === "changed-outside");
    if (!excused && !disturbed) {
      throw new Violation(
        `A ${early ? "n early" : ""} ${kind} fails although all is well: ${message}`,
      );
    }
  }
}

/** Devices come and go while others are still being read. */
async function plugger(simulation: Simulation): Promise<void> {
  const { chance } = simulation;
  for (let count = chance.number(0, 2); count > 0; count--) {
    await simulation.sleep(chance.number(0, 30));
    const id = uuidOf("domain", chance.number(1, 2));
    simulation.host().outsider(chance.pick(["domain.kill", "domain.pause"] as const), { id, reason: "user" });
  }
}

/** Nobody hears the enumeration as news, and nobody misses any. */
function listen(simulation: Simulation): void {
  const connection = simulation.host().connection;
  let last = 0;
  simulation.kernel.subscribe(connection, ({ sequence, type, object }: VirtEvent) => {
    simulation.trace.add("listener", () => `hears ${type} of ${object.name}`);
    if (sequence !== ++last) simulation.report(`Event ${sequence} came as number ${last}`);
    if (!connection.ready.settled) {
      simulation.report(`An event came before the enumeration had ended: ${type}`);
    }
    if (simulation.host().wasRead && (type === "defined" || type === "created")) {
      simulation.report(`${object.name} was found by the enumeration and told as "${type}"`);
    }
  });
}

/** Everybody comes too early. */
export const historyD: History = {
  name: "d",
  about: "devices are listed before they have been enumerated",
  async begin(seed, { trace }): Promise<Simulation> {
    const fails = seed % 4 === 0;
    const simulation = new Simulation({
      seed,
      trace,
      hosts: {
        host: {
          content: [
            hostNumber(1),
            domain("web-1", { number: 1, running: true }),
            domain("web-2", { number: 2, running: true }),
            nodeDevice("computer"),
            nodeDevice("scsi_host1", "computer"),
            nodeDevice("scsi_host2", "computer"),
            nodeDevice("scsi_host11", "scsi_host1"),
          ],
          enumerationFails: fails,
        },
      },
      faults: { probability: 0, count: 0, kinds: [] },
    });
    judgeAlways(simulation);
    await simulation.connect();
    listen(simulation);
    for (let count = simulation.chance.number(2, 5); count > 0; count--) {
      simulation.actor("early bird", () => earlyBird(simulation, { fails }));
    }
    simulation.actor("plugger", () => plugger(simulation));
    return simulation;
  },
};
