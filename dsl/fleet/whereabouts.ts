/**
 * Where domains are right now: they move between the hosts of a run.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { Handle } from "../handle.ts";
import { objectsOf } from "../handle.ts";
import type { Domain } from "../handles.ts";
import type { Objects } from "../objects.ts";

/** A domain as a host lists it. */
interface Seen {
  readonly domain: Domain;
  readonly active: boolean;
}

/** What one host answered. */
type Answer = { readonly connection: string; readonly seen: readonly Seen[] } | {
  readonly connection: string;
  readonly error: unknown;
};

/** States of domains that use nothing of their host. */
const inactive: readonly string[] = ["shutoff", "crashed"];

/** A look at where the members of a fleet are, at one moment. */
export class Whereabouts {
  readonly #answers = new Map<string, Answer>();
  /** Members as they were told first: two hosts may have domains of the same UUID. */
  readonly #members: ReadonlySet<string>;

  private constructor(members: readonly Handle[], answers: readonly Answer[]) {
    this.#members = new Set(members.map(({ connection, id }) => `${connection}/${id}`));
    for (const answer of answers) this.#answers.set(answer.connection, answer);
  }

  /** Asks every host of the run for its domains, all at once. A host that does not answer is no reason to stop. */
  static async look(members: readonly Handle[]): Promise<Whereabouts> {
    const domains = members.filter(({ $ref }) => $ref === "domain");
    const [first] = domains;
    if (first === undefined) return new Whereabouts([], []);
    const objects = objectsOf(first);
    const own = new Set(domains.map(({ connection }) => connection));
    const answers = await Promise.all(
      objects.session.hostNames.map((name) => ask(objects, name)),
    );
    // A cancelled run has no answers, and that is nobody's fault.
    objects.session.signal.throwIfAborted();
    // What could not be reached when the run began is not known to be empty either.
    const lost = objects.session.lostHosts.map(({ name, message }): Answer => ({
      connection: name,
      error: new VirtError("unreachable", message),
    }));
    // Hosts that nobody's handle leads to and that may not be asked are none of the fleet's.
    return new Whereabouts(
      members,
      [...answers.filter((answer) => own.has(answer.connection) || !isDenied(answer)), ...lost],
    );
  }

  /**
   * The handle of a member where it is now; `undefined` for what does not move.
   *
   * @throws {VirtError} `not-found` where it is nowhere; `unreachable` where a host that it may be on does not answer;
   *   `wrong-state` where it runs on several.
   */
  of(member: Handle): Domain | undefined {
    if (member.$ref !== "domain") return undefined;
    const { connection, id } = member;
    const places = [...this.#answers.values()].flatMap((answer) => {
      if ("error" in answer) return [];
      if (answer.connection !== connection && this.#members.has(`${answer.connection}/${id}`)) return [];
      return answer.seen.filter(({ domain }) => domain.id === id);
    });
    const running = places.filter(({ active }) => active);
    const here = places.find(({ domain }) => domain.connection === connection);
    if (running.length > 1 && here?.active !== true) throw onSeveral(member, running);
    const found = here?.active === true ? here : running[0] ?? here ?? places[0];
    if (found !== undefined) return found === here ? undefined : found.domain;
    // Where a host was asked that does not answer, what it has stays as it was known: its turn will tell.
    const silent = [...this.#answers.values()].filter((answer) => "error" in answer);
    if (silent.some((answer) => answer.connection === connection)) return undefined;
    if (silent.length > 0) throw nowhere(member, silent);
    throw new VirtError("not-found", `${member} is on none of the hosts any more`, {
      target: member.toString(),
    });
  }
}

async function ask(objects: Objects, connection: string): Promise<Answer> {
  const host = objects.session.host(connection);
  if (host === undefined) return { connection, seen: [] };
  try {
    const entries = await objects.invoke("domain.list", objects.handle(host.ref), {});
    return {
      connection,
      seen: entries.map(({ domain, state }) => ({ domain, active: !inactive.includes(state) })),
    };
  } catch (error) {
    return { connection, error };
  }
}

function isDenied(answer: Answer): boolean {
  return "error" in answer && isVirtError(answer.error, "permission-denied");
}

function onSeveral(member: Handle, running: readonly Seen[]): VirtError {
  const hosts = running.map(({ domain }) => `"${domain.connection}"`).join(" and ");
  return new VirtError("wrong-state", `Cannot tell where ${member} is: it runs on ${hosts}`, {
    target: member.toString(),
  });
}

function nowhere(member: Handle, silent: readonly Answer[]): VirtError {
  const hosts = silent.map(({ connection }) => `"${connection}"`).join(", ");
  return new VirtError("unreachable", `Cannot tell where ${member} is: ${hosts} did not answer`, {
    target: member.toString(),
    cause: silent.flatMap((answer) => "error" in answer ? [answer.error] : [])[0],
  });
}
