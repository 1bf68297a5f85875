/**
 * Which hosts clients may open, and what is kept of what they do there.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { parseUri } from "../model/uri.ts";
import type { Authority, CallRequest } from "../runtime/call.ts";
import type { DriverConnection } from "../runtime/driver.ts";
import type { Store } from "../runtime/journal/store.ts";
import type { Kernel } from "../runtime/kernel.ts";
import { Glob } from "../runtime/permission/glob.ts";
import type { RunManager } from "../runtime/run/manager.ts";
import { type CallCarrier, HostSession } from "./host_session.ts";
import { type Identity, principalOf } from "./identity.ts";
import type { HostOpener, OpenedHost, OpenHostOptions } from "./session.ts";

/** What hosts are opened with. */
export interface HostsOptions {
  readonly kernel: Kernel;
  readonly runs: Pick<RunManager, "carryOut">;
  readonly store: Pick<Store, "addAudit">;
  /** Globs over connection URIs without parameters; one that has any is allowed only as it stands here. */
  readonly allowed: readonly string[];
  /** What a client gets that names nothing. */
  readonly preferred: string;
  /** What a client may do; everything where absent. */
  readonly authorityOf?: (identity: Identity, uri: string) => Authority | undefined;
}

/** The hosts of a daemon. */
export class Hosts implements HostOpener {
  readonly #options: HostsOptions;
  readonly #allowed: readonly Glob[];

  constructor(options: HostsOptions) {
    this.#options = options;
    this.#allowed = options.allowed.map((text) => Glob.parse(text));
  }

  async open(name: string | undefined, options: OpenHostOptions): Promise<OpenedHost> {
    const { kernel, preferred, authorityOf } = this.#options;
    const { readonly, identity, client, events } = options;
    const uri = parseUri(name ?? preferred);
    // Whoever could name anything could have the daemon read files and start programs.
    if (!this.#isAllowed(uri.text)) {
      throw new VirtError("unsupported", `no connection driver available for ${uri.text}`, {
        remoteCode: "VIR_ERR_NO_CONNECT",
        detail: { from: "VIR_FROM_NONE" },
      });
    }
    const borrowed = await kernel.borrow(uri.text, { alone: isPrivate(uri.driver, uri.path) });
    const { connection } = borrowed;
    const authority = authorityOf?.(identity, uri.text);
    const session = new HostSession({
      connection,
      readonly,
      events,
      carrier: this.#carrierOf(connection),
      caller: { principal: principalOf(identity), title: `client ${client}`, since: kernel.clock.now() },
      ...(authority === undefined ? {} : { authority }),
    });
    return { uri, session, release: async () => await borrowed[Symbol.asyncDispose]() };
  }

  #isAllowed(uri: string): boolean {
    if (uri.includes("?")) return this.#options.allowed.includes(uri);
    return this.#allowed.some((glob) => glob.matches(uri));
  }

  /**
   * What lives only in this process needs no record of what was about to be done: it dies with the process. Everything
   * else has one, so that the next daemon finds out what became of it.
   */
  #carrierOf(connection: DriverConnection): CallCarrier {
    const { kernel, runs, store } = this.#options;
    return {
      read: (request) => kernel.call(request),
      write: connection.bootId === undefined ? (request) => runs.carryOut(request) : async (request) => {
        const result = await kernel.call(request);
        store.addAudit(deed(request, { outcome: result.outcome.kind, at: kernel.clock.now() }));
        return result;
      },
      subscribe: (to, listener) => kernel.subscribe(to, listener),
    };
  }
}

/** An entry of the audit log about something that was done. */
function deed(
  { operation, caller, target }: CallRequest,
  { outcome, at }: { readonly outcome: string; readonly at: number },
): Parameters<Store["addAudit"]>[0] {
  return {
    at,
    principal: caller.principal,
    decision: outcome,
    operation,
    ...(target === undefined ? {} : { object: target.name }),
  };
}

/** A host that a file describes is each client's own. Source: libvirt's test driver. */
function isPrivate(driver: string, path: string): boolean {
  return driver === "test" && path !== "/default";
}
