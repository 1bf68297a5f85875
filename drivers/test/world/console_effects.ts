/**
 * What can be done to consoles and channels of guests.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { firstConsole, hasPort, printed, silent, type } from "./dialogue.ts";
import { needGuest, putGuest, restart } from "./domain_effects.ts";
import { effect } from "./effect.ts";
import type { GuestConsole } from "./record.ts";
import type { Transaction } from "./world.ts";

const id = z.string();
const port = z.string();

/** A line to a console, by the name that the one who opened it gave it. */
const line = z.string();

function consoleOf(world: Transaction, place: { readonly id: string; readonly port: string }): GuestConsole {
  return needGuest(world, place.id).guest.consoles?.[place.port] ?? silent(place.port);
}

function putConsole(
  world: Transaction,
  { id, port }: { readonly id: string; readonly port: string },
  console: GuestConsole,
): void {
  const { guest } = needGuest(world, id);
  putGuest(world, { id, guest: { consoles: { ...guest.consoles, [port]: console } } });
}

/** Opens a console: one line at a time, which another one may take away. Says how much was printed before. */
export const openConsole = effect(
  "domain",
  z.object({ id, port, line, force: z.boolean() }),
  (world, { id, port, line, force }, { client, isThere }) => {
    const { record, guest } = needGuest(world, id);
    if (!hasPort(guest.xml, port)) {
      throw new VirtError("invalid-argument", `Domain "${record.name}" has no ${port.replace(":", " ")}`);
    }
    const console = consoleOf(world, { id, port });
    const held = console.line !== undefined && isThere(console.line.client);
    if (held && !force) throw new VirtError("in-use", `Domain "${record.name}" has its console in use`);
    putConsole(world, { id, port }, { ...console, line: { id: line, client } });
    return { guestId: guest.id, printed: console.printed };
  },
);

/** Closes a console. Nothing happens where it is another one's. */
export const closeConsole = effect("domain", z.object({ id, port, line }), (world, { id, port, line }) => {
  const console = world.get("domain", id)?.guest?.consoles?.[port];
  if (console?.line?.id !== line) return;
  const { line: _line, ...rest } = console;
  putConsole(world, { id, port }, rest);
});

/** A guest prints something by itself. Nobody asks for this; it happens. */
export const print = effect(
  "domain",
  z.object({ id, port: port.default(firstConsole), text: z.string() }),
  (world, { id, port, text }) =>
    putConsole(world, { id, port }, printed(consoleOf(world, { id, port }), text)),
);

/** Somebody types on a console, and the guest does what it is told; off it goes by itself, by `guest.power-off`. */
export const typeOnConsole = effect(
  "domain",
  z.object({ id, port, line, text: z.string() }),
  (world, { id, port, line, text }, { now }) => {
    const { record, guest } = needGuest(world, id);
    const console = consoleOf(world, { id, port });
    if (console.line?.id !== line) {
      throw new VirtError("wrong-state", `The console of domain "${record.name}" was taken by somebody else`);
    }
    if (guest.state !== "running" || guest.booting === true) return undefined;
    const { console: after, deed } = type(console, { text, name: record.name, xml: guest.xml });
    putConsole(world, { id, port }, after);
    if (deed === "reboot") restart(world, { id, now });
    else if (deed === "power-off") putGuest(world, { id, guest: { reason: "shutting-down", since: now } });
    return deed;
  },
  { withheld: ["text"] },
);
