/**
 * Images as somebody else reads them.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isoImage } from "../../../dsl/first_boot/iso_image.ts";

const encoder = new TextEncoder();

function commandFails(program: string): boolean {
  try {
    return !new Deno.Command(program, { args: ["-version"], stdout: "null", stderr: "null" }).outputSync()
      .success;
  } catch {
    return true;
  }
}

const lacksReader = commandFails("xorriso");

/** What xorriso, which knows nothing of us, finds in an image. */
async function extracted(image: Uint8Array): Promise<Readonly<Record<string, Uint8Array>>> {
  const directory = await Deno.makeTempDir({ prefix: "drover-iso-" });
  try {
    await Deno.writeFile(`${directory}/image.iso`, image);
    const { success, stderr } = await new Deno.Command("xorriso", {
      args: ["-indev", `${directory}/image.iso`, "-osirrox", "on", "-extract", "/", `${directory}/out`],
      stdout: "null",
      stderr: "piped",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const files: Record<string, Uint8Array> = {};
    for await (const { name } of Deno.readDir(`${directory}/out`)) {
      files[name] = new Uint8Array(await Deno.readFile(`${directory}/out/${name}`));
    }
    return files;
  } finally {
    await new Deno.Command("chmod", { args: ["-R", "u+w", directory] }).output();
    await Deno.remove(directory, { recursive: true });
  }
}

const name = fc.stringMatching(/^[a-zA-Z0-9_][\w.-]{0,40}$/).filter((text) => !text.endsWith("."));

Deno.test({
  name: lacksReader
    ? "another program finds every file in an image (skipped: xorriso is not installed)"
    : "another program finds every file in an image",
  ignore: lacksReader,
  fn: async () => {
    const many = Object.fromEntries(
      Array.from({ length: 120 }, (_, at) => [`a-name-that-takes-its-room-${at}`, encoder.encode(`${at}`)]),
    );
    const sets = [
      {
        "user-data": encoder.encode("#cloud-config\n"),
        "meta-data": new Uint8Array(),
        "network-config": encoder.encode("{}"),
      },
      { exact: new Uint8Array(2048).fill(1), more: new Uint8Array(2049).fill(2) },
      many,
      ...fc.sample(fc.dictionary(name, fc.uint8Array({ maxLength: 5000 }), { minKeys: 1, maxKeys: 20 }), 10),
    ];
    for (const files of sets) {
      assert.deepEqual(await extracted(isoImage({ label: "cidata", files })), { ...files });
    }
  },
});

Deno.test("the same files give the same image, whatever their order", () => {
  const one = { a: encoder.encode("1"), b: encoder.encode("2") };
  const other = { b: encoder.encode("2"), a: encoder.encode("1") };
  assert.deepEqual(isoImage({ label: "x", files: one }), isoImage({ label: "x", files: other }));
});

Deno.test("labels and names that there cannot be, and too much, are refused", () => {
  const refused = { code: "invalid-argument", message: /^Cannot make an image: / };
  for (const label of ["", "a b", "x".repeat(17), "é"]) {
    assert.throws(() => isoImage({ label, files: {} }), refused, label);
  }
  for (const file of ["", "a/b", "..\0", "é", "x".repeat(65)]) {
    assert.throws(() => isoImage({ label: "x", files: { [file]: new Uint8Array() } }), refused, file);
  }
  assert.throws(() => isoImage({ label: "x", files: { a: new Uint8Array(65 * 1024 * 1024) } }), refused);
});
