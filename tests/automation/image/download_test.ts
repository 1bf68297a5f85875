import assert from "node:assert/strict";
import { begun } from "../../../automation/image/checksum.ts";
import { download, downloadText, type FetchFunction } from "../../../automation/image/download.ts";
import { SplitFile } from "../../../automation/image/split_file.ts";
import type { Steps } from "../../../automation/image/steps.ts";
import { isNearby, webAddress } from "../../../model/web_address.ts";
import { sumOf } from "./pictures.ts";
import { answering, head, RawServer, stage } from "./stage.ts";

const content = new Uint8Array(300_000).map((_, at) => at * 7 + (at >> 8));
const hex = await sumOf(content);
const half = 150_000;

interface Fetched {
  readonly hex: string;
  readonly bytes: Uint8Array;
}

/** Fetches into a folder, which may have something from before. */
async function fetchInto(
  folder: string,
  { url, steps = stage(), fetch = globalThis.fetch, maxBytes = 1_000_000 }: {
    readonly url: URL;
    readonly steps?: Steps;
    readonly fetch?: FetchFunction;
    readonly maxBytes?: number;
  },
): Promise<Fetched> {
  await using file = await SplitFile.open(`${folder}/got`);
  const note = `${folder}/from.json`;
  const hash = await download(steps, { url, fetch, maxBytes, file, note, begun: () => begun("sha256") });
  const pieces = await Array.fromAsync(file.pieces());
  return { hex: hash.digest("hex"), bytes: new Uint8Array(await new Blob(pieces).arrayBuffer()) };
}

async function inFolder<T>(run: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function fetchOnce(options: Parameters<typeof fetchInto>[1]): Promise<Fetched> {
  return inFolder((folder) => fetchInto(folder, options));
}

const somewhere = new URL("https://images.example.org/disk.img");

function whole(etag?: string): readonly (string | Uint8Array)[] {
  return [
    head("200 OK", { "content-length": content.length, ...(etag === undefined ? {} : { etag }) }),
    content,
  ];
}

function broken(etag?: string): readonly (string | Uint8Array)[] {
  const [first = ""] = whole(etag);
  return [first, content.subarray(0, half)];
}

function rest(
  { range }: { readonly range: string | undefined },
  etag: string,
): readonly (string | Uint8Array)[] {
  const from = Number(/\d+/.exec(range ?? "")?.[0]);
  const size = content.length;
  return [
    head("206 Partial Content", {
      "content-length": size - from,
      "content-range": `bytes ${from}-${size - 1}/${size}`,
      etag,
    }),
    content.subarray(from),
  ];
}

Deno.test("what broke off goes on where it was", async () => {
  await using server = new RawServer((asked, count) => count === 1 ? broken('"one"') : rest(asked, '"one"'));
  const fetched = await fetchOnce({ url: server.url() });
  assert.equal(fetched.hex, hex);
  assert.deepEqual(fetched.bytes, content);
  assert.equal(server.asked.length, 2);
  assert.equal(server.asked[1]?.ifRange, '"one"');
  const from = Number(/^bytes=(\d+)-$/.exec(server.asked[1]?.range ?? "")?.[1]);
  assert.ok(from > 0 && from <= half, `${from}`);
});

Deno.test("what an earlier process has left is gone on with", async () => {
  await using server = new RawServer((asked, count) => count <= 4 ? broken('"one"') : rest(asked, '"one"'));
  await inFolder(async (folder) => {
    const given = await fetchInto(folder, { url: server.url() }).catch((error) => error);
    assert.equal(given.code, "operation-failed", given.message);
    const before = server.asked.length;
    const { hex: found, bytes } = await fetchInto(folder, { url: server.url() });
    assert.equal(found, hex);
    assert.deepEqual(bytes, content);
    assert.notEqual(server.asked[before]?.range, undefined);
  });
});

Deno.test("what is another file by now, or was one, begins anew", async () => {
  await using changed = new RawServer((_, count) => count === 1 ? broken('"one"') : whole('"two"'));
  assert.equal((await fetchOnce({ url: changed.url() })).hex, hex);
  await using liar = new RawServer((asked, count) =>
    count === 1 ? broken('"one"') : asked.range === undefined ? whole('"two"') : rest(asked, '"two"')
  );
  assert.equal((await fetchOnce({ url: liar.url() })).hex, hex);
  await using elsewhere = new RawServer((asked, count) =>
    count === 1
      ? broken('"one"')
      : asked.range === undefined
      ? whole('"one"')
      : rest({ range: "bytes=7-" }, '"one"')
  );
  assert.equal((await fetchOnce({ url: elsewhere.url() })).hex, hex);
  await inFolder(async (folder) => {
    await using first = new RawServer(() => broken('"one"'));
    await fetchInto(folder, { url: first.url() }).catch(() => {});
    await using second = new RawServer(() => whole('"one"'));
    assert.equal((await fetchInto(folder, { url: second.url() })).hex, hex);
    assert.equal(second.asked[0]?.range, undefined, "another address is another file");
  });
});

Deno.test("a server that cannot tell its versions apart is asked for all of it", async () => {
  for (const etag of [undefined, 'W/"weak"']) {
    await using server = new RawServer((_, count) => count === 1 ? broken(etag) : whole(etag));
    assert.equal((await fetchOnce({ url: server.url() })).hex, hex);
    assert.deepEqual(server.asked.map(({ range }) => range), [undefined, undefined]);
  }
});

Deno.test("what always ends early is given up, and said how far it came", async () => {
  await using server = new RawServer(() => broken());
  await assert.rejects(fetchOnce({ url: server.url() }), (error: { code: string; message: string }) => {
    assert.equal(error.code, "operation-failed");
    assert.match(error.message, /it ended after \d+ of 300000 bytes/);
    return true;
  });
  assert.equal(server.asked.length, 4);
});

Deno.test("more than the limit is refused, whether it is said before or not", async () => {
  await using said = new RawServer(() => whole());
  await assert.rejects(fetchOnce({ url: said.url(), maxBytes: 1000 }), { code: "budget-exceeded" });
  let pulled = 0;
  const endless = answering(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => {
          pulled++;
          controller.enqueue(new Uint8Array(65_536));
        },
      }),
    )
  );
  await assert.rejects(fetchOnce({ url: somewhere, fetch: endless, maxBytes: 1_000_000 }), {
    code: "budget-exceeded",
    message: /more than 1000000 bytes/,
  });
  assert.ok(pulled < 30, `${pulled} pieces were read`);
});

Deno.test("a server that says almost nothing has broken off", async () => {
  let asked = 0;
  const silent = answering(() => {
    asked++;
    return new Response(
      new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(100)) }),
    );
  });
  await assert.rejects(fetchOnce({ url: somewhere, fetch: silent, steps: stage({ impatient: true }) }), {
    code: "operation-failed",
    message: /less than 4096 bytes in 60 s/,
  });
  // This clock may end a try before its bytes were there: the first that has them has come further, and three more may fail.
  assert.ok(asked >= 4 && asked <= 7, `${asked}`);
});

Deno.test("whoever is cancelled hears so at once", async () => {
  const controller = new AbortController();
  const fetch: FetchFunction = (_url, { signal }) => {
    controller.abort(new Error("enough"));
    return Promise.reject(signal?.reason);
  };
  const steps = stage({ signal: controller.signal });
  await assert.rejects(fetchOnce({ url: somewhere, fetch, steps }), { message: "enough" });
  assert.equal(steps.gone.filter((each) => each === "fetch image file").length, 1);
});

Deno.test("redirects are followed where they lead to the same kind of place, and not for ever", async () => {
  const to = (location: string, status = 302): Response =>
    new Response(null, { status, headers: { location } });
  const seen: string[] = [];
  const via = (answers: Readonly<Record<string, Response | undefined>>): FetchFunction =>
    answering((url) => {
      seen.push(url.href);
      return answers[url.href] ?? new Response(content);
    });
  const target = "https://mirror.example.net/x/disk.img";
  assert.equal(
    (await fetchOnce({ url: somewhere, fetch: via({ [somewhere.href]: to(target, 307) }) })).hex,
    hex,
  );
  assert.deepEqual(seen, [somewhere.href, target]);
  const refused = async (location: string, from = somewhere): Promise<string> => {
    const error = await fetchOnce({ url: from, fetch: via({ [from.href]: to(location) }) }).catch((error) =>
      error
    );
    return `${error.code}: ${error.message}`;
  };
  assert.match(
    await refused("http://images.example.org/disk.img"),
    /^permission-denied: .*not protected by TLS/,
  );
  for (
    const inside of [
      "https://127.0.0.1/x",
      "https://[::1]/x",
      "https://169.254.169.254/x",
      "https://localhost/x",
    ]
  ) {
    assert.match(await refused(inside), /^permission-denied: .*this machine's own network/, inside);
  }
  assert.match(await refused("file:///etc/shadow"), /^permission-denied: .*only http: and https:/);
  assert.match(await refused("https://a:b@example.org/x"), /^permission-denied: .*a name or password/);
  assert.match(await refused(somewhere.href), /^operation-failed: .*redirected more than 5 times/);
});

Deno.test("what a server refuses is said as what it is", async () => {
  const statusOf = async (
    status: number,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<string> => {
    let asked = 0;
    const fetch = answering(() => {
      asked++;
      return new Response("no", { status, headers });
    });
    const error = await fetchOnce({ url: somewhere, fetch }).catch((error) => error);
    return `${error.code} ${asked}`;
  };
  assert.equal(await statusOf(404), "not-found 1");
  assert.equal(await statusOf(410), "not-found 1");
  assert.equal(await statusOf(401), "permission-denied 1");
  assert.equal(await statusOf(418), "operation-failed 1");
  assert.equal(await statusOf(503, { "retry-after": "1" }), "unreachable 4");
  assert.equal(await statusOf(200, { "content-encoding": "gzip" }), "unsupported 1");
  const port = ((): number => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    return listener.addr.port;
  })();
  const error = await fetchOnce({ url: new URL(`http://127.0.0.1:${port}/`) }).catch((error) => error);
  assert.equal(error.code, "unreachable");
  assert.match(error.message, /Connection refused/);
});

Deno.test("a list is read whole, if it is small", async () => {
  const options = { url: somewhere, fetch: answering(() => new Response("abc")), maxBytes: 3 };
  assert.equal(await downloadText(stage(), options), "abc");
  await assert.rejects(downloadText(stage(), { ...options, maxBytes: 2 }), { code: "budget-exceeded" });
});

Deno.test("addresses have one spelling, and tell what is nearby", () => {
  const spelled = (text: string): string => {
    const address = webAddress(text);
    return address.ok ? address.url.href : address.problem;
  };
  assert.equal(spelled("HTTPS://Example.ORG:443/a/%2e%2e/b#c"), "https://example.org/b");
  assert.match(spelled("https://u@example.org/"), /name or password/);
  assert.match(spelled("file:///x"), /only http/);
  assert.match(spelled("https://"), /no address/);
  const near = [
    "localhost",
    "a.localhost",
    "127.0.0.1",
    "10.1.2.3",
    "172.31.0.1",
    "192.168.0.1",
    "[::1]",
    "[fd00::1]",
  ];
  for (const name of [...near, "[::ffff:127.0.0.1]", "0.0.0.0", "printer", "100.64.0.1"]) {
    assert.equal(isNearby(new URL(`http://${name}/`).hostname), true, name);
  }
  for (const name of ["example.org", "172.32.0.1", "8.8.8.8", "[2001:db8::1]", "10.example.org"]) {
    assert.equal(isNearby(new URL(`http://${name}/`).hostname), false, name);
  }
});
