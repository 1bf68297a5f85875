import assert from "node:assert/strict";
import fc from "fast-check";
import { ScramClient } from "../../../protocol/authentication/scram.ts";
import { isVirtError } from "../../../model/error.ts";
import { refused, refusedLater } from "../kit/refusal.ts";
import { ScramServer } from "./scram_server.ts";

const clientNonce = "rOprNGfwEbeRWgbNEkqO";
const serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

function client(): ScramClient {
  return new ScramClient({ user: "user", password: "pencil" }, { nonce: clientNonce });
}

Deno.test("the conversation of RFC 7677 is spoken letter by letter", async () => {
  const one = client();
  assert.equal(one.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  assert.equal(
    await one.prove(serverFirst),
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  );
  one.verify(serverFinal);
});

Deno.test("every user and password that can be is understood by a server", async () => {
  const word = fc.stringMatching(/^[ -~äöüßéÅ=,]{1,20}$/);
  await fc.assert(
    fc.asyncProperty(word, word, async (user, password) => {
      const one = new ScramClient({ user, password });
      const server = new ScramServer({ user, password });
      one.verify(server.check(await one.prove(server.challenge(one.first()))));
    }),
    { numRuns: 30 },
  );
});

Deno.test("no two conversations have the same nonce", () => {
  const nonces = Array.from({ length: 100 }, () => new ScramClient({ user: "u", password: "p" }).first());
  assert.equal(new Set(nonces).size, 100);
});

Deno.test("a server that does not keep to the rules is left before it gets a proof", async () => {
  const cases: readonly (readonly [first: string, why: RegExp])[] = [
    ["", /nonce/],
    ["r=other,s=W22Z,i=4096", /nonce/],
    [`r=${clientNonce},s=W22Z,i=4096`, /nonce/],
    [`r=${clientNonce}\u0001,s=W22Z,i=4096`, /nonce/],
    [`m=new,r=${clientNonce}x,s=W22Z,i=4096`, /extension/],
    [`r=${clientNonce}x,s=,i=4096`, /salt/],
    [`r=${clientNonce}x,s=W22,i=4096`, /salt/],
    [`r=${clientNonce}x,s=${"QUFB".repeat(400)},i=4096`, /salt/],
    [`r=${clientNonce}x,i=4096,s=W22Z`, /salt/],
    [`r=${clientNonce}x,s=W22Z`, /iterations/],
    [`r=${clientNonce}x,s=W22Z,i=-1`, /iterations/],
    [`r=${clientNonce}x,s=W22Z,i=4096e9`, /iterations/],
    [`r=${clientNonce}x,s=W22Z,i=1`, /1 iterations/],
    [`r=${clientNonce}x,s=W22Z,i=2000000000`, /2000000000 iterations/],
    ["e=unknown-user", /nonce/],
  ];
  for (const [first, why] of cases) {
    assert.match((await refusedLater("protocol", client().prove(first))).message, why, first);
  }
});

Deno.test("a server that does not know the password is found out", async () => {
  const one = client();
  await one.prove(serverFirst);
  assert.match(
    refused("protocol", () => one.verify(serverFinal.replace("6rri", "7rri"))).message,
    /password/,
  );
  assert.match(refused("protocol", () => one.verify("v=")).message, /proof/);
  assert.match(refused("protocol", () => one.verify("")).message, /proof/);
  assert.match(refused("protocol", () => client().verify(serverFinal)).message, /proof/);
  assert.match(
    refused("permission-denied", () => one.verify("e=invalid-proof\u001b[2J")).message,
    /invalid-proof\[2J$/,
  );
});

Deno.test("whatever a server says, only errors of ours come of it", async () => {
  const said = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.tuple(fc.constantFrom("r=", "s=", "i=", "v=", "e=", "m=", ""), fc.string(), fc.string()).map(
      ([field, one, other]) => `r=${clientNonce}${one},${field}${other},i=4096`,
    ),
  );
  await fc.assert(
    fc.asyncProperty(said, async (text) => {
      const one = client();
      try {
        await one.prove(text);
      } catch (error) {
        assert.ok(isVirtError(error));
      }
      assert.throws(() => one.verify(text), isVirtError);
    }),
    { numRuns: 200 },
  );
});
