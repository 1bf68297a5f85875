import assert from "node:assert/strict";
import { keyCode } from "../../model/key_code.ts";

Deno.test("keys have Linux's numbers, under each of their names", () => {
  const known = {
    KEY_ESC: 1,
    KEY_A: 30,
    KEY_KPDOT: 83,
    KEY_F11: 87,
    KEY_F12: 88,
    KEY_DELETE: 111,
    KEY_F24: 194,
  };
  for (const [name, number] of Object.entries(known)) assert.equal(keyCode(name), number, name);
  assert.equal(keyCode("KEY_SCREENLOCK"), keyCode("KEY_COFFEE"));
  assert.equal(keyCode("KEY_MICMUTE"), 248);
  assert.equal(keyCode("KEY_OF_LIFE"), undefined);
  assert.equal(keyCode("KEY_"), undefined);
});
