/**
 * `drover daemon`: serves libvirt's clients until it is stopped.
 *
 * @module
 */
import { resolve } from "node:path";
import manifest from "../../deno.json" with { type: "json" };
import { leaveWhenIdle } from "../../daemon/idle.ts";
import { KeptHosts, parseKeptHost } from "../../daemon/kept_hosts.ts";
import { httpPlaceText, parseHttpPlace } from "../../daemon/http/place.ts";
import { type OpenedHttp, openHttp, type OpenHttpOptions } from "../../daemon/http/open.ts";
import { beginWatching, type Watching } from "../../daemon/http/watching.ts";
import { addressText, parseListenAddress } from "../../daemon/listen_address.ts";
import { lineLog, type Log } from "../../daemon/log.ts";
import { ServiceManager, serviceVariables } from "../../daemon/service_manager.ts";
import { openDaemon, type OpenedDaemon } from "../../daemon/open.ts";
import { inheritedSockets } from "../../daemon/transport/inherited.ts";
import { isVirtError, VirtError } from "../../model/error.ts";
import { inSentence, messageOf } from "../../protocol/wording.ts";
import { systemClock } from "../../runtime/clock.ts";
import { openControl } from "../../runtime/control/open.ts";
import { ownKernel } from "../../runtime/control/own_kernel.ts";
import type { OpenedSchedules } from "../../automation/schedule/mod.ts";
import { type Host, openHost } from "../../runtime/host.ts";
import { drivenStates } from "../../runtime/run/recovery.ts";
import type { DaemonFlags } from "../commands/daemon.ts";
import type { DroverContext } from "../context.ts";
import { readDaemonSettings } from "../daemon_settings.ts";
import { registeredDrivers } from "../drivers.ts";
import type { CommandSignal } from "../io.ts";
import { principal } from "../kernel.ts";
import { kernelOperations } from "../kernel_operations.ts";
import { schedulesOf } from "../schedules.ts";
import { stateDirectory } from "../settings.ts";

/** Serves until a signal comes, or nobody has been there for as long as `--timeout` says. */
export async function serveClients(this: DroverContext, flags: DaemonFlags): Promise<void> {
  const { io } = this;
  const { settings, ignored, file } = readDaemonSettings(io, flags.config);
  const log = lineLog({ write: (text) => io.stderr.write(text), now: Date.now });
  if (ignored.length > 0) log("warn", "settings without a meaning here", { file, names: ignored.join(" ") });
  const { rpc, http = settings.http_listen } = placesIn(flags.listen);
  const addresses = rpc?.map((text) => parseListenAddress(text, settings));
  const places = http.map(parseHttpPlace);
  const directory = resolve(stateDirectory(io, flags.stateDir));
  const inherited = inheritedSockets((name) => io.env(name));
  using manager = new ServiceManager({ clock: systemClock, log, env: (name) => io.env(name) });
  // Programs that are started from here are not who was meant.
  for (const name of serviceVariables) Deno.env.delete(name);
  // Whoever hears that it is ready may ask it to leave at once.
  const stopping = listenToSignals(this, log);
  let readAgain = (): void => {};
  using _hangup = io.onSignal("SIGHUP", () => readAgain());
  await using watching = beginWatching({ settings, log, version: manifest.version });
  await using kernel = await becomeKernel(directory, { watching: watching.host, log });
  const { host, schedules } = kernel;
  // Nobody is let in before it is known what the daemon before left under way.
  await using _kept = await KeptHosts.open(settings.hosts.map(parseKeptHost), { host, log });
  await using opened = await open({
    host,
    settings,
    log,
    inherited,
    ...(addresses === undefined ? {} : { addresses }),
  });
  await using api = await serveHttp(
    { host, settings, log, version: manifest.version, places, schedules: schedules.schedules },
    { watching, rpc: opened.daemon },
  );
  // Before anybody is told that it is ready, what the daemon before was firing is taken up.
  await using _serving = schedules;
  await schedules.serve();
  readAgain = (): void => {
    manager.reloading();
    rereadSettings({ opened, api }, { log, read: () => readDaemonSettings(io, flags.config) });
    manager.ready(`serving ${opened.daemon.clients} clients`);
  };
  const listening = [...opened.addresses.map(addressText), ...api.places.map(httpPlaceText)].join(" ");
  log("info", "ready", { version: manifest.version, pid: Deno.pid, stateDirectory: directory, listening });
  manager.ready(
    listening === "" ? "listening on sockets that were handed over" : `listening on ${listening}`,
  );
  const { timeout = 0 } = flags;
  if (timeout > 0) {
    const driven: ReadonlySet<string> = new Set(drivenStates);
    leaveWhenIdle({
      daemon: opened.daemon,
      isBusy: async () =>
        api.server.clients > 0 || await schedules.waits() ||
        (await host.runs.list()).some(({ state }) => driven.has(state)),
      clock: host.kernel.clock,
      timeout,
      leave: stopping.resolve,
    });
  }
  const why = await stopping.promise;
  log("info", "leaving", { why });
  manager.stopping(why);
}

/** The kernel of a state directory, with nobody else's. */
interface OwnHost extends AsyncDisposable {
  readonly host: Host;
  /** They are not served yet. */
  readonly schedules: OpenedSchedules;
}

/**
 * Becomes the kernel of a state directory.
 *
 * @throws {VirtError} `in-use` where another process is.
 */
async function becomeKernel(
  directory: string,
  { watching, log }: { readonly watching: Watching["host"]; readonly log: Log },
): Promise<OwnHost> {
  let host: Host | undefined;
  let schedules: OpenedSchedules | undefined;
  const control = await openControl({
    stateDirectory: directory,
    principal: principal(),
    become: async () => {
      host = await openHost({
        stateDirectory: directory,
        drivers: registeredDrivers,
        operations: kernelOperations({ env: (name) => Deno.env.get(name) }, directory),
        version: manifest.version,
        launch: async (request) => (await import("../launch.ts")).launch(request),
        ...watching,
      });
      if (host === undefined) return undefined;
      const opened = schedulesOf(host, { log });
      schedules = opened;
      return ownKernel(host, {
        version: manifest.version,
        schedules: () => Promise.resolve(opened.schedules),
      });
    },
  });
  if (host === undefined || schedules === undefined) {
    await control[Symbol.asyncDispose]();
    throw new VirtError("in-use", `Cannot be the kernel of "${directory}": another process is`, {
      hint: "Wait until its commands are done, or name another directory with --state-dir",
    });
  }
  const own = host;
  return {
    host: own,
    schedules,
    // Runs are interrupted first: what waits for them is answered then, and nothing holds the kernel up any more.
    [Symbol.asyncDispose]: async () => {
      await own.close();
      await control[Symbol.asyncDispose]();
    },
  };
}

/** Reads the settings again. Where they are wrong everything stays as it was. */
function rereadSettings(
  { opened, api }: { readonly opened: OpenedDaemon; readonly api: OpenedHttp },
  { log, read }: { readonly log: Log; readonly read: () => ReturnType<typeof readDaemonSettings> },
): void {
  try {
    const { settings, changed, waiting } = opened.reread(read().settings);
    api.change(settings);
    log("info", "settings read again", { changed: changed.join(" ") });
    if (waiting.length > 0) {
      log("warn", "settings that wait for the next start", { names: waiting.join(" ") });
    }
  } catch (error) {
    const why = isVirtError(error) ? inSentence(error.message) : messageOf(error);
    log("error", "settings stay as they were", { why });
  }
}

/** What `--listen` says, told apart; where it says anything, the settings say nothing. */
function placesIn(
  listen: readonly string[] | undefined,
): { readonly rpc?: readonly string[]; readonly http?: readonly string[] } {
  if (listen === undefined) return {};
  const isHttp = /^http(?::|\+)/;
  return {
    rpc: listen.filter((text) => !isHttp.test(text)),
    http: listen.filter((text) => isHttp.test(text)).map((text) => text.replace(/^http(?::(\/\/)?|\+)/, "")),
  };
}

/** Serves the HTTP API where there are places for it, and has everything measured. */
async function serveHttp(
  options: OpenHttpOptions,
  { watching: { metrics, request: watch }, rpc }: {
    readonly watching: Watching;
    readonly rpc: OpenedDaemon["daemon"];
  },
): Promise<OpenedHttp & AsyncDisposable> {
  const { host: { kernel, since }, version } = options;
  const opened = await openHttp({ ...options, watch, metrics: () => metrics.text() });
  const { server: http } = opened;
  metrics.look({
    slots: () => kernel.slots(),
    clients: () => ({ rpc: rpc.clients, http: http.clients }),
    streams: () => ({ rpc: rpc.streams, http: http.streams }),
    queued: () => ({ rpc: rpc.queued }),
    bytes: () => ({ rpc: rpc.traffic, http: http.traffic }),
    version,
    since,
  });
  return { ...opened, [Symbol.asyncDispose]: () => http.close() };
}

async function open(options: Parameters<typeof openDaemon>[0]): Promise<OpenedDaemon & AsyncDisposable> {
  const opened = await openDaemon(options);
  return { ...opened, [Symbol.asyncDispose]: () => opened.daemon.close() };
}

/** Resolves with why the daemon is to leave. A second signal ends the process at once. */
function listenToSignals(context: DroverContext, log: Log): PromiseWithResolvers<string> {
  const stopping = Promise.withResolvers<string>();
  let asked = false;
  const onSignal = (signal: CommandSignal) => (): void => {
    if (asked) {
      log("warn", "leaving at once", { why: signal });
      context.endNow(signal === "SIGINT" ? 130 : 143);
    }
    asked = true;
    stopping.resolve(signal);
  };
  // They stay until the process ends: what comes while it leaves is the second one.
  context.io.onSignal("SIGINT", onSignal("SIGINT"));
  context.io.onSignal("SIGTERM", onSignal("SIGTERM"));
  return stopping;
}
