// deno-lint-ignore-file no-console -- what it prints is its result
/**
 * Drover's protocol client alone, as one of the clients that are measured side by side.
 *
 * Arguments: a connection URI. Each line on standard input is a piece of work as JSON, `{"work", "count", "inFlight"}`;
 * each is answered with `{"seconds"}`. With `--once` it makes one call, prints the answer and leaves.
 *
 * @module
 */
import { parseUri } from "../../model/uri.ts";
import { connectRpc } from "../../protocol/connect.ts";
import type { RpcConnection } from "../../protocol/connection.ts";
import { systemClock } from "../../runtime/clock.ts";

async function versions(connection: RpcConnection, count: number): Promise<void> {
  for (let at = 0; at < count; at++) await connection.call("connectGetLibVersion", undefined);
}

async function definitions(connection: RpcConnection): Promise<void> {
  const { domains } = await connection.call("connectListAllDomains", { needResults: 1, flags: 0 });
  await Promise.all(domains.map((dom) => connection.call("domainGetXmlDesc", { dom, flags: 0 })));
}

async function definition(connection: RpcConnection, count: number): Promise<void> {
  const { domains: [dom] } = await connection.call("connectListAllDomains", { needResults: 1, flags: 0 });
  if (dom === undefined) throw new Error("There is no domain to ask about");
  for (let at = 0; at < count; at++) await connection.call("domainGetXmlDesc", { dom, flags: 0 });
}

const [uri = "test+unix:///default", mode] = Deno.args;
await using connection = await connectRpc(parseUri(uri), {
  clock: systemClock,
  ...(mode === "--wide" ? { maxOutstanding: 32 } : {}),
});
if (mode === "--once") {
  console.log(`${(await connection.call("connectGetLibVersion", undefined)).libVer}`);
} else {
  for await (const line of Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(lines())) {
    const { work, count, inFlight } = JSON.parse(line);
    const begin = performance.now();
    if (work === "definitions") await definitions(connection);
    else if (work === "definition") await definition(connection, count);
    else {await Promise.all(
        Array.from({ length: inFlight }, () => versions(connection, Math.floor(count / inFlight))),
      );}
    console.log(JSON.stringify({
      seconds: (performance.now() - begin) / 1000,
      mebibytes: Deno.memoryUsage().rss / 2 ** 20,
    }));
  }
}

/** Cuts text into lines. */
function lines(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller): void {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) controller.enqueue(part);
    },
  });
}
