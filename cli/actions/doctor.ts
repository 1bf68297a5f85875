/**
 * `drover doctor`: what this machine has and what it lacks, found out by trying.
 *
 * @module
 */
import { resolve } from "node:path";
import { exitCode } from "../../model/exit_code.ts";
import type { DoctorFlags } from "../commands/tools.ts";
import type { DroverContext } from "../context.ts";
import { registeredDrivers } from "../drivers.ts";
import { printList, type Shape } from "../output/format.ts";
import { stateDirectory } from "../settings.ts";

/** What a check came to. */
interface Finding {
  readonly check: string;
  readonly state: "ok" | "weak" | "missing";
  readonly found: string;
  readonly hint?: string;
}

const shape: Shape<Finding> = {
  kind: "doctor",
  columns: [
    { header: "Check", value: ({ check }) => check },
    { header: "State", value: ({ state }) => state },
    { header: "Found", value: ({ found }) => found },
    { header: "Hint", value: ({ hint }) => hint ?? "" },
  ],
  name: ({ check }) => check,
};

/** The oldest Deno that everything here was tried with: major and minor. */
const neededDeno = [2, 9] as const;

/** Looks, prints, and leaves with 1 where something is missing that nothing works without. */
export async function doctor(this: DroverContext, flags: DoctorFlags): Promise<void> {
  const findings = [
    denoVersion(),
    ...await sandbox(),
    await state(resolve(stateDirectory(this.io, flags.stateDir))),
    await xmlLibrary(),
    ...registeredDrivers.map(({ name, met }): Finding => ({
      check: `driver ${name}`,
      state: "ok",
      found: met,
    })),
  ];
  await printList(findings, shape, { io: this.io, format: flags.output ?? "table" });
  if (findings.some((finding) => finding.state === "missing")) this.leaveWith(exitCode.error);
}

function denoVersion(): Finding {
  const { deno } = Deno.version;
  const [major = 0, minor = 0] = deno.split(".").map(Number);
  const enough = major > neededDeno[0] || (major === neededDeno[0] && minor >= neededDeno[1]);
  return {
    check: "deno",
    state: enough ? "ok" : "missing",
    found: `${deno}, V8 ${Deno.version.v8}`,
    ...(enough ? {} : { hint: `Install Deno ${neededDeno.join(".")} or later` }),
  };
}

/** The level comes from running a process shut in as recipes are, not from looking for programs. */
async function sandbox(): Promise<readonly Finding[]> {
  const { isolationLevels, probeIsolation } = await import("../../runtime/sandbox/mod.ts");
  const { level, bwrap, prlimit } = await probeIsolation();
  const best = level === isolationLevels[0];
  return [
    {
      check: "sandbox",
      state: best ? "ok" : "weak",
      found: `${level}${best ? "" : `; --sandbox=strict needs ${isolationLevels[0]}`}`,
      ...(best ? {} : { hint: "See the checks of bwrap and prlimit" }),
    },
    await program("bwrap", {
      path: bwrap,
      hint: "Install bubblewrap, and allow user namespaces: without it recipes share the file system's view",
    }),
    await program("prlimit", {
      path: prlimit,
      hint: "Install util-linux: without it memory and computing of recipes are limited by Deno only",
    }),
  ];
}

async function program(
  name: string,
  { path, hint }: { readonly path: string | undefined; readonly hint: string },
): Promise<Finding> {
  const version = await versionOf(path ?? name);
  if (version === undefined) return { check: name, state: "weak", found: "not found", hint };
  if (path === undefined) {
    return { check: name, state: "weak", found: `${version}, which does not work here`, hint };
  }
  return { check: name, state: "ok", found: `${version} (${path})` };
}

async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command(program, { args: ["--version"], stderr: "null" }).output();
    return new TextDecoder().decode(stdout).split("\n")[0] ?? "";
  } catch {
    return undefined;
  }
}

async function state(directory: string): Promise<Finding> {
  const { connectTo, socketPath } = await import("../../runtime/control/socket.ts");
  const found = await Deno.stat(directory).catch(() => undefined);
  if (found === undefined) {
    return { check: "state directory", state: "ok", found: `${directory}, made when it is needed` };
  }
  if (!found.isDirectory || !await isWritable(directory)) {
    return {
      check: "state directory",
      state: "missing",
      found: `${directory}, which cannot be written`,
      hint: "Name another one with --state-dir or DROVER_STATE_DIR",
    };
  }
  const conn = await connectTo(await socketPath(directory));
  conn?.close();
  const pid = (await Deno.readTextFile(`${directory}/lock`).catch(() => "")).trim();
  const kernel = conn === undefined ? "no kernel right now" : `kernel in process ${pid === "" ? "?" : pid}`;
  return { check: "state directory", state: "ok", found: `${directory}, ${kernel}` };
}

async function isWritable(directory: string): Promise<boolean> {
  try {
    const probe = await Deno.makeTempFile({ dir: directory, prefix: ".doctor-" });
    await Deno.remove(probe);
    return true;
  } catch {
    return false;
  }
}

async function xmlLibrary(): Promise<Finding> {
  try {
    const began = performance.now();
    const { normalise } = await import("../../model/xml/mod.ts");
    const read = normalise("<secret ephemeral='no' private='yes'/>");
    const took = (performance.now() - began).toFixed(0);
    return read.includes("private='yes'")
      ? { check: "xml library", state: "ok", found: `libxml2-wasm, ready in ${took} ms` }
      : { check: "xml library", state: "missing", found: `reads wrongly: ${read}` };
  } catch (error) {
    return {
      check: "xml library",
      state: "missing",
      found: error instanceof Error ? error.message : String(error),
    };
  }
}
