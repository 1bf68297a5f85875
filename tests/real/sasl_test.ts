/**
 * SASL with a real libvirtd and Cyrus's library behind it.
 */
import assert from "node:assert/strict";
import { parseUri } from "../../model/uri.ts";
import type { Credentials } from "../../protocol/authentication/credentials.ts";
import { connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import { systemClock as clock } from "../../runtime/clock.ts";
import { refusedLater } from "../protocol/kit/refusal.ts";
import { realTests } from "./kit/real_test.ts";

const fred: Credentials = { user: "fred", password: "pass=word,2" };
const joerg: Credentials = { user: "jörg", password: "pä ßwÖrd€" };

const real = realTests({
  tls: {},
  tcp: true,
  sasl: {
    on: ["unix", "tls", "tcp"],
    mechanism: "SCRAM-SHA-256 PLAIN DIGEST-MD5",
    users: { [fred.user]: fred.password, [joerg.user]: joerg.password },
  },
  needs: { certtool: "gnutls-bin", saslpasswd2: "sasl2-bin" },
});

function connect(uri: string, answer?: Credentials): Promise<RpcConnection> {
  return connectRpc(parseUri(uri), { clock, credentials: () => answer });
}

real.test("who knows the password gets in, by SCRAM-SHA-256 and by PLAIN, on socket and TLS", async (host) => {
  for (const transport of ["unix", "tls"] as const) {
    for (const who of [fred, joerg]) {
      for (const demand of ["", "&auth=sasl", "&auth=sasl.SCRAM-SHA-256", "&auth=sasl.plain"]) {
        await using connection = await connect(`${host.uri("test", { transport })}${demand}`, who);
        assert.equal((await connection.call("connectGetUri", undefined)).uri, "test:///default");
      }
    }
  }
});

real.test("who does not is denied, by either mechanism, and others are not kept out", async (host) => {
  const wrong = [{ ...fred, password: "wrong" }, { user: "nobody", password: fred.password }];
  for (const who of wrong) {
    for (const demand of ["", "&auth=sasl.PLAIN"]) {
      const error = await refusedLater("permission-denied", connect(`${host.uri()}${demand}`, who));
      assert.match(error.message, /daemon does not accept user "(fred|nobody)" with this password/);
      assert.equal(error.remoteCode, "VIR_ERR_AUTH_FAILED");
    }
  }
  await using _connection = await connect(host.uri(), fred);
});

real.test("nobody gets anything without credentials", async (host) => {
  const error = await refusedLater("permission-denied", connect(host.uri()));
  assert.match(error.message, /user and password are not known/);
});

real.test("without protection libvirtd offers nothing that is known here, and that is explained", async (host) => {
  const error = await refusedLater("unsupported", connect(host.uri("test", { transport: "tcp" }), fred));
  assert.match(`${error.message}; ${error.hint}`, /offers SASL by DIGEST-MD5.*\+tls.*\+ssh/);
});

real.test("the password is not shown to a server that nobody has looked at", async (host) => {
  const uri = `${host.uri("test", { transport: "tls" })}&no_verify=1`;
  await using _scram = await connect(uri, fred);
  await using _told = await connect(`${uri}&auth=sasl.PLAIN`, fred);
});

real.test("thirty who fail leave room for those who do not", async (host) => {
  // libvirtd has 20 places for clients that it does not know yet: each that failed has given its own back.
  for (let at = 0; at < 30; at++) {
    await refusedLater("permission-denied", connect(host.uri(), { user: "nobody", password: "x" }));
  }
  await using _connection = await connect(host.uri(), fred);
});
