/**
 * The uses of permissions that follow from what a call reaches: places on the host, names, labels.
 *
 * @module
 */
import type { Permission, PermissionClass } from "../../model/permission.ts";
import { objectClasses } from "../../model/object.ts";
import { operations } from "../../model/operations/mod.ts";
import type { PermissionUse, ReachUse } from "../call.ts";
import { verbsOf } from "./grant.ts";
import { labelsAfter, labelsIn } from "./labels.ts";
import { namesIn } from "./names.ts";
import { type Finding, placesOf, reachesOf } from "./reach.ts";

/** Something that no grant can allow, since nobody can say what it means. */
export interface Unspeakable {
  readonly use: PermissionUse;
  readonly problem: string;
}

/** One permission on an object as it is now, and as it would be after the call. */
export interface Gain {
  readonly now: PermissionUse;
  readonly then: PermissionUse;
}

/** An object as a call leaves it. */
interface Becoming {
  readonly name: string;
  readonly labels: readonly string[];
}

/** Places that cannot be granted. */
export function unspeakableIn(use: ReachUse): Unspeakable[] {
  const name = nameOf(use);
  return findingsOf(use).flatMap((finding) =>
    finding.refused === undefined
      ? []
      : [{ use: findingUse(use, { finding, name }), problem: finding.refused }]
  );
}

/** What has to be allowed: each place that is reached, and the call itself under each name and set of labels. */
export function reachUsesOf(use: ReachUse): PermissionUse[] {
  const name = nameOf(use);
  const reached = findingsOf(use).map((finding) => findingUse(use, { finding, name }));
  const named = becomingsOf(use).flatMap((becoming) =>
    use.permissions.map((permission) => becomingUse(use, { permission, becoming }))
  );
  return [...reached, ...named, ...namelessUses(use)];
}

/** A definition of something that has no name is allowed to who may do it to anything. */
function namelessUses(use: ReachUse): PermissionUse[] {
  if (use.name !== undefined || use.xml === undefined || namesGiven(use).length > 0) return [];
  return use.permissions.map((permission) => ({
    permission,
    operation: use.operation,
    connection: use.connection,
    when: "reach",
  }));
}

/** What the object would come under with its other names and labels. */
export function gainsOf(use: ReachUse): Gain[] {
  const { name } = use;
  const operation = operations.get(use.operation);
  if (name === undefined || operation === undefined) return [];
  const { permissionClass } = objectClasses[operation.objectClass];
  return becomingsOf(use).flatMap((becoming) =>
    permissionsIn(permissionClass).map((permission) => ({
      now: { ...becomingUse(use, { permission, becoming: { name, labels: presentLabels(use) } }) },
      then: becomingUse(use, { permission, becoming }),
    }))
  );
}

function permissionsIn(permissionClass: PermissionClass): Permission[] {
  // A class and one of its verbs are a permission; the compiler does not follow the two through the table.
  return verbsOf(permissionClass).map((verb) => `${permissionClass}:${verb}` as Permission);
}

function findingsOf(use: ReachUse): Finding[] {
  const { xml, document, grantedPaths, definition, places } = use;
  const inDefinition = xml === undefined || document === undefined ? [] : reachesOf(xml, {
    document,
    grantedPaths,
    ...(definition === undefined ? {} : { present: definition }),
  });
  return [...inDefinition, ...placesOf(places ?? [])];
}

function nameOf(use: ReachUse): string | undefined {
  return use.name ?? namesGiven(use)[0];
}

function findingUse(
  use: ReachUse,
  { finding, name }: { readonly finding: Finding; readonly name: string | undefined },
): PermissionUse {
  return {
    permission: finding.permission,
    operation: use.operation,
    connection: use.connection,
    when: "reach",
    reached: finding.reached,
    ...(name === undefined ? {} : { name }),
  };
}

function namesGiven({ xml, document, newName }: ReachUse): readonly string[] {
  if (newName !== undefined) return [newName];
  return xml === undefined || document === undefined ? [] : namesIn(xml, document);
}

function presentLabels({ definition }: ReachUse): readonly string[] {
  return definition === undefined ? [] : labelsIn(definition);
}

/** What the object becomes under each name that the call gives, where that is not what it is. */
function becomingsOf(use: ReachUse): Becoming[] {
  const before = presentLabels(use);
  const labels = labelsGiven(use) ?? before;
  const given = namesGiven(use);
  const names = given.length > 0 || use.name === undefined ? given : [use.name];
  const relabelled = labels.join("\n") !== before.join("\n");
  return names.filter((name) => relabelled || name !== use.name).map((name) => ({ name, labels }));
}

/** Documents that define an object, and so its labels; a snapshot does where it says what the domain was. */
function labelsGiven(use: ReachUse): readonly string[] | undefined {
  const { xml, document, newMetadata, definition } = use;
  if (newMetadata !== undefined) return labelsAfter(definition, newMetadata);
  if (xml === undefined || document === undefined || namesIn(xml, document).length === 0) return undefined;
  return labelsIn(xml);
}

function becomingUse(
  use: ReachUse,
  { permission, becoming }: { readonly permission: Permission; readonly becoming: Becoming },
): PermissionUse {
  return {
    permission,
    operation: use.operation,
    connection: use.connection,
    when: "reach",
    name: becoming.name,
    labels: becoming.labels,
    ...(use.parentName === undefined ? {} : { parentName: use.parentName }),
  };
}
