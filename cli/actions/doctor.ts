/**
 * `drover doctor`: what this machine has and what it lacks, found out by trying.
 *
 * @module
 */
import { resolve } from "node:path";
import { exitCode } from "../../model/exit_code.ts";
import type { DoctorFlags } from "../commands/tools.ts";
import type { DroverContext } from "../context.ts";
import { type Finding, inTime } from "../doctor/finding.ts";
import { denoVersion, sandbox, ssh, stateOf, xmlLibrary } from "../doctor/machine.ts";
import { registeredDrivers } from "../drivers.ts";
import { printList, type Shape } from "../output/format.ts";
import { plain } from "../output/plain.ts";
import { connectionUri, stateDirectory } from "../settings.ts";

const shape: Shape<Finding> = {
  kind: "doctor",
  columns: [
    { header: "Check", value: ({ check }) => check },
    { header: "State", value: ({ state }) => state },
    { header: "Found", value: ({ found }) => found },
    { header: "Hint", value: ({ hint }) => hint ?? "", wide: true },
  ],
  name: ({ check }) => check,
};

/** Looks, prints, and leaves with 1 where something is missing that nothing works without. */
export async function doctor(this: DroverContext, flags: DoctorFlags): Promise<void> {
  const { io } = this;
  const directory = resolve(stateDirectory(io, flags.stateDir));
  const daemons = (): Promise<typeof import("../doctor/daemons.ts")> => import("../doctor/daemons.ts");
  const findings = (await Promise.all([
    [denoVersion()],
    inTime("sandbox", sandbox),
    inTime("state directory", () => stateOf(directory)),
    xmlLibrary().then((found) => [found]),
    registeredDrivers.map(({ name, met }): Finding => ({
      check: `driver ${name}`,
      state: "ok",
      found: `has met ${met}`,
    })),
    inTime(
      "default connection",
      () => Promise.resolve({ check: "default connection", state: "ok", found: connectionUri(io) }),
    ),
    inTime("libvirt daemons", async () => (await daemons()).daemons(io.machine)),
    inTime("ssh", ssh),
    ...(flags.connect ?? []).map(async (name) => {
      const found = await inTime(
        `connection ${name}`,
        async () => (await daemons()).connection(connectionUri(io, name)),
      );
      // Whoever names a connection needs it.
      return found.map((each) => each.state === "ok" ? each : { ...each, state: "missing" as const });
    }),
  ])).flat();
  const format = flags.output ?? "table";
  await printList(findings, shape, { io, format });
  if (format === "table") {
    for (const { check, hint } of findings) {
      if (hint !== undefined) io.stdout.write(`\n${plain(`${check}: ${hint}`)}\n`);
    }
  }
  if (findings.some(({ state }) => state === "missing")) this.leaveWith(exitCode.error);
}
