import assert from "node:assert/strict";
import fc from "fast-check";
import { escapeAttribute, escapeText } from "../../../model/xml/escape.ts";
import { Concealer } from "../../../runtime/secret/concealer.ts";

function holding(value: string | Uint8Array): Concealer {
  const concealer = new Concealer();
  concealer.hold("db", value);
  return concealer;
}

/** How others write a value down. */
const writers: Readonly<Record<string, (value: string) => string>> = {
  plain: (value) => value,
  json: (value) => JSON.stringify({ said: value }),
  "json within json": (value) => JSON.stringify(JSON.stringify(value)),
  xml: escapeText,
  attribute: escapeAttribute,
  url: encodeURIComponent,
  "strict url": (value) =>
    encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
  form: (value) => new URLSearchParams({ a: value }).toString(),
  base64: (value) => new TextEncoder().encode(value).toBase64(),
  "base64 of a line": (value) => new TextEncoder().encode(`user:${value}:end`).toBase64(),
  base64url: (value) => new TextEncoder().encode(value).toBase64({ alphabet: "base64url" }),
  hex: (value) => new TextEncoder().encode(value).toHex(),
};

Deno.test("a value is found however it is written down, and nothing of it stays", () => {
  const value = fc.string({ unit: "grapheme", minLength: 6, maxLength: 40 })
    .filter((text) => text.isWellFormed() && [...text].length >= 6 && text.trim() === text);
  fc.assert(
    fc.property(value, fc.constantFrom(...Object.keys(writers)), (text, how) => {
      const written = writers[how]?.(text) ?? "";
      const left = holding(text).text(`error: ${written} was refused`);
      assert.ok(left.includes("Secret(db)"), `${how}: ${left}`);
      assert.ok(!left.includes(written), how);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("data keeps its shape, and loses values in texts, bytes and names", () => {
  const concealer = holding("hunter2!");
  const data = {
    list: ["a hunter2! b", 7, null, true],
    "hunter2!": { at: 1 },
    bytes: new TextEncoder().encode("x hunter2! y"),
  };
  assert.deepEqual(concealer.data(data), {
    list: ["a Secret(db) b", 7, null, true],
    "Secret(db)": { at: 1 },
    bytes: "x Secret(db) y",
  });
  assert.equal(concealer.data(data.list[1]), 7);
});

Deno.test("an error keeps its code, with a value that is one too", () => {
  const concealer = holding("not-found");
  const error = concealer.error({
    code: "not-found",
    message: "it is not-found",
    hint: "not-found",
    detail: ["not-found"],
    cause: { code: "internal", message: "not-found", cause: "not-found" },
  });
  assert.deepEqual(error, {
    code: "not-found",
    message: "it is Secret(db)",
    hint: "Secret(db)",
    detail: ["Secret(db)"],
    cause: { code: "internal", message: "Secret(db)", cause: "Secret(db)" },
  });
});

Deno.test("lines of a key are found alone, and what is too short to be told apart is not looked for", () => {
  const concealer = holding("-----BEGIN KEY-----\nMIIBVgIBADANBgkqh\n-----END KEY-----\n");
  assert.equal(concealer.text("bad line: MIIBVgIBADANBgkqh"), "bad line: Secret(db)");
  assert.equal(holding("abc").text("abc"), "abc");
  assert.equal(new Concealer().text("abc"), "abc");
});
