import assert from "node:assert/strict";
import type { ErrorCode } from "../../../model/error.ts";
import { parseUri } from "../../../model/uri.ts";
import { parseClientConfig } from "../../../protocol/client_config.ts";
import { endpointOf } from "../../../protocol/endpoint.ts";
import type { SshLink } from "../../../protocol/link.ts";
import type { Transport } from "../../../protocol/transport.ts";
import { openSsh, sshArguments } from "../../../protocol/transport/ssh.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { fakeMachine } from "../kit/machine.ts";
import { refused, refusedLater } from "../kit/refusal.ts";
import { Scripts } from "../kit/scripts.ts";

function link(uri: string): SshLink {
  const machine = fakeMachine();
  const { link } = endpointOf(parseUri(uri), { machine, config: parseClientConfig("", "libvirt.conf") });
  return link.kind === "ssh" ? link : assert.fail();
}

/** The arguments before the host, for a URI. */
function settings(uri: string, interactive = false): readonly string[] {
  const all = sshArguments(link(uri), { interactive, uri });
  return all.slice(0, all.indexOf("--"));
}

const always = ["-T", "-e", "none"];
const batch = ["-o", "BatchMode=yes"];

Deno.test("ssh gets what the URI says, and nothing that it could take for an option", () => {
  const cases: readonly (readonly [uri: string, expected: readonly string[]])[] = [
    ["qemu+ssh://host/system", [...always, ...batch]],
    ["qemu+ssh://al%40ice@host:2222/system?keyfile=/my%20key", [
      ...["-p", "2222", "-l", "al@ice", "-i", "/my key"],
      ...always,
      ...batch,
    ]],
    ["qemu+ssh://host/system?no_verify=1", [...always, ...batch, "-o", "StrictHostKeyChecking=accept-new"]],
    ["qemu+libssh://host/system?known_hosts_verify=normal", [...always, ...batch]],
    ["qemu+libssh2://host/system?known_hosts_verify=ignore&known_hosts=/k%20h/100%25", [
      ...[...always, ...batch, "-o", "StrictHostKeyChecking=no"],
      ...["-o", 'UserKnownHostsFile="/k h/100%%"'],
    ]],
    ["qemu+libssh://host/system?sshauth=privkey,password", [
      ...[...always, ...batch, "-o", "PreferredAuthentications=publickey,password"],
      ...["-o", "IdentityAgent=none"],
    ]],
    ["qemu+libssh://host/system?sshauth=keyboard-interactive,agent", [
      ...[...always, ...batch, "-o", "PreferredAuthentications=keyboard-interactive,publickey"],
      ...["-o", "IdentityFile=none"],
    ]],
    ["qemu+libssh://host/system?sshauth=agent,privkey", [
      ...[...always, ...batch, "-o", "PreferredAuthentications=publickey"],
    ]],
  ];
  for (const [uri, expected] of cases) assert.deepEqual(settings(uri), expected, uri);
  const all = sshArguments(link("qemu+ssh://[fe80::1%25eth0]/system"), { interactive: false, uri: "" });
  assert.deepEqual(all.slice(-3, -1), ["--", "fe80::1%eth0"]);
  refused("invalid-argument", () => settings('qemu+ssh://host/system?known_hosts=/a"b'));
  refused("invalid-argument", () => settings("qemu+ssh://host/system?known_hosts=/${HOME}/x"));
});

Deno.test("a person is asked only where one sits", () => {
  assert.deepEqual(settings("qemu+ssh://host/system", true), always);
  assert.deepEqual(settings("qemu+ssh://host/system?no_tty=1", true), [...always, ...batch]);
});

/** Opens a way by a program that stands in for ssh. */
async function open(
  scripts: Scripts,
  script: string,
  uri = "qemu+ssh://bob@host:2222/system",
): Promise<Transport> {
  const sshProgram = await scripts.add("ssh", script);
  const { signal } = new AbortController();
  return await openSsh(link(uri), { uri, signal, clock: systemClock, interactive: false, sshProgram });
}

Deno.test("what ssh runs on the far side carries the bytes", async () => {
  await using scripts = await Scripts.make();
  await scripts.add("virt-ssh-helper", `printf '%s\\n' "$@" > $HERE/helper; exec cat`);
  const transport = await open(
    scripts,
    `printf '%s\\n' "$@" > $HERE/args
    while [ $# -gt 1 ]; do shift; done; PATH=$HERE:$PATH; eval "$1"`,
  );
  assert.equal(transport.peer, "bob@host");
  const sent = new Uint8Array([0, 0, 0, 28, 1, 2, 3, 255]);
  await transport.write(sent);
  const got = new Uint8Array(100);
  assert.deepEqual(got.subarray(0, await transport.read(got) ?? 0), sent);
  await transport.close();
  assert.deepEqual(await scripts.lines("helper"), ["qemu:///system"]);
  const args = await scripts.lines("args");
  assert.deepEqual(args.slice(0, -1), ["-p", "2222", "-l", "bob", ...always, ...batch, "--", "host"]);
});

Deno.test("the URI's own program is run instead of ssh", async () => {
  await using scripts = await Scripts.make();
  const own = await scripts.add("own", "exit 0");
  const transport = await open(scripts, "exit 1", `qemu+ssh://host/system?command=${own}`);
  assert.equal(await transport.read(new Uint8Array(1)), null);
  await transport.close();
});

/** What OpenSSH, the helper or netcat print, and what it means. */
const failures: readonly (readonly [says: string, code: ErrorCode, message: RegExp, hint: RegExp])[] = [
  [
    "@@@@@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@@@@@@\nHost key verification failed.",
    "permission-denied",
    /host's key is not the one that is known; ssh says: WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! \/ Host key/,
    /ssh-keygen -R host$/,
  ],
  [
    "No ED25519 host key is known for host and you have requested strict checking.\nHost key verification failed.",
    "permission-denied",
    /host's key is not known/,
    /ssh -p 2222 -l bob host;.*no_verify=1/,
  ],
  [
    "bob@host: Permission denied (publickey,password).",
    "permission-denied",
    /did not let us log in; ssh says: bob@host: Permission denied \(publickey,password\)\.$/,
    /ssh-copy-id.*ssh-agent/,
  ],
  [
    "ssh: Could not resolve hostname host: Name or service not known",
    "unreachable",
    /host is not known/,
    /getent/,
  ],
  [
    "ssh: connect to host host port 2222: Connection refused",
    "unreachable",
    /nobody listens for ssh/,
    /by hand/,
  ],
  [
    "ssh: connect to host host port 2222: Connection timed out",
    "unreachable",
    /cannot be reached/,
    /by hand/,
  ],
  [
    "kex_exchange_identification: Connection closed by remote host",
    "unreachable",
    /cannot be reached/,
    /by hand/,
  ],
  [
    "sh: 1: exec: nc: not found",
    "unreachable",
    /program is missing on the far side/,
    /virt-ssh-helper there/,
  ],
  [
    "virt-ssh-helper: cannot connect to '/var/run/libvirt/libvirt-sock': Failed to connect socket to " +
    "'/var/run/libvirt/libvirt-sock': No such file or directory",
    "unreachable",
    /daemon on the far side does not listen/,
    /systemctl status libvirtd/,
  ],
  [
    "nc: unix connect failed: No such file or directory",
    "unreachable",
    /daemon on the far side does not listen/,
    /./,
  ],
  [
    "virt-ssh-helper: cannot connect to '/x': Failed to connect socket to '/x': Permission denied",
    "permission-denied",
    /may not use the daemon's socket/,
    /"bob" to the group libvirt/,
  ],
  [
    "nc: unix connect failed: Permission denied",
    "permission-denied",
    /may not use the daemon's socket/,
    /group libvirt/,
  ],
  [
    "something new",
    "unreachable",
    /ssh ended with 255; ssh says: something new$/,
    /ssh -p 2222 -l bob host$/,
  ],
  ["", "unreachable", /ssh ended with 255$/, /by hand/],
];

Deno.test("why ssh failed is told with what to do", async () => {
  await using scripts = await Scripts.make();
  for (const [says, code, message, hint] of failures) {
    await Deno.writeTextFile(`${scripts.folder}/says`, says);
    const transport = await open(scripts, "cat $HERE/says >&2; exit 255");
    const error = await refusedLater(code, transport.read(new Uint8Array(1)));
    assert.match(error.message, message, says);
    assert.match(error.hint ?? "", hint, says);
    await transport.close();
  }
});

Deno.test("a missing ssh is named", () => {
  const uri = "qemu+ssh://host/system?command=/nowhere/ssh";
  const { signal } = new AbortController();
  const opening = (): unknown => openSsh(link(uri), { uri, signal, clock: systemClock, interactive: false });
  assert.match(refused("unreachable", opening).message, /"\/nowhere\/ssh" is not there/);
});
