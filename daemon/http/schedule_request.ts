/**
 * Schedules that clients of the HTTP API make: what they may name, and what they may give away.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../model/error.ts";
import { canonicalText } from "../../runtime/journal/json.ts";
import { coveredGrant } from "../../runtime/permission/covering.ts";
import { formatGrant, type Grant, parseAllGrants } from "../../runtime/permission/mod.ts";
import {
  type Hook,
  type PlaybookWork,
  type ScheduledWork,
  type ScheduleSpec,
  scheduleSpec,
  type ScheduleView,
} from "../../runtime/schedule/description.ts";
import { refuseUnnamed } from "../../runtime/secret/source.ts";
import { grantsOf, type HttpHosts } from "./hosts.ts";
import { recipeIn } from "./recipe_start.ts";
import type { Services } from "./services.ts";
import { principalOf, type StoredToken } from "./token.ts";

const grantTexts = z.array(z.string().max(4096)).max(1024);

/** A request that makes a schedule. */
export const newSchedule = scheduleSpec.extend({
  grants: grantTexts.optional().describe("What its runs may do; what the token may where absent"),
});

/** The same where the path names it. */
export const putSchedule = newSchedule.omit({ name: true });

/** Secrets that webhooks are signed with over HTTP: others of the daemon's are nobody's business. */
const secretPrefix = "DROVER_WEBHOOK_";

/** Who asks, and what the daemon lets clients name. */
interface Asking {
  readonly token: StoredToken;
  readonly services: Pick<Services, "hosts" | "settings">;
}

/**
 * A schedule as a client may make it: files lie in `http_recipe_dirs`, connections are among `allowed_uris`, and what is
 * granted is no more than the token has, for no longer.
 *
 * @throws {VirtError} `permission-denied` or `not-found` with what may not be named.
 */
export async function permittedSpec(
  { grants, ...spec }: z.output<typeof newSchedule>,
  { token, services }: Asking,
): Promise<ScheduleSpec> {
  const { hosts, settings: { http_recipe_dirs: directories } } = services;
  refuseUnnamed(spec.secrets, "over HTTP");
  const own = grantsOf(token);
  const given = grants === undefined
    ? own
    : parseAllGrants(grants, { now: Date.now() }).map((grant) => coveredBy(own, grant));
  return {
    ...spec,
    work: await permittedWork(spec.work, { hosts, directories }),
    triggers: spec.triggers.map((trigger) =>
      // Of what happens there it hears what its grants let it see.
      "event" in trigger
        ? { ...trigger, event: { ...trigger.event, uri: hosts.uri(trigger.event.uri) } }
        : trigger
    ),
    notify: await Promise.all(spec.notify.map((hook) => permittedHook(hook, directories))),
    grants: given.map(formatGrant),
  };
}

function coveredBy(own: readonly Grant[], wanted: Grant): Grant {
  const covered = coveredGrant(wanted, own);
  if (covered !== undefined) return covered;
  throw new VirtError(
    "permission-denied",
    `Cannot give a schedule "${formatGrant(wanted)}": the token does not have as much itself`,
    {
      hint: own.length === 0
        ? "The token has no grants at all"
        : `The token has: ${own.slice(0, 20).map(formatGrant).join(" ")}`,
    },
  );
}

interface Allowed {
  readonly hosts: Pick<HttpHosts, "uri">;
  readonly directories: readonly string[];
}

async function permittedWork(work: ScheduledWork, { hosts, directories }: Allowed): Promise<ScheduledWork> {
  const file = await recipeIn(work.file, directories);
  if (work.kind === "playbook") {
    return { ...work, ...await permittedPlay(work, { hosts, directories }), file };
  }
  const named = Object.keys(work.hosts).length === 0 ? { host: undefined } : work.hosts;
  return {
    ...work,
    file,
    hosts: Object.fromEntries(Object.entries(named).map(([name, uri]) => [name, hosts.uri(uri)])),
  };
}

async function permittedPlay(
  { uri, inventory, extraVars, limit }: PlaybookWork,
  { hosts, directories }: Allowed,
): Promise<Pick<PlaybookWork, "uri" | "inventory" | "extraVars">> {
  if (limit?.startsWith("@") === true) await recipeIn(limit.slice(1), directories);
  return {
    uri: hosts.uri(uri),
    inventory: await Promise.all(inventory.map((source) => {
      if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) return hosts.uri(source);
      return source.includes(",") ? source : recipeIn(source, directories);
    })),
    extraVars: await Promise.all(
      extraVars.map(async (given) =>
        given.startsWith("@") ? `@${await recipeIn(given.slice(1), directories)}` : given
      ),
    ),
  };
}

async function permittedHook(hook: Hook, directories: readonly string[]): Promise<Hook> {
  const { secret } = hook;
  if (secret === undefined) return hook;
  if ("file" in secret) return { ...hook, secret: { file: await recipeIn(secret.file, directories) } };
  if (secret.env.startsWith(secretPrefix)) return hook;
  throw new VirtError(
    "permission-denied",
    `Cannot sign with "${secret.env}": it is not for clients of the HTTP API`,
    {
      hint: `Variables whose names begin with ${secretPrefix} are`,
    },
  );
}

/** Whether a schedule that there is says the very same, so that it need not be made anew. */
export function saysTheSame(there: ScheduleView, wanted: ScheduleSpec): boolean {
  const counted = wanted.triggers.map((trigger, index) => {
    const before = there.triggers[index];
    // What counts from when it was made goes on counting from there.
    if (!("every" in trigger) || trigger.from !== undefined || before === undefined || !("every" in before)) {
      return trigger;
    }
    return { ...trigger, ...(before.from === undefined ? {} : { from: before.from }) };
  });
  return canonicalText(scheduleSpec.parse(specOf(there))) ===
    canonicalText(scheduleSpec.parse({ ...wanted, triggers: counted }));
}

function specOf(view: ScheduleView): unknown {
  const keys = Object.keys(scheduleSpec.shape);
  return Object.fromEntries(Object.entries(view).filter(([key]) => keys.includes(key)));
}

/** A schedule as somebody may see it: webhooks are often secret by their addresses alone. */
export function shownTo(token: StoredToken, schedule: ScheduleView): ScheduleView {
  if (schedule.principal === principalOf(token) || token.rights.includes("manage")) return schedule;
  return {
    ...schedule,
    notify: schedule.notify.map((hook) => ({ ...hook, url: `${new URL(hook.url).origin}/…` })),
  };
}
