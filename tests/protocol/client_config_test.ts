import assert from "node:assert/strict";
import { loadClientConfig, parseClientConfig, resolveConnectionName } from "../../protocol/client_config.ts";
import { fakeMachine } from "./kit/machine.ts";
import { refused } from "./kit/refusal.ts";

Deno.test("libvirt.conf is read as libvirt writes it", () => {
  const config = parseClientConfig(
    `# a comment
uri_aliases = [
  "hail=qemu+ssh://root@hail.example/system",   # one of them
  'sleet_2=qemu:///system?a=b',
  "hail=test:///default",
]
uri_default = """qemu:///system"""
remote_mode = "auto"; remote_proxy = 'native'
other = 7
empty = [ ]
`,
    "libvirt.conf",
  );
  assert.deepEqual([...config.aliases], [
    ["hail", "qemu+ssh://root@hail.example/system"],
    ["sleet_2", "qemu:///system?a=b"],
  ]);
  const { aliases: _, ...rest } = config;
  assert.deepEqual(rest, { defaultUri: "qemu:///system", mode: "auto", proxy: "native" });
});

Deno.test("what is no setting is refused with file and line", () => {
  const cases: readonly (readonly [text: string, line: number])[] = [
    ['\nuri_default = "a', 2],
    ["uri_default = a", 1],
    ['uri_default "a"', 1],
    ['uri_aliases = [ "a=b"', 1],
    ['uri_aliases = [ "a=b" "c=d" ]', 1],
    ["x = 1\n\n% = 2", 3],
    ["uri_default =", 1],
  ];
  for (const [text, line] of cases) {
    const { at } = refused("invalid-argument", () => parseClientConfig(text, "libvirt.conf"));
    assert.deepEqual(at, { file: "libvirt.conf", line }, text);
  }
  refused("invalid-argument", () => parseClientConfig('uri_aliases = [ "a b=c" ]', "libvirt.conf"));
  refused("invalid-argument", () => parseClientConfig('uri_default = [ "a" ]', "libvirt.conf"));
});

Deno.test("root has the machine's settings, everybody else their own", () => {
  const files = {
    "/etc/libvirt/libvirt.conf": 'uri_default = "a:///"',
    "/home/alice/.config/libvirt/libvirt.conf": 'uri_default = "b:///"',
    "/elsewhere/libvirt/libvirt.conf": 'uri_default = "c:///"',
  };
  const environment = { XDG_CONFIG_HOME: "/elsewhere" };
  assert.equal(loadClientConfig(fakeMachine({ files, uid: 0 })).defaultUri, "a:///");
  assert.equal(loadClientConfig(fakeMachine({ files })).defaultUri, "b:///");
  assert.equal(loadClientConfig(fakeMachine({ files, environment })).defaultUri, "c:///");
  assert.deepEqual(loadClientConfig(fakeMachine()), { aliases: new Map() });
});

Deno.test("a short name stands for a URI, and nothing for the default", () => {
  const config = parseClientConfig(
    'uri_aliases = [ "hail=qemu+ssh://hail/system" ]\nuri_default = "lxc:///"',
    "libvirt.conf",
  );
  const machine = fakeMachine();
  const withVariable = fakeMachine({ environment: { LIBVIRT_DEFAULT_URI: "hail" } });
  assert.equal(resolveConnectionName("hail", { machine, config }), "qemu+ssh://hail/system");
  assert.equal(resolveConnectionName("HAIL", { machine, config }), "HAIL");
  assert.equal(resolveConnectionName("qemu:///system", { machine, config }), "qemu:///system");
  assert.equal(resolveConnectionName(undefined, { machine, config }), "lxc:///");
  assert.equal(resolveConnectionName("", { machine: withVariable, config }), "qemu+ssh://hail/system");
  assert.equal(resolveConnectionName(undefined, { machine }), undefined);
  assert.equal(resolveConnectionName("XEN", { machine, config }), "xen:///system");
});
