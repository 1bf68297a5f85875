/**
 * The verbs that can be permitted, per class, in libvirt's access-control vocabulary.
 *
 * Source of names: libvirt's access-control documentation ("Object classes and permissions"). The classes
 * `host` and `run` are ours: what a definition reaches outside the granted storage, and what a recipe may ask
 * of its own run.
 *
 * @module
 */

/** Every permission class with its verbs, once. */
export const permissionVerbs = {
  connect: [
    "getattr",
    "read",
    "write",
    "search_domains",
    "search_networks",
    "search_storage_pools",
    "search_node_devices",
    "search_interfaces",
    "search_secrets",
    "search_nwfilters",
    "search_nwfilter_bindings",
    "detect_storage_pools",
    "pm_control",
    "interface_transaction",
  ],
  domain: [
    "getattr",
    "read",
    "write",
    "read_secure",
    "start",
    "stop",
    "reset",
    "save",
    "delete",
    "migrate",
    "snapshot",
    "suspend",
    "hibernate",
    "pm_control",
    "init_control",
    "inject_nmi",
    "send_input",
    "send_signal",
    "fs_trim",
    "fs_freeze",
    "block_read",
    "block_write",
    "mem_read",
    "open_graphics",
    "open_device",
    "open_namespace",
    "screenshot",
    "core_dump",
    "set_password",
    "set_time",
    "checkpoint",
  ],
  network: ["getattr", "read", "write", "save", "delete", "start", "stop", "search_ports"],
  network_port: ["getattr", "read", "write", "create", "delete"],
  storage_pool: [
    "getattr",
    "read",
    "write",
    "save",
    "delete",
    "start",
    "stop",
    "refresh",
    "search_storage_vols",
    "format",
  ],
  storage_vol: ["getattr", "read", "create", "delete", "format", "resize", "data_read", "data_write"],
  interface: ["getattr", "read", "write", "save", "delete", "start", "stop"],
  node_device: ["getattr", "read", "write", "start", "stop", "detach", "delete", "save"],
  secret: ["getattr", "read", "write", "save", "delete", "read_secure"],
  nwfilter: ["getattr", "read", "write", "save", "delete"],
  nwfilter_binding: ["getattr", "read", "create", "delete"],
  host: [
    "path",
    "local_read",
    "local_write",
    "fetch",
    "device",
    "socket",
    "emulator",
    "loader",
    "kernel",
    "script",
    "namespace",
    "network",
    "security",
    "unknown",
  ],
} as const;

/** A class of objects as permissions name it. */
export type PermissionClass = keyof typeof permissionVerbs;

/** One permission: `domain:start`, `storage_vol:create`, `host:path`. */
export type Permission = {
  [C in PermissionClass]: `${C}:${typeof permissionVerbs[C][number]}`;
}[PermissionClass];

/** Whether `text` is a permission by these tables. */
export function isPermission(text: string): text is Permission {
  const [permissionClass, verb, more] = text.split(":");
  if (permissionClass === undefined || verb === undefined || more !== undefined) return false;
  if (!Object.hasOwn(permissionVerbs, permissionClass)) return false;
  const verbs: readonly string[] = permissionVerbs[permissionClass as PermissionClass];
  return verbs.includes(verb);
}
