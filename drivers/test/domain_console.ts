/**
 * Domains: serial consoles and channels of simulated guests.
 *
 * @module
 */
import { isVirtError } from "../../model/error.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { consoleInUse, consoleOperations, type Dialling } from "../console/operations.ts";
import type { ConsoleLine } from "../console/session.ts";
import { connectionOf } from "./connection.ts";
import { type DomainJob, needGuest } from "./domain.ts";
import type { Guest } from "./world/record.ts";

const encoder = new TextEncoder();

/** Whoever hangs up does not wait for long. */
const neverAborts = new AbortController().signal;

/** Opens a line to a guest's console: what the guest prints from now on comes over it. */
async function dial(dialling: Dialling): Promise<ConsoleLine> {
  const { kind, name = "", force, receiver, signal } = dialling;
  const job: DomainJob = dialling.job;
  const { object, token } = job;
  needGuest(object, `open the ${kind} of`);
  const connection = connectionOf(job);
  const { link, table, outsider, settings } = connection;
  const place = { id: object.id, port: `${kind}:${name}`, line: job.clock.uuid() };
  const asking = { token, label: object.name };
  let known: { readonly guestId: number; readonly printed: number } | undefined;
  using cleanUp = new DisposableStack();
  const watching = cleanUp.use(table.watch((id, record) => {
    if (id !== place.id || known === undefined) return;
    const ending = listen(record?.guest, known);
    if (ending === undefined) return;
    watching[Symbol.dispose]();
    receiver.end(ending);
  }));
  const listen = (guest: Guest | undefined, before: NonNullable<typeof known>): string | undefined => {
    if (guest?.id !== before.guestId) return `${object.label} is not running any more`;
    const console = guest.consoles?.[place.port];
    if (console?.line?.id !== place.line) return "somebody else took it";
    const news = Math.min(Math.max(0, console.printed - before.printed), console.text.length);
    known = { ...before, printed: console.printed };
    receiver.take(encoder.encode(console.text.slice(console.text.length - news)));
    return undefined;
  };
  try {
    const opened = await link.request("console.open", { ...place, force }, { ...asking, signal });
    known = opened.result;
    table.absorb(opened.changes, outsider);
  } catch (error) {
    throw isVirtError(error, "in-use") ? consoleInUse(object, dialling) : error;
  }
  const open = cleanUp.move();
  return {
    async write(data, signal): Promise<void> {
      const input = { ...place, text: new TextDecoder().decode(data) };
      const { result: deed, changes } = await link.request("console.type", input, { ...asking, signal });
      table.absorb(changes, outsider);
      if (deed !== "power-off" || known === undefined) return;
      const { guestId } = known;
      connection.guestLater("guest.power-off", { id: place.id, guestId, afterMs: settings.shutdownMs });
    },
    async close(): Promise<void> {
      open.dispose();
      const { changes } = await link.request("console.close", place, { ...asking, signal: neverAborts });
      table.absorb(changes, outsider);
    },
  };
}

export const domainConsole = consoleOperations(dial) satisfies DriverMap;
