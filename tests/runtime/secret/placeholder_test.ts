import assert from "node:assert/strict";
import { withValues } from "../../../runtime/secret/placeholder.ts";

const nonce = "3f1c8a5e";
const values: Readonly<Record<string, string | Uint8Array>> = {
  vnc: `a'b"c<d>&e`,
  lines: "a\nb",
  bytes: new Uint8Array([255]),
};

const fill = (xml: string): Promise<string> =>
  withValues(xml, { nonce, valueOf: (name) => Promise.resolve(values[name] ?? "plain") });

const domain = (inside: string, graphics: string): string =>
  `<domain type='test'><name>a</name>${inside}<devices>${graphics}</devices></domain>`;

Deno.test("a value stands in the password of graphics, in either kind of quotes", async () => {
  const escaped = "a&apos;b&quot;c&lt;d&gt;&amp;e";
  for (const quote of ["'", '"']) {
    const graphics = (value: string): string => `<graphics type='vnc' passwd=${quote}${value}${quote}/>`;
    assert.equal(await fill(domain("", graphics("drover:secret:vnc"))), domain("", graphics(escaped)));
    assert.equal(await fill(graphics("drover:secret:vnc")), graphics(escaped));
  }
});

Deno.test("nowhere else does a value stand, however it is asked for", async () => {
  const good = "<graphics type='vnc' passwd='drover:secret:vnc'/>";
  // The password is written in a way in which no placeholder is seen, so that a placeholder elsewhere could pass for it.
  const hidden = "<graphics type='vnc' passwd='drover&#58;secret:vnc'/>";
  const wrong = [
    domain("<title>drover:secret:vnc</title>", ""),
    domain("<title>drover:secret:vnc</title>", good),
    domain("<title>drover:secret:vnc</title>", hidden),
    domain("<metadata><x xmlns='urn:x' passwd='drover:secret:vnc'/></metadata>", hidden),
    domain("<metadata><devices><graphics type='vnc' passwd='drover:secret:vnc'/></devices></metadata>", ""),
    domain("<!-- <graphics type='vnc' passwd='drover:secret:vnc'/> -->", hidden),
    domain("<?x passwd='drover:secret:vnc'?>", hidden),
    domain("<title><![CDATA[drover:secret:vnc]]></title>", hidden),
    domain("", "<graphics type='sdl' passwd='drover:secret:vnc'/>"),
    domain("", "<graphics type='vnc' keymap='drover:secret:vnc'/>"),
    domain("", "<graphics type='vnc' passwd='x-drover:secret:vnc'/>"),
    domain("", "<graphics type='vnc' passwd='drover:secret:vnc:x'/>"),
    domain("", "<x:graphics xmlns:x='urn:x' type='vnc' passwd='drover:secret:vnc'/>"),
    "<disk><source file='drover:secret:vnc'/></disk>",
  ];
  for (const xml of wrong) await assert.rejects(fill(xml), { code: "invalid-argument" }, xml);
  await assert.rejects(
    fill(`<!DOCTYPE domain [<!ENTITY p "drover:secret:vnc">]>${domain("<title>&p;</title>", hidden)}`),
  );
});

Deno.test("a value that is no line of text is refused", async () => {
  for (const name of ["lines", "bytes"]) {
    await assert.rejects(fill(`<graphics type='vnc' passwd='drover:secret:${name}'/>`), {
      code: "invalid-argument",
      message: /its value is no single line of text$/,
    });
  }
});
