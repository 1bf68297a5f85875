import assert from "node:assert/strict";
import { basename } from "node:path";
import fc from "fast-check";
import type { SshLink } from "../../../protocol/link.ts";
import { remoteCommand } from "../../../protocol/transport/remote_command.ts";
import { Scripts } from "../kit/scripts.ts";

const link: SshLink = {
  kind: "ssh",
  host: "host",
  mayAsk: false,
  proxy: "auto",
  netcat: "nc",
  socket: "/var/run/libvirt/libvirt-sock",
  helperUri: "qemu:///system",
  readonly: false,
};

/** Whatever somebody's login shell may take for something else. */
const awkward = `/a b'c"d\\e!f$HOME\`id\`;g|h&i>j<k*l?m[n]{o,p}~q#r%s(t)u^v=w@xä\\'\\\\y-`;

/** The paths of the login shells that are here. */
const shells = ["sh", "dash", "bash", "zsh", "ksh", "fish", "tcsh", "csh"].flatMap((shell) => {
  const { stdout } = new Deno.Command("sh", { args: ["-c", `command -v ${shell}`], stderr: "null" })
    .outputSync();
  const path = new TextDecoder().decode(stdout).trim();
  return path === "" ? [] : [path];
});

/** Runs a command where there is nothing but the scripts and `sh`. */
async function run(shell: string, command: string, scripts: Scripts): Promise<string> {
  await Deno.symlink("/bin/sh", `${scripts.folder}/sh`).catch(() => {});
  const { stdout, stderr } = await new Deno.Command(shell, {
    args: ["-c", command],
    env: { PATH: scripts.folder, HOME: scripts.folder },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

const printArguments = `printf '%s' "\${0##*/}"; printf ' <%s>' "$@"; echo`;

for (const shell of shells) {
  Deno.test(`${basename(shell)} passes every name on as it is`, async () => {
    await using scripts = await Scripts.make();
    await scripts.add("virt-ssh-helper", printArguments);
    await scripts.add("nc", `[ "$*" = -q ] && exit 1\n${printArguments}`);
    const helped = remoteCommand({ ...link, helperUri: awkward, readonly: true });
    assert.equal(await run(shell, helped, scripts), `virt-ssh-helper <-r> <${awkward}>\n`);
    const netcat = remoteCommand({ ...link, proxy: "netcat", socket: awkward });
    assert.equal(await run(shell, netcat, scripts), `nc <-U> <${awkward}>\n`);
  });
}

Deno.test("a name of any characters reaches the far side as it is", async () => {
  await using scripts = await Scripts.make();
  await scripts.add("virt-ssh-helper", printArguments);
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 })
    // deno-lint-ignore no-control-regex
    .filter((text) => !/[\x00-\x1f\x7f]/.test(text) && text.isWellFormed());
  await fc.assert(
    fc.asyncProperty(name, async (helperUri) => {
      const command = remoteCommand({ ...link, proxy: "native", helperUri });
      assert.equal(await run("/bin/sh", command, scripts), `virt-ssh-helper <${helperUri}>\n`);
    }),
    { numRuns: 40 },
  );
});

Deno.test("netcat serves where there is no helper, told to leave with its input if it must be", async () => {
  await using scripts = await Scripts.make();
  const knowsQuit = `[ "$*" = -q ] && { echo "nc: option requires an argument -- 'q'" >&2; exit 1; }`;
  await scripts.add("nc", `${knowsQuit}\n${printArguments}`);
  const socket = "/var/run/libvirt/libvirt-sock";
  assert.equal(await run("/bin/sh", remoteCommand(link), scripts), `nc <-q> <0> <-U> <${socket}>\n`);
  await scripts.add("nc", printArguments);
  assert.equal(await run("/bin/sh", remoteCommand(link), scripts), `nc <-U> <${socket}>\n`);
  await scripts.add("my netcat", printArguments);
  const own = remoteCommand({ ...link, proxy: "netcat", netcat: `${scripts.folder}/my netcat` });
  assert.equal(await run("/bin/sh", own, scripts), `my netcat <-U> <${socket}>\n`);
});

Deno.test("the helper is preferred, and alone where netcat would not do", async () => {
  await using scripts = await Scripts.make();
  await scripts.add("nc", printArguments);
  const native = remoteCommand({ ...link, proxy: "native" });
  assert.match(await run("/bin/sh", native, scripts), /virt-ssh-helper: not found/);
  await scripts.add("virt-ssh-helper", printArguments);
  assert.equal(await run("/bin/sh", native, scripts), "virt-ssh-helper <qemu:///system>\n");
  assert.equal(await run("/bin/sh", remoteCommand(link), scripts), "virt-ssh-helper <qemu:///system>\n");
});
