/**
 * What the doctor looks at on the machine itself: programs, the state directory, the library for XML.
 *
 * @module
 */
import { type Finding } from "./finding.ts";

/** The oldest Deno that everything here was tried with: major and minor. */
const neededDeno = [2, 9] as const;

/** Whether this Deno is new enough. */
export function denoVersion(): Finding {
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
export async function sandbox(): Promise<readonly Finding[]> {
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
  const version = await versionOf(path ?? name, "--version");
  if (version === undefined) return { check: name, state: "weak", found: "not found", hint };
  if (path === undefined) {
    return { check: name, state: "weak", found: `${version}, which does not work here`, hint };
  }
  return { check: name, state: "ok", found: `${version} (${path})` };
}

/** ssh, by which other hosts are reached. Whatever else libvirt's own clients need, virsh among it, is not needed. */
export async function ssh(): Promise<Finding> {
  const version = await versionOf("ssh", "-V");
  return version === undefined
    ? {
      check: "ssh",
      state: "weak",
      found: "not found",
      hint:
        "Install openssh-client to reach hosts by qemu+ssh://host/system; by TLS they are reached without it",
    }
    : { check: "ssh", state: "ok", found: version };
}

/** What a program says of its version, on whichever stream. */
async function versionOf(program: string, flag: string): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await new Deno.Command(program, { args: [flag], stdin: "null" }).output();
    const said = new TextDecoder().decode(stdout.length > 0 ? stdout : stderr);
    return said.split("\n")[0] ?? "";
  } catch {
    return undefined;
  }
}

/** Whether the state directory can be used, and whether it has a kernel. */
export async function stateOf(directory: string): Promise<Finding> {
  const check = "state directory";
  const { connectTo, socketPath } = await import("../../runtime/control/socket.ts");
  const found = await Deno.stat(directory).catch(() => undefined);
  if (found === undefined) {
    return { check, state: "ok", found: `${directory}, made when it is needed` };
  }
  if (!found.isDirectory || !await isWritable(directory)) {
    return {
      check,
      state: "missing",
      found: `${directory}, which cannot be written`,
      hint: "Name another one with --state-dir or DROVER_STATE_DIR",
    };
  }
  const conn = await connectTo(await socketPath(directory));
  conn?.close();
  const pid = (await Deno.readTextFile(`${directory}/lock`).catch(() => "")).trim();
  const kernel = conn === undefined ? "no kernel right now" : `kernel in process ${pid === "" ? "?" : pid}`;
  return { check, state: "ok", found: `${directory}, ${kernel}` };
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

/** Whether the library for XML works here. */
export async function xmlLibrary(): Promise<Finding> {
  const check = "xml library";
  try {
    const began = performance.now();
    const { normalise } = await import("../../model/xml/mod.ts");
    const read = normalise("<secret ephemeral='no' private='yes'/>");
    const took = (performance.now() - began).toFixed(0);
    return read.includes("private='yes'")
      ? { check, state: "ok", found: `libxml2-wasm, ready in ${took} ms` }
      : { check, state: "missing", found: `reads wrongly: ${read}` };
  } catch (error) {
    return { check, state: "missing", found: error instanceof Error ? error.message : String(error) };
  }
}
