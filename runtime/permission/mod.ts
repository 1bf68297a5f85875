/**
 * Permissions: grants and needs, who decides by them, and what definitions reach. See `docs/permissions.md`.
 *
 * @module
 */
export { type AuditEntry, AuditMemory, type AuditSink, type Side } from "./audit.ts";
export {
  AskingAuthority,
  type AskingOptions,
  type PermissionAnswer,
  type PermissionQuestion,
} from "./asking.ts";
export { type Decision, GrantAuthority, type GrantAuthorityOptions } from "./authority.ts";
export { Glob } from "./glob.ts";
export { type ConnectionScope, formatGrant, type Grant, type Scope } from "./grant.ts";
export { parseAllGrants, parseGrants, type ParseGrantsOptions } from "./grant_syntax.ts";
export { planPermissions, type RecordedUses, RecordingAuthority } from "./plan.ts";
