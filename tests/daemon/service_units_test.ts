import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { inheritedSockets } from "../../daemon/transport/inherited.ts";

const folder = fileURLToPath(new URL("../../daemon/systemd/", import.meta.url));

function units(within: string): readonly string[] {
  return [...Deno.readDirSync(within)].flatMap(({ name, isFile }) => isFile ? [name] : []).sort();
}

Deno.test("each socket unit is what its name tells the daemon", () => {
  const names = units(folder).filter((name) => name.endsWith(".socket"));
  const variables: Readonly<Record<string, string>> = {
    LISTEN_PID: "7",
    LISTEN_FDS: `${names.length}`,
    LISTEN_FDNAMES: names.join(":"),
  };
  const found = inheritedSockets((name) => variables[name], 7);
  assert.deepEqual(found.map(({ name, kind, readonly }) => [name, kind, readonly]), [
    ["drover-ro.socket", "unix", true],
    ["drover-tcp.socket", "tcp", false],
    ["drover-tls.socket", "tls", false],
    ["drover.socket", "unix", false],
  ]);
  const listens = (name: string): string | undefined =>
    /^ListenStream=(.*)$/m.exec(Deno.readTextFileSync(`${folder}${name}`))?.[1];
  assert.deepEqual(names.map(listens), [
    "/run/libvirt/libvirt-sock-ro",
    "16509",
    "16514",
    "/run/libvirt/libvirt-sock",
  ]);
});

function lacks(): string | undefined {
  try {
    new Deno.Command("systemd-analyze", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return "systemd-analyze is not there (Debian: systemd)";
  }
}

const missing = lacks();

for (const [where, scope] of [["", "--system"], ["user/", "--user"]] as const) {
  Deno.test({
    name: `systemd understands the units${scope === "--user" ? " of users" : ""}${
      missing === undefined ? "" : ` (skipped: ${missing})`
    }`,
    ignore: missing !== undefined,
    fn: async () => {
      const copy = await Deno.makeTempDir({ prefix: "drover-units-" });
      try {
        // It looks whether programs are there, and drover need not be installed for a test.
        for (const name of units(`${folder}${where}`)) {
          const text = await Deno.readTextFile(`${folder}${where}${name}`);
          await Deno.writeTextFile(`${copy}/${name}`, text.replaceAll("/usr/bin/drover", "/bin/true"));
        }
        const { code, stderr } = await new Deno.Command("systemd-analyze", {
          args: [scope, "verify", "--man=no", ...units(copy).map((name) => `${copy}/${name}`)],
          env: { XDG_RUNTIME_DIR: copy, LC_ALL: "C" },
        }).output();
        // What it says of units of the machine's own is none of ours.
        const said = new TextDecoder().decode(stderr).split("\n").filter((line) => line.includes("drover"));
        assert.deepEqual([code, said], [0, []]);
      } finally {
        await Deno.remove(copy, { recursive: true });
      }
    },
  });
}
