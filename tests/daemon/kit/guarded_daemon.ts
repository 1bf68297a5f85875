/**
 * A daemon whose clients may do what a test's policy says.
 *
 * @module
 */
import { AccessControl } from "../../../daemon/access.ts";
import type { AccountNames, Identity } from "../../../daemon/identity.ts";
import type { ClientConnection } from "../../../protocol/client_connection.ts";
import type { AuditRecord } from "../../../runtime/journal/record.ts";
import { MemoryDaemon } from "./memory_daemon.ts";

/** Somebody from afar, with a certificate. */
export const alice: Identity = { transport: "tls", x509Name: "CN=alice", anonymous: false };

/** Somebody on this machine. */
export function local(uid: number, gid = uid, groups: readonly number[] = []): Identity {
  return { transport: "unix", process: { pid: 7, uid, gid, groups }, anonymous: false };
}

const accounts: AccountNames = {
  user: (uid) => ({ 1000: "alice", 1001: "bob" })[uid],
  group: (gid) => ({ 27: "ops", 1000: "alice" })[gid],
};

/** A daemon with a policy. */
export class GuardedDaemon implements AsyncDisposable {
  readonly memory: MemoryDaemon;
  readonly access: AccessControl;

  /** @param policy the text of the policy; none where absent */
  constructor(policy?: string) {
    const made: AccessControl[] = [];
    this.memory = new MemoryDaemon({
      access: (clock) => {
        const access = new AccessControl({
          clock,
          owner: 0,
          names: accounts,
          ...(policy === undefined ? {} : { policy: { file: "policy.yaml", text: policy } }),
        });
        made.push(access);
        return access;
      },
    });
    const [access] = made;
    if (access === undefined) throw new Error("The daemon was made without its access control");
    this.access = access;
  }

  /** What it has written to the audit log. */
  get audit(): readonly AuditRecord[] {
    return this.memory.audit;
  }

  /** Another policy from now on. */
  use(text: string | undefined): void {
    this.access.usePolicy(text === undefined ? undefined : { file: "policy.yaml", text });
  }

  /** Grants everybody this, and nothing else. */
  grant(grants: readonly string[]): void {
    this.use(`grants: ${JSON.stringify(grants)}`.replace("[]", '"connect:getattr@nobody"'));
  }

  /** A client that has opened a host. */
  connect(identity: Identity = alice): Promise<ClientConnection> {
    return this.memory.connect({ identity });
  }

  /** Whoever runs the daemon, who may do everything. */
  owner(): Promise<ClientConnection> {
    return this.memory.connect();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.memory[Symbol.asyncDispose]();
  }
}
