/**
 * Guests that run on a private host.
 *
 * @module
 */
import { type GuestOptions, guestXml, makeDisk } from "./guest.ts";
import type { RealHost } from "./host.ts";
import { until } from "./until.ts";

/** Whether a guest's agent answers. */
async function isUp(host: RealHost, name: string): Promise<boolean> {
  return (await host.tryVirsh("qemu-agent-command", name, '{"execute":"guest-ping"}')).code === 0;
}

/** Defines guests with a disk each, starts them together, and waits until their agents answer. */
export async function startGuests(
  host: RealHost,
  names: readonly string[],
  options: Omit<GuestOptions, "disk"> = {},
): Promise<void> {
  for (const name of names) {
    const disk = await makeDisk(host, `${name}.qcow2`);
    await host.virsh("define", await host.file(`${name}.xml`, await guestXml(name, { ...options, disk })));
    await host.virsh("start", name);
  }
  await guestsUp(host, names);
}

/** Waits until the agents of guests answer. */
export async function guestsUp(host: RealHost, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await until(() => isUp(host, name), { what: `the guest "${name}"`, withinMs: 120_000 });
  }
}
