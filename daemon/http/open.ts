/**
 * The HTTP API put together.
 *
 * @module
 */
import type { Host } from "../../runtime/host.ts";
import type { Schedules } from "../../runtime/schedule/contract.ts";
import { AuditTrail } from "../audit.ts";
import { parseKeptHost } from "../kept_hosts.ts";
import type { Log } from "../log.ts";
import type { DaemonSettings } from "../settings.ts";
import { ActingRequests } from "./acting.ts";
import { HostEvents } from "./host_events.ts";
import { HttpHosts } from "./hosts.ts";
import type { HttpPlace } from "./place.ts";
import { routes } from "./routes.ts";
import { RunEvents } from "./run_events.ts";
import { HttpServer, type RequestWatch } from "./server.ts";
import { defaultTokenFile, TokenBook } from "./token_file.ts";

/** What the HTTP API is opened with. */
export interface OpenHttpOptions {
  /** The kernel of the daemon's state directory. It stays open when the API is closed. */
  readonly host: Host;
  readonly settings: DaemonSettings;
  readonly log: Log;
  /** The project's version. */
  readonly version: string;
  /** Where to listen. */
  readonly places: readonly HttpPlace[];
  /** What runs at which times. */
  readonly schedules: Schedules;
  /** The metrics as Prometheus reads them. @default none */
  readonly metrics?: () => string;
  /** Stands around every request. @default nobody watches */
  readonly watch?: RequestWatch;
}

/** An HTTP API that is served. */
export interface OpenedHttp {
  readonly server: HttpServer;
  /** Where it listens. */
  readonly places: readonly HttpPlace[];
  /** Goes on by other settings. Places to listen and the file of tokens stay. */
  change(settings: DaemonSettings): void;
}

/**
 * Serves the HTTP API.
 *
 * @throws {VirtError} where a place to listen cannot be used; nothing is open then.
 */
export async function openHttp(options: OpenHttpOptions): Promise<OpenedHttp> {
  const { host, settings, log, version, places, schedules, metrics = (): string => "", watch } = options;
  const { kernel, runs, store, stateDirectory } = host;
  const { clock } = kernel;
  const file = settings.http_token_file === "" ? defaultTokenFile(stateDirectory) : settings.http_token_file;
  const audit = new AuditTrail({ store, clock });
  const hosts = new HttpHosts({
    runs,
    clock,
    store,
    allowed: settings.allowed_uris,
    preferred: settings.default_uri,
    kept: new Map(settings.hosts.map(parseKeptHost).map(({ name, uri }) => [name, uri])),
  });
  let current = settings;
  const server = new HttpServer({
    log,
    audit,
    tokens: new TokenBook(file, () => clock.now()),
    services: {
      host,
      get settings() {
        return current;
      },
      version,
      schedules,
      routes,
      metrics,
      hosts,
      acting: new ActingRequests(store),
      runEvents: new RunEvents({ kernel, runs, store }),
      hostEvents: new HostEvents(kernel),
    },
    ...(watch === undefined ? {} : { watch }),
  });
  try {
    const bound: HttpPlace[] = [];
    for (const place of places) bound.push(await server.listen(place));
    const change = (next: DaemonSettings): void => {
      hosts.change({ allowed: next.allowed_uris, preferred: next.default_uri });
      current = next;
    };
    return { server, places: bound, change };
  } catch (error) {
    await server.close();
    throw error;
  }
}
