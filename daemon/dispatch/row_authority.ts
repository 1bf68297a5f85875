/**
 * What a client may do within one call: what the call's row in libvirt's table names, and nothing in other words.
 *
 * Operations have permissions of their own, for callers that are not libvirt's clients; where one answers a procedure, they
 * are not always those that libvirt demands for it. What an operation asks of an object in its words is asked in the row's.
 *
 * @module
 */
import type { Permission } from "../../model/permission.ts";
import { permissionsNeeded, type Procedure } from "../../protocol/procedures/mod.ts";
import type { Authority, PermissionUse, ReachUse } from "../../runtime/call.ts";

/** What a call is. */
export interface RowCall {
  readonly row: Procedure;
  readonly args: unknown;
}

/** Decides within one call, by what the client may do. */
export class RowAuthority implements Authority {
  /** What the client may do, which may change meanwhile. */
  readonly #authority: () => Authority;
  readonly #needed: readonly Permission[];
  readonly #filter: Permission | undefined;

  constructor(authority: () => Authority, { row, args }: RowCall) {
    this.#authority = authority;
    this.#needed = permissionsNeeded(row, args);
    this.#filter = row.filter;
  }

  get readsDefinitions(): boolean {
    return this.#authority().readsDefinitions === true;
  }

  /** What a list shows is decided by the row's filter, where it has one. */
  sees(use: PermissionUse): boolean {
    const filter = this.#filter;
    const permissions = filter !== undefined && classOf(filter) === classOf(use.permission)
      ? [filter]
      : this.#inItsWords(use.permission);
    return permissions.every((permission) => this.#authority().sees({ ...use, permission }));
  }

  check(use: PermissionUse): void | Promise<void> {
    return this.#checkEach(use, this.#inItsWords(use.permission));
  }

  checkReach(use: ReachUse): void | Promise<void> {
    const permissions = new Set(use.permissions.flatMap((permission) => this.#inItsWords(permission)));
    return this.#authority().checkReach({ ...use, permissions: [...permissions] });
  }

  #checkEach(use: PermissionUse, permissions: readonly Permission[]): void | Promise<void> {
    for (const [index, permission] of permissions.entries()) {
      const answer = this.#authority().check({ ...use, permission });
      if (answer instanceof Promise) {
        return answer.then(() => this.#checkEach(use, permissions.slice(index + 1)));
      }
    }
  }

  /** What is asked for instead of a permission: itself where the row names it, else what the row names of its class. */
  #inItsWords(permission: Permission): readonly Permission[] {
    const asked = classOf(permission);
    // What definitions reach is none of libvirt's permissions, and no row names it.
    if (asked === "host" || this.#needed.includes(permission) || permission === this.#filter) {
      return [permission];
    }
    return this.#needed.filter((each) => classOf(each) === asked);
  }
}

function classOf(permission: Permission): string {
  return permission.slice(0, permission.indexOf(":"));
}
