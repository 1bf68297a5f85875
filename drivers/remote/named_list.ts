/**
 * Lists and look-ups of objects that have a name and a UUID.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import { objectClasses, type ObjectRef } from "../../model/object.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { canonicalUuid } from "../definition.ts";
import { type AskOptions, lookUpObject } from "./act.ts";
import type { Line } from "./line.ts";
import { classAccess, type LookOptions } from "./look.ts";
import { holderOf } from "./object_call.ts";
import { identityOf, type RemoteClass, type RemoteJob, type RemoteObject, type Sighting } from "./object.ts";
import { notFound } from "./refusal.ts";
import type { WireNamed } from "./wire.ts";

/** How something with a name and a UUID is found. */
export interface NamedLookup<C extends RemoteClass> {
  readonly objectClass: C;
  readonly byName: (line: Line, name: string) => Promise<WireNamed>;
  /** Which of them it is. @default the first that fits */
  readonly by?: "name" | "uuid" | undefined;
}

/**
 * Finds an object by its name, or by its UUID where nothing has that name.
 *
 * @throws {VirtError} `not-found`
 */
export async function lookUpNamed<C extends RemoteClass>(
  job: RemoteJob,
  name: string,
  { objectClass, byName, by }: NamedLookup<C>,
): Promise<ObjectRef<C>> {
  const uuid = by === "name" ? undefined : canonicalUuid(name);
  const look = (line: Line): Promise<Sighting | undefined> => sightNamed(line, { objectClass, byName, name });
  const lookById = (line: Line): Promise<Sighting | undefined> =>
    sightById(line, { objectClass, id: uuid ?? "", name });
  const options = finding(objectClass, name);
  const found = (by === "uuid" ? undefined : await lookUpObject(job, `find ${name}`, look, options)) ??
    (uuid === undefined ? undefined : await lookUpObject(job, `find ${name}`, lookById, options));
  if (found === undefined) throw notFound(objectClasses[objectClass].label, name);
  return job.ref(found, objectClass);
}

/** For errors: what is being found. */
export function finding(objectClass: RemoteClass, name: string): AskOptions {
  return { doing: "find", target: { label: `${objectClasses[objectClass].label} "${name}"` } };
}

async function sightNamed<C extends RemoteClass>(
  line: Line,
  { objectClass, byName, name }: NamedLookup<C> & { readonly name: string },
): Promise<Sighting | undefined> {
  const found = await byName(line, name);
  return await sightById(line, { objectClass, id: found.uuid, name: found.name });
}

function sightById(
  line: Line,
  identity: { readonly objectClass: RemoteClass; readonly id: string; readonly name: string },
): Promise<Sighting | undefined> {
  return classAccess[identity.objectClass].look(line, identity, {});
}

/** Whether a name is among those that are asked for. */
export function nameFilter(glob: string | undefined): (name: string) => boolean {
  if (glob === undefined) return () => true;
  const pattern = Glob.parse(glob);
  return (name) => pattern.matches(name);
}

/** Whether something is so, where the caller asks for that. */
export function asAsked(asked: boolean | undefined, found: boolean): boolean {
  return asked === undefined || asked === found;
}

/** What was found about an object. */
export interface Shown<T> {
  readonly object: RemoteObject;
  readonly rest: T;
}

/**
 * Looks at a call's object, and asks more about it in the same hop.
 *
 * @throws {VirtError} `not-found` where it is gone.
 */
export async function showObject<T>(
  job: RemoteJob,
  more: (line: Line, object: RemoteObject) => Promise<T>,
  options: LookOptions = {},
): Promise<Shown<T>> {
  const object = (job.target ?? job.object) as RemoteObject;
  const identity = identityOf(object);
  const holder = holderOf(job, object);
  const around = holder === undefined ? {} : { parent: identityOf(holder) };
  const answers: T[] = [];
  const found = await lookUpObject(job, job.operation, async (line) => {
    const [sighting, rest] = await Promise.all([
      classAccess[identity.objectClass].look(line, identity, { ...options, ...around }),
      more(line, object),
    ]);
    answers.push(rest);
    return sighting;
  }, { doing: "show" });
  const rest = answers.at(-1);
  if (found === undefined || rest === undefined) {
    throw notFound(objectClasses[identity.objectClass].label, object.name);
  }
  return { object: found, rest };
}

/** The answer, or `undefined` where what it is about has gone meanwhile. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isVirtError(error, "not-found")) return undefined;
    throw error;
  }
}
