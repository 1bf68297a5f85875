/**
 * The permissions that a playbook needs, as its tasks tell.
 *
 * @module
 */
import { objectClasses } from "../../model/object.ts";
import type { Operation } from "../../model/operation.ts";
import { operations } from "../../model/operations/mod.ts";
import { defining, looksFirst } from "../engine/looks.ts";
import type { Action } from "../engine/program.ts";

/** Classes that are found through others. */
const parents: Readonly<Record<string, string>> = {
  snapshot: "domain",
  volume: "pool",
  networkPort: "network",
};

/** What making objects of a kind as they shall be takes, beside looking at them. */
const ensuring: Readonly<Record<string, readonly string[]>> = {
  domain: ["domain:write,save,start,stop,init_control,delete,suspend"],
  network: ["network:write,save,start,stop,delete"],
  pool: ["storage_pool:write,save,start,stop,delete,format,refresh"],
  volume: ["storage_vol:create,resize,delete,format,data_write", "storage_pool:refresh"],
  snapshot: ["domain:snapshot,write,block_write,fs_freeze"],
  secret: ["secret:write,save,delete"],
};

const observing: Readonly<Record<string, readonly string[]>> = {
  domain: ["domain:getattr,read"],
  network: ["network:getattr,read"],
  pool: ["storage_pool:getattr,read"],
  volume: ["storage_pool:getattr,read,search_storage_vols", "storage_vol:getattr,read"],
  snapshot: ["domain:getattr,read"],
  secret: ["secret:getattr,read"],
};

/** The permissions that an action needs; in a check only those for looking. */
export function needsOf(action: Action, { check }: { readonly check: boolean }): readonly string[] {
  switch (action.do) {
    case "operation":
      return operationNeeds(action, check);
    case "ensure":
      return [
        "connect:getattr,read",
        ...observing[action.kind] ?? [],
        // A definition may name places of the host; which ones it may is for grants to say.
        ...check ? [] : [...ensuring[action.kind] ?? [], "host"],
      ];
    case "wait":
      return check
        ? []
        : ["domain:getattr,read,write,open_device", "network:getattr,read", "connect:search_networks"];
    default:
      return [];
  }
}

function operationNeeds(
  action: Extract<Action, { readonly do: "operation" }>,
  check: boolean,
): readonly string[] {
  const operation = operations.get(action.operation);
  if (operation === undefined) return [];
  const needs: string[] = [];
  for (let name: string | undefined = operation.on; name !== undefined; name = parents[name]) {
    const lookup = operations.get(`${name}.lookup`);
    if (lookup !== undefined) needs.push(lookup.permission);
  }
  const { permissionClass } = objectClasses[operation.on];
  if (looksFirst(operation.name)) needs.push(`${permissionClass}:read`);
  const defined = Object.hasOwn(defining, operation.name) ? defining[operation.name] : undefined;
  if (defined !== undefined) needs.push("connect:getattr", ...observing[defined] ?? []);
  if (check && operation.effect === "write") return needs;
  // Shutting down is waited for, by looking.
  if (operation.name === "domain.shutdown") needs.push("domain:read", "domain:stop");
  return [...needs, ...permissions(operation)];
}

function permissions(operation: Operation): readonly string[] {
  const { permission, also = [], filter, reaches, places, peer } = operation;
  return [
    permission,
    ...also.map((each) => each.permission),
    ...filter === undefined ? [] : [filter],
    ...reaches === undefined && places === undefined ? [] : ["host"],
    ...peer === undefined ? [] : ["domain:write,save,start,delete"],
  ];
}

/** Needs without what is said twice. */
export function distinctNeeds(needs: readonly string[]): readonly string[] {
  return [...new Set(needs)].toSorted();
}
