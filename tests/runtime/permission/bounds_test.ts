import assert from "node:assert/strict";
import { Glob, matchLimit } from "../../../runtime/permission/glob.ts";
import { parseAllGrants, parseGrants } from "../../../runtime/permission/grant_syntax.ts";
import { labelsIn } from "../../../runtime/permission/labels.ts";
import { namesIn } from "../../../runtime/permission/names.ts";
import { reachesOf } from "../../../runtime/permission/reach.ts";

function domainWith(devices: string): string {
  return `<domain type='kvm'><name>x</name><devices>${devices}</devices></domain>`;
}

function disk(file: string): string {
  return `<disk type='file'><source file='${file}'/></disk>`;
}

Deno.test("a pattern matches no text beyond the longest path, and an exact one still does", () => {
  const long = "a".repeat(matchLimit);
  assert.ok(Glob.parse("**").matches(long));
  assert.ok(!Glob.parse("**").matches(`${long}a`));
  assert.ok(Glob.exact(`${long}a`).matches(`${long}a`));
});

Deno.test("a recipe cannot keep the kernel busy with patterns, and may name as many objects as it likes", () => {
  const needs = Array.from({ length: 50 }, (_, index) => `domain:start@${"*a".repeat(50)}${index}`);
  assert.throws(() => parseAllGrants(needs, { what: "need" }), {
    code: "invalid-argument",
    message: /^Cannot read the needs: their patterns have \d+ characters, and may have 2048$/,
  });
  assert.equal(parseAllGrants(needs).length, 50);
  const names = Array.from({ length: 1000 }, (_, index) => `domain:start@web-server-${index}`);
  assert.equal(parseAllGrants(names, { what: "need" }).length, 1000);
  assert.equal(parseGrants(needs.join(" ")).length, 50);
});

Deno.test("what reaches more than anybody could have granted is not compared with grants", () => {
  const many = Array.from({ length: 1001 }, (_, index) => disk(`/x/${index}`)).join("");
  const long = Array.from({ length: 5 }, (_, index) => disk(`/${index}${"a".repeat(4000)}`)).join("");
  for (const devices of [many, long]) {
    assert.throws(() => reachesOf(domainWith(devices), { document: "domain" }), {
      code: "invalid-document",
      message: /^Cannot look through the definition: it reaches \d+ places on the host/,
    });
  }
});

Deno.test("a definition with more names than an object can have is refused", () => {
  const names = Array.from({ length: 9 }, (_, index) => `<name>web-${index}</name>`).join("");
  assert.throws(() => namesIn(`<domain>${names}</domain>`, "domain"), { code: "invalid-document" });
});

Deno.test("labels beyond the first 64 allow nothing", () => {
  const labels = Array.from({ length: 70 }, (_, index) => `<label>l${100 + index}</label>`).join("");
  const found = labelsIn(
    `<domain><metadata><labels xmlns='urn:drover:labels'>${labels}</labels></metadata></domain>`,
  );
  assert.equal(found.length, 64);
  assert.equal(found.at(-1), "l163");
});
