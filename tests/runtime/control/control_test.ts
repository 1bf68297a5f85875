import assert from "node:assert/strict";
import { VirtError } from "../../../model/error.ts";
import { encodeFrame, FrameDecoder } from "../../../model/frame.ts";
import { ControlClient, NotTaken } from "../../../runtime/control/client.ts";
import type { ControlHandlers } from "../../../runtime/control/control.ts";
import { openControl, type OwnKernel } from "../../../runtime/control/open.ts";
import { ControlServer } from "../../../runtime/control/server.ts";
import { connectTo, listenOn, socketPath } from "../../../runtime/control/socket.ts";
import { controlVersion } from "../../../runtime/control/wire.ts";
import { type FakeAnswers, handlersOf } from "../../cli/kit/fake_control.ts";

/** A directory of the test's own, and what to do with it. */
async function withDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "drover-control-" });
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

interface Served {
  readonly client: ControlClient;
  readonly server: ControlServer;
  readonly path: string;
}

/** A served kernel that answers as the test says, and one client of it. */
function withServer(answers: FakeAnswers, test: (served: Served) => Promise<void>): Promise<void> {
  return withDirectory(async (directory) => {
    const path = await socketPath(directory);
    const server = new ControlServer(await listenOn(path), {
      handlers: handlersOf(answers),
      principal: "uid:1000",
    });
    try {
      const conn = await connectTo(path);
      assert.ok(conn !== undefined);
      await using client = await ControlClient.greet(conn);
      await test({ client, server, path });
    } finally {
      await server.close();
    }
  });
}

const question = {
  permission: "domain:start",
  connection: "host",
  operation: "domain.start",
  recipe: "a.ts",
  grant: "domain:start@web-1",
};

const call = { operation: "domain.start", uri: "test:///default", target: ["web-1"], input: {} };

const run = {
  id: "7f3a",
  file: "a.ts",
  hosts: { host: "test:///default" },
  state: "running",
  principal: "uid:1000",
  since: 0,
} as const;

Deno.test("a request is answered, with its parameters' defaults filled in", async () => {
  const seen: unknown[] = [];
  await withServer({
    "runs.list": (params, { principal }) => {
      seen.push(params, principal);
      return Promise.resolve([run]);
    },
  }, async ({ client }) => {
    assert.deepEqual(await client.request("runs.list", {}), [run]);
  });
  assert.deepEqual(seen, [{ all: false }, "uid:1000"]);
});

Deno.test("an error arrives with code, hint, place and cause", async () => {
  const error = new VirtError("slot-timeout", "It is busy", {
    hint: "Wait",
    at: { file: "a.ts", line: 3 },
    detail: { holder: "web" },
    cause: new VirtError("timed-out", "30 s are over"),
  });
  await withServer({ "runs.list": () => Promise.reject(error) }, async ({ client }) => {
    await assert.rejects(client.request("runs.list", {}), (got) => {
      assert.ok(got instanceof VirtError);
      assert.deepEqual([got.code, got.message, got.hint, got.at, got.detail], [
        "slot-timeout",
        "It is busy",
        "Wait",
        { file: "a.ts", line: 3 },
        { holder: "web" },
      ]);
      assert.ok(got.cause instanceof VirtError && got.cause.code === "timed-out");
      return true;
    });
  });
});

Deno.test("parameters that are not valid are refused by the kernel, not by a crash", async () => {
  await withServer({}, async ({ client }) => {
    await assert.rejects(client.request("runs.show", { id: "" }), { code: "invalid-argument" });
    await assert.rejects(client.request("operation.call", { ...call, priority: 99 }), {
      code: "invalid-argument",
    });
  });
});

Deno.test("what is streamed comes in order and before the answer, bytes included", async () => {
  await withServer({
    "operation.call": async (_params, { send }) => {
      for (let fraction = 0; fraction < 1; fraction += 0.25) await send({ kind: "progress", fraction });
      return { kind: "done", value: { bytes: new Uint8Array([0, 255]) } };
    },
  }, async ({ client }) => {
    const items: unknown[] = [];
    const outcome = await client.request("operation.call", call, {
      onItem: async (item) => {
        await Promise.resolve();
        items.push(item);
      },
    });
    assert.deepEqual(items.map((item) => Object(item).fraction), [0, 0.25, 0.5, 0.75]);
    assert.deepEqual(outcome, { kind: "done", value: { bytes: new Uint8Array([0, 255]) } });
  });
});

Deno.test("a cancel reaches the handler, and its answer comes all the same", async () => {
  await withServer({
    "operation.call": (_params, { signal }) => {
      const { promise, resolve } = Promise.withResolvers<
        Awaited<ReturnType<ControlHandlers["operation.call"]>>
      >();
      signal.addEventListener(
        "abort",
        () => resolve({ kind: "not-done", error: { code: "cancelled", message: "Stopped in time" } }),
      );
      return promise;
    },
  }, async ({ client }) => {
    const aborter = new AbortController();
    const asked = client.request("operation.call", call, { signal: aborter.signal });
    aborter.abort();
    assert.deepEqual(await asked, {
      kind: "not-done",
      error: { code: "cancelled", message: "Stopped in time" },
    });
  });
});

Deno.test("a question goes to the terminal of whoever asked, and the answer back", async () => {
  await withServer({
    "runs.start": async (_params, { ask }) => ({ ...run, result: await ask?.(question) }),
  }, async ({ client }) => {
    const params = { file: "/a.ts", hosts: { host: "test:///default" }, input: {}, grants: [] };
    const put: unknown[] = [];
    const ended = await client.request("runs.start", params, {
      ask: (asked) => {
        put.push(asked);
        return Promise.resolve("run");
      },
    });
    assert.deepEqual(put, [question]);
    assert.equal(ended.result, "run");
    assert.equal((await client.request("runs.start", params)).result, undefined, "nobody there to ask");
  });
});

Deno.test("a question to somebody who has gone is answered with no", async () => {
  const answered = Promise.withResolvers<string | undefined>();
  await withServer({
    "runs.start": async (_params, { ask }) => {
      answered.resolve(await ask?.(question));
      return run;
    },
  }, async ({ path }) => {
    const conn = await connectTo(path);
    assert.ok(conn !== undefined);
    const client = await ControlClient.greet(conn);
    const asked = Promise.withResolvers<void>();
    const started = client.request("runs.start", { file: "/a.ts", hosts: {}, input: {}, grants: [] }, {
      ask: () => {
        asked.resolve();
        return new Promise(() => {});
      },
    });
    started.catch(() => {});
    await asked.promise;
    await client[Symbol.asyncDispose]();
    assert.equal(await answered.promise, "deny");
  });
});

const who = { uri: "qemu+tls://host/system", host: "host", mechanism: "SCRAM-SHA-256" };

/** What a handler learns from the person at the caller's terminal. */
const learns: ControlHandlers["operation.call"] = async (_params, { person, signal }) => ({
  kind: "done",
  value: {
    atTerminal: person?.atTerminal ?? "nobody there",
    told: await person?.credentials({ ...who, user: "fred" }, signal) ?? "nothing",
  },
});

Deno.test("user and password are asked for where the caller sits, and not where nobody can be asked", async () => {
  await withServer({ "operation.call": learns }, async ({ client }) => {
    const put: unknown[] = [];
    const answered = await client.request("operation.call", call, {
      askCredentials: (asked) => {
        put.push(asked);
        return Promise.resolve({ user: "fred", password: "pass\0word" });
      },
    });
    assert.deepEqual(put, [{ ...who, user: "fred" }]);
    assert.deepEqual(answered, {
      kind: "done",
      value: { atTerminal: false, told: { user: "fred", password: "pass\0word" } },
    });
    const silent = await client.request("operation.call", call, {
      askCredentials: () => Promise.resolve(undefined),
    });
    assert.deepEqual(silent, { kind: "done", value: { atTerminal: false, told: "nothing" } });
    const nobody = await client.request("operation.call", call);
    assert.deepEqual(nobody, { kind: "done", value: { atTerminal: "nobody there", told: "nothing" } });
  });
});

Deno.test("an answer that is none counts as no answer", async () => {
  const bounds = { maxBytes: 1 << 20 };
  const told = Promise.withResolvers<unknown>();
  await withServer({
    "operation.call": async (_params, { person, signal }) => {
      told.resolve(await person?.credentials(who, signal));
      return { kind: "done", value: null };
    },
  }, async ({ path }) => {
    const conn = await connectTo(path);
    assert.ok(conn !== undefined);
    const writer = conn.writable.getWriter();
    const send = (message: unknown): Promise<void> => writer.write(encodeFrame(message, bounds));
    await send({ t: "hello", version: controlVersion });
    await send({ t: "request", id: 0, method: "operation.call", params: call, prompts: ["credentials"] });
    const reader = conn.readable.getReader();
    const decoder = new FrameDecoder(bounds);
    for (let asked = false; !asked;) {
      decoder.feed((await reader.read()).value ?? new Uint8Array());
      for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
        asked ||= Object(frame).t === "ask";
      }
    }
    await send({ t: "answer", question: 0, answer: { user: 7, password: ["x"] } });
    assert.equal(await told.promise, undefined);
    reader.releaseLock();
    conn.close();
  });
});

Deno.test("many requests go on at once over one connection", async () => {
  let open = 0;
  let most = 0;
  const all = Promise.withResolvers<void>();
  await withServer({
    "runs.show": async ({ id }) => {
      most = Math.max(most, ++open);
      if (open === 50) all.resolve();
      await all.promise;
      open--;
      return { run: { ...run, id }, steps: [] };
    },
  }, async ({ client }) => {
    const ids = Array.from({ length: 50 }, (_, index) => `run-${index}`);
    const shown = await Promise.all(ids.map((id) => client.request("runs.show", { id })));
    assert.deepEqual(shown.map((each) => each.run.id), ids);
  });
  assert.equal(most, 50);
});

/** Sends raw bytes to a kernel, and reads until it hangs up. */
async function sendRaw(path: string, ...frames: readonly Uint8Array[]): Promise<void> {
  const conn = await connectTo(path);
  assert.ok(conn !== undefined);
  const writer = conn.writable.getWriter();
  for (const frame of frames) await writer.write(frame).catch(() => {});
  const reader = conn.readable.getReader();
  while (!(await reader.read().catch(() => ({ done: true }))).done);
}

Deno.test("whoever does not speak the protocol is dropped, and the others go on", async () => {
  const bounds = { maxBytes: 1 << 20 };
  const hello = encodeFrame({ t: "hello", version: controlVersion }, bounds);
  await withServer({ "runs.list": () => Promise.resolve([]) }, async ({ client, path }) => {
    await sendRaw(path, new TextEncoder().encode("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    await sendRaw(path, new Uint8Array([255, 255, 255, 255, 1]));
    await sendRaw(
      path,
      encodeFrame({ t: "request", id: 1, method: "runs.list", params: {}, prompts: [] }, bounds),
    );
    await sendRaw(path, encodeFrame({ t: "hello", version: 99 }, bounds));
    await sendRaw(path, hello, hello);
    await sendRaw(
      path,
      hello,
      encodeFrame({ t: "request", id: 1, method: "kernel.explode", params: {}, prompts: [] }, bounds),
    );
    await sendRaw(path, hello, encodeFrame([1, 2, 3], bounds));
    assert.deepEqual(await client.request("runs.list", {}), []);
  });
});

Deno.test("a client that goes away is noticed by what it had asked for", async () => {
  const gone = Promise.withResolvers<unknown>();
  await withServer({
    "jobs.watch": (_params, { signal }) => {
      signal.addEventListener("abort", () => gone.resolve(signal.reason));
      return gone.promise.then(() => ({}));
    },
  }, async ({ path }) => {
    const conn = await connectTo(path);
    assert.ok(conn !== undefined);
    const client = await ControlClient.greet(conn);
    client.request("jobs.watch", {}).catch(() => {});
    await client[Symbol.asyncDispose]();
    assert.ok(await gone.promise instanceof VirtError);
  });
});

Deno.test("the socket is for its owner only", async () => {
  await withDirectory(async (directory) => {
    await Deno.chmod(directory, 0o755);
    const path = await socketPath(directory);
    const listener = await listenOn(path);
    const mode = async (of: string): Promise<number> => ((await Deno.stat(of)).mode ?? 0) & 0o777;
    assert.equal(await mode(path), 0o600);
    assert.equal(await mode(path.slice(0, path.lastIndexOf("/"))), 0o700);
    listener.close();
  });
});

Deno.test("a state directory with a long name has a socket all the same", async () => {
  await withDirectory(async (directory) => {
    const path = await socketPath(`${directory}/${"long".repeat(40)}`);
    assert.ok(new TextEncoder().encode(path).length <= 107);
    const listener = await listenOn(path);
    listener.close();
    await Deno.remove(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  });
});

/** A kernel of the test's own, with a lock in the memory of this process. */
class Locks {
  readonly #held = new Set<string>();
  kernels = 0;

  take(directory: string, handlers: ControlHandlers): OwnKernel | undefined {
    if (this.#held.has(directory)) return undefined;
    this.#held.add(directory);
    this.kernels++;
    return {
      handlers,
      idle: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => {
        this.#held.delete(directory);
        return Promise.resolve();
      },
    };
  }
}

Deno.test("of many that come at once one becomes the kernel, and the others attach", async () => {
  await withDirectory(async (directory) => {
    const locks = new Locks();
    const handlers = handlersOf({ "runs.list": () => Promise.resolve([run]) });
    const open = (): ReturnType<typeof openControl> =>
      openControl({
        stateDirectory: directory,
        principal: "uid:1000",
        become: () => Promise.resolve(locks.take(directory, handlers)),
      });
    const controls = await Promise.all(Array.from({ length: 8 }, open));
    assert.equal(controls.filter(({ local }) => local).length, 1);
    for (const control of controls) assert.deepEqual(await control.request("runs.list", {}), [run]);
    // Those who are attached go first: the kernel stays for requests, not for idle connections.
    for (const control of controls.toReversed()) await control[Symbol.asyncDispose]();
    assert.equal(locks.kernels, 1);
  });
});

Deno.test("the socket of a dead kernel is no kernel", async () => {
  await withDirectory(async (directory) => {
    const path = await socketPath(directory);
    const dead = await listenOn(path);
    await Deno.rename(path, `${path}.dead`);
    dead.close();
    await Deno.rename(`${path}.dead`, path);
    assert.ok((await Deno.lstat(path)).isSocket);
    const locks = new Locks();
    await using control = await openControl({
      stateDirectory: directory,
      principal: "uid:1000",
      become: () =>
        Promise.resolve(locks.take(directory, handlersOf({ "runs.list": () => Promise.resolve([]) }))),
    });
    assert.equal(control.local, true);
    assert.deepEqual(await control.request("runs.list", {}), []);
  });
});

Deno.test("whoever is attached to a kernel that leaves goes on with the next one", async () => {
  await withDirectory(async (directory) => {
    const locks = new Locks();
    const open = (id: string): ReturnType<typeof openControl> =>
      openControl({
        stateDirectory: directory,
        principal: "uid:1000",
        become: () =>
          Promise.resolve(
            locks.take(directory, handlersOf({ "runs.list": () => Promise.resolve([{ ...run, id }]) })),
          ),
      });
    const first = await open("first");
    await using second = await open("second");
    assert.equal(second.local, false);
    assert.equal((await second.request("runs.list", {}))[0]?.id, "first");
    await first[Symbol.asyncDispose]();
    assert.equal((await second.request("runs.list", {}))[0]?.id, "second");
    assert.equal(second.local, true);
  });
});

Deno.test("a kernel stays until what others asked of it is done, and not for those who only look on", async () => {
  await withDirectory(async (directory) => {
    const locks = new Locks();
    const release = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const watching = Promise.withResolvers<void>();
    const handlers = handlersOf({
      "operation.call": async () => {
        begun.resolve();
        await release.promise;
        return { kind: "done", value: 1 };
      },
      "jobs.watch": async (_params, { signal }) => {
        watching.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return {};
      },
    });
    const lingering: number[] = [];
    const open = (): ReturnType<typeof openControl> =>
      openControl({
        stateDirectory: directory,
        principal: "uid:1000",
        become: () => Promise.resolve(locks.take(directory, handlers)),
        onLinger: (others) => lingering.push(others),
      });
    const host = await open();
    const worker = await open();
    const onlooker = await open();
    const work = worker.request("operation.call", call);
    const stop = new AbortController();
    const watch = onlooker.request("jobs.watch", {}, { signal: stop.signal });
    await Promise.all([begun.promise, watching.promise]);
    const left = host[Symbol.asyncDispose]();
    release.resolve();
    assert.deepEqual(await work, { kind: "done", value: 1 });
    await left;
    assert.deepEqual(lingering, [1]);
    stop.abort();
    await watch.catch(() => {});
    await worker[Symbol.asyncDispose]();
    await onlooker[Symbol.asyncDispose]();
  });
});

Deno.test("a kernel that dies under a request is told as such, since the request may have acted", async () => {
  await withServer({
    "operation.call": () => new Promise(() => {}),
  }, async ({ path }) => {
    // A kernel that greets, takes a request, and drops the line.
    const fake = `${path}.fake`;
    const listener = Deno.listen({ transport: "unix", path: fake });
    const served = (async () => {
      const conn = await listener.accept();
      const bounds = { maxBytes: 1 << 20 };
      const writer = conn.writable.getWriter();
      await writer.write(encodeFrame({ t: "hello", version: controlVersion, pid: 4711 }, bounds));
      await writer.write(encodeFrame({ t: "taken", id: 0 }, bounds));
      const reader = conn.readable.getReader();
      let bytes = 0;
      while (bytes < 60) bytes += (await reader.read()).value?.length ?? 60;
      reader.releaseLock();
      conn.close();
    })();
    const conn = await connectTo(fake);
    assert.ok(conn !== undefined);
    const client = await ControlClient.greet(conn);
    await assert.rejects(client.request("operation.call", call), { code: "unreachable" });
    await served;
    listener.close();
    await client[Symbol.asyncDispose]();
  });
});

Deno.test("a request that finds the kernel gone may be asked of the next one, whatever was heard first", async () => {
  await withDirectory(async (directory) => {
    const path = await socketPath(directory);
    using listener = await listenOn(path);
    const [kernel, conn] = await Promise.all([listener.accept(), connectTo(path)]);
    assert.ok(conn !== undefined);
    const frame = (message: unknown): Uint8Array => encodeFrame(message, { maxBytes: 1024 });
    await kernel.write(frame({ t: "hello", version: controlVersion, pid: 1 }));
    // The kernel's farewell lies there unread until the request has failed to leave.
    const { promise: tried, resolve } = Promise.withResolvers<void>();
    const [read, write] = [conn.read.bind(conn), conn.write.bind(conn)];
    let greeted = false;
    conn.read = async (into): Promise<number | null> => {
      if (greeted) await tried;
      greeted = true;
      return await read(into);
    };
    const client = await ControlClient.greet(conn);
    conn.write = (bytes): Promise<number> => write(bytes).finally(resolve);
    await kernel.write(frame({ t: "bye" }));
    kernel.close();
    await assert.rejects(client.request("jobs.list", {}), NotTaken);
    await client[Symbol.asyncDispose]();
  });
});
