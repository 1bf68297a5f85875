/**
 * The hosts that clients of the HTTP API name, and what they may do there.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { parseUri } from "../../model/uri.ts";
import type { Caller } from "../../runtime/call.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { DriverConnection } from "../../runtime/driver.ts";
import type { Store } from "../../runtime/journal/store.ts";
import { Glob, type Grant, GrantAuthority, parseAllGrants } from "../../runtime/permission/mod.ts";
import { storeAudit } from "../../runtime/run/authorize.ts";
import type { RunManager } from "../../runtime/run/manager.ts";
import { hostName } from "../dispatch/objects.ts";
import type { StoredToken } from "./token.ts";

/** How many hosts are kept open for clients of the HTTP API. */
const maxHosts = 64;

/** What hosts are opened with. */
export interface HttpHostsOptions {
  readonly runs: Pick<RunManager, "connect">;
  readonly clock: Clock;
  readonly store: Store;
  /** Globs over connection URIs without parameters; one that has any is allowed only as it stands here. */
  readonly allowed: readonly string[];
  /** Hosts that stay open, by the URIs by which clients know them; they need no glob. @default none */
  readonly kept?: ReadonlyMap<string, string>;
  /** What a client gets that names nothing. */
  readonly preferred: string;
}

/** Which hosts clients may mean. */
interface MeantHosts extends Pick<HttpHostsOptions, "allowed" | "preferred"> {
  readonly globs: readonly Glob[];
}

function meantBy({ allowed, preferred }: Pick<HttpHostsOptions, "allowed" | "preferred">): MeantHosts {
  return { allowed, preferred, globs: allowed.map((text) => Glob.parse(text)) };
}

/** The hosts of the HTTP API. They stay open: what a client does is over before the next request. */
export class HttpHosts {
  readonly #options: HttpHostsOptions;
  #meant: MeantHosts;
  readonly #opened = new Set<string>();

  constructor(options: HttpHostsOptions) {
    this.#options = options;
    this.#meant = meantBy(options);
  }

  /** Has other hosts allowed and preferred from now on. */
  change(options: Pick<HttpHostsOptions, "allowed" | "preferred">): void {
    this.#meant = meantBy(options);
  }

  /**
   * The URI of the host that a client means.
   *
   * @throws {VirtError} `permission-denied` where nobody may open it here, `invalid-argument` where it is none.
   */
  uri(name: string | undefined): string {
    const { text } = parseUri(name ?? this.#meant.preferred);
    const kept = this.#options.kept?.get(text);
    if (kept !== undefined) return kept;
    const isAllowed = text.includes("?")
      ? this.#meant.allowed.includes(text)
      : this.#meant.globs.some((glob) => glob.matches(text));
    if (isAllowed) return text;
    throw new VirtError(
      "permission-denied",
      `Cannot open "${text}": the daemon does not open it for clients`,
      {
        hint: "allowed_uris in the daemon's settings says what may be opened",
      },
    );
  }

  /**
   * Opens a host, or finds the one that is open.
   *
   * @throws {VirtError} as {@linkcode HttpHosts.uri} does; `in-use` where too many are open; what connecting fails with.
   */
  async open(name: string | undefined, signal: AbortSignal): Promise<DriverConnection> {
    const uri = this.uri(name);
    const isNew = !this.#opened.has(uri);
    if (isNew && this.#opened.size >= maxHosts) {
      throw new VirtError("in-use", `Cannot open "${uri}": ${maxHosts} hosts are open already`);
    }
    this.#opened.add(uri);
    try {
      return await this.#options.runs.connect(uri, { signal });
    } catch (error) {
      if (isNew) this.#opened.delete(uri);
      throw error;
    }
  }

  /** What a token may do on a host, with every decision in the audit log. */
  authority(token: StoredToken, { caller, uris }: {
    readonly caller: Pick<Caller, "principal" | "run">;
    readonly uris: ReadonlyMap<string, string>;
  }): GrantAuthority {
    const { clock, store } = this.#options;
    return new GrantAuthority({ grants: grantsOf(token), clock, caller, audit: storeAudit(store), uris });
  }
}

/** What a token grants: until it expires, whatever its grants say. */
export function grantsOf({ grants, expires, created }: StoredToken): readonly Grant[] {
  const parsed = parseAllGrants(grants, { now: Date.parse(created) });
  if (expires === undefined) return parsed;
  const end = Date.parse(expires);
  return parsed.map((grant) => ({ ...grant, until: Math.min(end, grant.until ?? end) }));
}

/** The connections of one request, by the names that its call has for them. */
export function connectionsOf(
  host: DriverConnection,
  peer: DriverConnection | undefined,
): ReadonlyMap<string, DriverConnection> {
  return new Map([[hostName, host], ...(peer === undefined ? [] : [["peer", peer] as const])]);
}
