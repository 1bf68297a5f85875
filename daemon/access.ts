/**
 * What clients may do: everything, only look, or what a policy grants them.
 *
 * @module
 */
import type { Authority, PermissionUse, ReachUse } from "../runtime/call.ts";
import type { Clock } from "../runtime/clock.ts";
import type { PolicyFile } from "../runtime/journal/record.ts";
import { type AuditSink, GrantAuthority } from "../runtime/permission/mod.ts";
import { parsePolicy, type Policy } from "../runtime/permission/policy.ts";
import { hostName } from "./dispatch/objects.ts";
import { type AccountNames, type Identity, principalOf, principalsOf } from "./identity.ts";

/** What decisions are made with. */
export interface AccessOptions {
  readonly clock: Clock;
  /** The user for whom the daemon acts, who needs no grant, as root does not. */
  readonly owner: number;
  /** What policies call the users and groups of this machine. */
  readonly names: AccountNames;
  /** Who is granted what; where nobody says, clients of this machine may do everything and all others only look. */
  readonly policy?: PolicyFile;
}

/** A client that has opened a host. */
export interface AccessClient {
  readonly identity: Identity;
  /** The host's connection URI. */
  readonly uri: string;
  /** Decisions about it go there. */
  readonly audit?: AuditSink;
}

/** What one client may do on one host. It follows the policy: whoever asks again may hear otherwise. */
export interface ClientRights {
  /** Decides; absent while the client may do everything. */
  readonly authority: Authority | undefined;
  /** Whether the client may do only what a read-only one may. */
  readonly looksOnly: boolean;
}

/** Rights of those who may do everything. */
export const allRights: ClientRights = { authority: undefined, looksOnly: false };

/** Decides who may do what, by a policy that may change while clients are there. */
export class AccessControl {
  readonly #options: AccessOptions;
  #policy: Policy | undefined;

  /**
   * Reads the policy.
   *
   * @throws {VirtError} `invalid-argument` with file, line and column where it cannot be understood.
   */
  constructor(options: AccessOptions) {
    this.#options = options;
    this.usePolicy(options.policy);
  }

  /**
   * Decides by another policy from now on, for clients that are there too; by none where it is absent.
   *
   * @throws {VirtError} `invalid-argument` with file, line and column where it cannot be understood; the policy before
   * stays then.
   */
  usePolicy(policy: PolicyFile | undefined): void {
    const { clock } = this.#options;
    this.#policy = policy === undefined
      ? undefined
      : parsePolicy(policy.text, { file: policy.file, now: clock.now(), quotas: false });
  }

  /** What a client may do. */
  rightsOf(client: AccessClient): ClientRights {
    const { identity } = client;
    const { owner, names } = this.#options;
    const uid = identity.saslUser === undefined ? identity.process?.uid : undefined;
    if (uid === 0 || uid === owner) return allRights;
    return new PolicyRights({
      client,
      clock: this.#options.clock,
      policy: () => this.#policy,
      names: principalsOf(identity, names),
    });
  }
}

/** What rights follow from. */
interface PolicyRightsInit {
  readonly client: AccessClient;
  readonly clock: Clock;
  readonly policy: () => Policy | undefined;
  /** All the names of the client. */
  readonly names: readonly string[];
}

/** The rights of a client to whom the policy applies. */
class PolicyRights implements ClientRights {
  readonly #init: PolicyRightsInit;
  #decided: { readonly policy: Policy; readonly authority: Authority } | undefined;

  constructor(init: PolicyRightsInit) {
    this.#init = init;
  }

  get authority(): Authority | undefined {
    const policy = this.#init.policy();
    if (policy === undefined) return undefined;
    if (this.#decided?.policy !== policy) this.#decided = { policy, authority: this.#authorityBy(policy) };
    return this.#decided.authority;
  }

  /** Whoever comes from afar has a policy that says what he may do, or only looks. */
  get looksOnly(): boolean {
    return this.#init.policy() === undefined && this.#init.client.identity.transport !== "unix";
  }

  #authorityBy(policy: Policy): Authority {
    const { clock, names, client: { identity, uri, audit } } = this.#init;
    return new ClientAuthority(
      new GrantAuthority({
        grants: policy.grantsFor(names),
        clock,
        caller: { principal: principalOf(identity) },
        uris: new Map([[hostName, uri]]),
        ...(audit === undefined ? {} : { audit }),
      }),
    );
  }
}

/** Decides a look-up by what it finds alone, as libvirt does: what is not there is not there for anybody. */
class ClientAuthority implements Authority {
  readonly #authority: GrantAuthority;

  constructor(authority: GrantAuthority) {
    this.#authority = authority;
  }

  get readsDefinitions(): boolean {
    return this.#authority.readsDefinitions;
  }

  sees(use: PermissionUse): boolean {
    return this.#authority.sees(use);
  }

  check(use: PermissionUse): void | Promise<void> {
    if (isLookup(use) && use.when === "asked" && use.name === undefined) return;
    return this.#authority.check(use);
  }

  checkReach(use: ReachUse): Promise<void> {
    return this.#authority.checkReach(use);
  }
}

function isLookup({ operation }: PermissionUse): boolean {
  return operation.endsWith(".lookup");
}
