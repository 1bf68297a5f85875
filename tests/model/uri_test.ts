import assert from "node:assert/strict";
import { isVirtError } from "../../model/error.ts";
import { parseUri } from "../../model/uri.ts";

function refusal(text: string): string {
  try {
    parseUri(text);
  } catch (error) {
    if (isVirtError(error, "invalid-argument")) return error.message;
    throw error;
  }
  return assert.fail(`"${text}" was taken`);
}

Deno.test("a URI with everything comes apart", () => {
  assert.deepEqual(parseUri("qemu+SSH://al%40ice@[fe80::1%25eth0]:2222/sys%20tem?a=b%3Dc&d"), {
    text: "qemu+SSH://al%40ice@[fe80::1%25eth0]:2222/sys%20tem?a=b%3Dc&d",
    driver: "qemu",
    transport: "ssh",
    user: "al@ice",
    host: "fe80::1%eth0",
    port: 2222,
    path: "/sys tem",
    parameters: new Map([["a", "b=c"], ["d", ""]]),
  });
  assert.equal(parseUri("qemu://[fe80::1%eth0]/system").host, "fe80::1%eth0");
  assert.equal(parseUri("qemu:///system").host, undefined);
});

Deno.test("parameters are libvirt's, not those of a form of the Web", () => {
  const parameters = (query: string): [string, string][] => [...parseUri(`test:///x?${query}`).parameters];
  assert.deepEqual(parameters("a=1+2"), [["a", "1+2"]]);
  assert.deepEqual(parameters("a=1;b=2"), [["a", "1"], ["b", "2"]]);
  assert.deepEqual(parameters("a=1;b=2&c=3;d=4"), [["a", "1;b=2"], ["c", "3"], ["d", "4"]]);
  assert.deepEqual(parameters("&&a=&=lost&b"), [["a", ""], ["b", ""]]);
  assert.deepEqual(parameters("a=1&a=2"), [["a", "2"]]);
});

Deno.test("what is no URI is refused with the reason", () => {
  assert.match(refusal("qemu"), /not a connection URI/);
  assert.match(refusal("qemu:///sys%zztem"), /"%"/);
  assert.match(refusal("qemu:///x?a=%ff"), /"%"/);
  assert.match(refusal("qemu://u%E0@host/"), /"%"/);
  assert.match(refusal("qemu://host:0/system"), /\[user@\]host\[:port\]/);
  assert.match(refusal("qemu://host:65536/system"), /\[user@\]host\[:port\]/);
  assert.match(refusal("qemu://[::1/system"), /\[user@\]host\[:port\]/);
});

Deno.test("a password in a URI is refused and not repeated", () => {
  for (const text of ["qemu+ssh://alice:hunter2@host/system", "qemu+ssh://alice:hunter2@ho[st/system"]) {
    const message = refusal(text);
    assert.match(message, /password/);
    assert.doesNotMatch(message, /hunter2/);
  }
});
