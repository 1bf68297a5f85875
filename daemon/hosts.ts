/**
 * Which hosts clients may open, and what is kept of what they do there.
 *
 * @module
 */
import { VirtError } from "../model/error.ts";
import { type ConnectionUri, parseUri } from "../model/uri.ts";
import type { DriverConnection } from "../runtime/driver.ts";
import type { Kernel } from "../runtime/kernel.ts";
import { Glob } from "../runtime/permission/glob.ts";
import type { RunManager } from "../runtime/run/manager.ts";
import { type AccessControl, allRights } from "./access.ts";
import type { AuditTrail, ClientAudit } from "./audit.ts";
import { accessDenied, isRefusal } from "./dispatch/access.ts";
import { type CallCarrier, HostSession } from "./host_session.ts";
import { type Identity, principalOf } from "./identity.ts";
import type { HostOpener, OpenedHost, OpenHostOptions } from "./session.ts";

/** What hosts are opened with. */
export interface HostsOptions {
  readonly kernel: Kernel;
  readonly runs: Pick<RunManager, "carryOut">;
  /** Globs over connection URIs without parameters; one that has any is allowed only as it stands here. */
  readonly allowed: readonly string[];
  /** Hosts that the daemon reaches by another connection URI than clients name: theirs to its own. @default none */
  readonly kept?: ReadonlyMap<string, string>;
  /** What a client gets that names nothing. */
  readonly preferred: string;
  /** What clients may do; everything where absent. */
  readonly access?: Pick<AccessControl, "rightsOf">;
  /** What they do is on record there. */
  readonly audit: AuditTrail;
  /** Where bytes of clients wait until all have come. @default the system's place for temporary files */
  readonly transferDirectory?: string;
}

/** The hosts of a daemon. */
export class Hosts implements HostOpener {
  #options: HostsOptions;
  #allowed: readonly Glob[];

  constructor(options: HostsOptions) {
    this.#options = options;
    this.#allowed = globsIn(options);
  }

  /** Lets clients open other hosts from now on. */
  change(changed: Pick<HostsOptions, "allowed" | "preferred">): void {
    this.#allowed = globsIn(changed);
    this.#options = { ...this.#options, ...changed };
  }

  async open(name: string | undefined, options: OpenHostOptions): Promise<OpenedHost> {
    const { kernel, preferred, access, audit, transferDirectory } = this.#options;
    const { readonly, identity, client, events, from } = options;
    const principal = principalOf(identity);
    const onRecord = audit.of({ principal, from: placeOf(identity, from) });
    const uri = parseUri(name ?? preferred);
    // Whoever could name anything could have the daemon read files and start programs.
    if (!this.#isAllowed(uri.text)) {
      onRecord.refused({ operation: "connectOpen", why: "the settings do not allow this URI" });
      throw new VirtError("unsupported", `no connection driver available for ${uri.text}`, {
        remoteCode: "VIR_ERR_NO_CONNECT",
        detail: { from: "VIR_FROM_NONE" },
      });
    }
    const at = parseUri(this.#options.kept?.get(uri.text) ?? uri.text);
    const borrowed = await kernel.borrow(at.text, { alone: isPrivate(at) });
    const { connection } = borrowed;
    const onHost = onRecord.on(uri.text);
    const session = new HostSession({
      connection,
      uri: uri.text,
      readonly,
      events,
      carrier: this.#carrierOf(connection, onHost),
      caller: { principal, title: `client ${client}`, from: onHost.from, since: kernel.clock.now() },
      rights: access?.rightsOf({ identity, uri: uri.text, audit: onHost }) ?? allRights,
      audit: onHost,
      ...(transferDirectory === undefined ? {} : { transferDirectory }),
    });
    const release = async (): Promise<void> => await borrowed[Symbol.asyncDispose]();
    try {
      await session.check("connectOpen", { name, flags: 0 });
    } catch (error) {
      await release();
      throw isRefusal(error) ? accessDenied(session) : error;
    }
    return { uri, session, release };
  }

  #isAllowed(uri: string): boolean {
    if (this.#options.kept?.has(uri) === true) return true;
    if (uri.includes("?")) return this.#options.allowed.includes(uri);
    return this.#allowed.some((glob) => glob.matches(uri));
  }

  /**
   * What lives only in this process needs no record of what was about to be done: it dies with the process. Everything
   * else has one, so that the next daemon finds out what became of it.
   */
  #carrierOf(connection: DriverConnection, audit: ClientAudit): CallCarrier {
    const { kernel, runs } = this.#options;
    return {
      read: (request) => kernel.call(request),
      // The run's own entry in the audit log is durable before the client is answered.
      write: connection.bootId === undefined ? (request) => runs.carryOut(request) : async (request) => {
        const result = await kernel.call(request);
        audit.did(request, result);
        return result;
      },
      subscribe: (to, listener) => kernel.subscribe(to, listener),
    };
  }
}

function globsIn({ allowed }: Pick<HostsOptions, "allowed">): readonly Glob[] {
  return allowed.map((text) => Glob.parse(text));
}

/** Where a client is, as the audit log has it. */
function placeOf({ transport, process }: Identity, peer: string): string {
  if (process === undefined) return `${transport} ${peer}`;
  return `${transport} ${peer} pid ${process.pid} uid ${process.uid}`;
}

/** A host in memory that a file describes is each client's own. Source: libvirt's test driver. */
function isPrivate({ driver, path, parameters }: ConnectionUri): boolean {
  return driver === "test" && path !== "/default" && !parameters.has("state");
}
