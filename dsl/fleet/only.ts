/**
 * Choosing members of a fleet by a list: names, or what another run has left.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../model/error.ts";
import type { Handle } from "../handle.ts";
import { namesText } from "./names_text.ts";
import { calledInLists } from "./report.ts";

const memberName = z.looseObject({
  name: z.string().min(1),
  id: z.string().optional(),
  host: z.string().optional(),
});

/**
 * Which members of a fleet are meant, as a recipe's input: a list of names (`web-1`, or `blue/web-1` for the one on the
 * host `blue`), or a {@linkcode ResumeList} that another run has left, as its result or in its error.
 *
 * @example
 * ```ts
 * import { memberList, recipe, z } from "drover";
 *
 * export default recipe({
 *   summary: "Start domains",
 *   input: z.object({ members: memberList.optional() }),
 *   needs: ["connect:search_domains", "domain:getattr,start"],
 *   async run({ host, input }) {
 *     const all = await host.domains();
 *     await all.only(input.members).forEach((vm) => vm.start());
 *   },
 * });
 * ```
 */
export const memberList: z.ZodType<MemberList, MemberList> = z.union([
  z.array(z.union([z.string().min(1), memberName])).max(100_000),
  z.looseObject({
    failed: z.array(memberName).max(100_000),
    notBegun: z.array(memberName).max(100_000),
    unknown: z.array(memberName).max(100_000).default([]),
  }),
], {
  error: 'Give a list of names, ["web-1", "web-2"], or the file that an earlier run has left, @FILE',
}).describe("A list of names, or what an earlier run has left: @FILE with its result");

/** A member in a list. */
export interface ListedMember {
  /** Its name; where there is an id, for people only. */
  readonly name: string;
  /** What does not change when it is renamed or moves. */
  readonly id?: string | undefined;
  /** The run's name for its connection, for names that several hosts have. */
  readonly host?: string | undefined;
}

/** Which members of a fleet are meant, see {@linkcode memberList}. */
export type MemberList =
  | readonly (string | ListedMember)[]
  | {
    readonly failed: readonly ListedMember[];
    readonly notBegun: readonly ListedMember[];
    readonly unknown?: readonly ListedMember[] | undefined;
  };

/** What a list means. */
export interface Chosen<T> {
  readonly members: readonly T[];
  /** Those that are left out since nobody knows whether they are done. */
  readonly unknown: readonly ListedMember[];
}

/**
 * The members that a list means, in the order of the fleet.
 *
 * @throws {VirtError} `not-found` where the fleet lacks one; `invalid-argument` where a name means several.
 */
export function chosen<T extends Handle>(members: readonly T[], list: MemberList): Chosen<T> {
  const isLeft = "failed" in list;
  const wanted = isLeft ? [...list.failed, ...list.notBegun] : list;
  const found = new Set<T>();
  const missing: ListedMember[] = [];
  for (const each of wanted) {
    const listed = typeof each === "string" ? listedBy(each, members) : each;
    const [first, ...others] = fitting(members, listed);
    if (first === undefined) missing.push(listed);
    else if (others.length > 0) throw severalOf(listed, [first, ...others]);
    else found.add(first);
  }
  if (missing.length > 0) throw notThere(missing);
  return {
    members: members.filter((member) => found.has(member)),
    unknown: isLeft ? list.unknown ?? [] : [],
  };
}

/** What a text means: a name, or a host and a name. */
function listedBy(text: string, members: readonly Handle[]): ListedMember {
  const at = text.indexOf("/");
  const host = text.slice(0, at);
  const isHost = at > 0 && members.some(({ connection }) => connection === host);
  return isHost ? { host, name: text.slice(at + 1) } : { name: text };
}

/** By what does not change first; a domain may have moved to another host since. */
function fitting<T extends Handle>(members: readonly T[], { name, id, host }: ListedMember): readonly T[] {
  const same = id === undefined
    ? members.filter((member) => calledInLists(member) === name)
    : members.filter((member) => member.id === id);
  const there = same.filter(({ connection }) => connection === host);
  if (host !== undefined && id === undefined) return there;
  return there.length > 0 ? there : same;
}

function severalOf({ name }: ListedMember, found: readonly Handle[]): VirtError {
  const places = found.map((each) => `${each.connection}/${calledInLists(each)}`);
  return new VirtError(
    "invalid-argument",
    `Cannot tell which "${name}" is meant: there are ${found.length}`,
    {
      hint: `Name it with its host: ${places.join(" or ")}`,
    },
  );
}

function notThere(missing: readonly ListedMember[]): VirtError {
  const names = missing.map(({ host, name }) => ({ name: host === undefined ? name : `${host}/${name}` }));
  return new VirtError("not-found", `The fleet has no ${namesText(names)}`, {
    hint: "It may be gone, off, or not selected: take it out of the list, or select more",
  });
}
