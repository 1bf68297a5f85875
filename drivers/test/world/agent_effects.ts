/**
 * What the agent in a guest does. Every guest is the same small system.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../../model/error.ts";
import { needGuest, putGuest } from "./domain_effects.ts";
import { effect, look } from "./effect.ts";
import { runProgram } from "./programs.ts";

/** The file systems of every guest. */
export const guestFilesystems = [
  { mountpoint: "/", name: "vda1", type: "ext4", disks: ["vda"] },
  { mountpoint: "/boot", name: "vda2", type: "ext4", disks: ["vda"] },
] as const;

const id = z.string();
const mountpoints = z.array(z.string()).optional();

function chosen(wanted: readonly string[] | undefined): readonly string[] {
  const all: readonly string[] = guestFilesystems.map(({ mountpoint }) => mountpoint);
  return wanted === undefined ? all : wanted.filter((mountpoint) => all.includes(mountpoint));
}

/** Freezes file systems, and says how many were not frozen before. */
export const freeze = effect("domain", z.object({ id, mountpoints }), (world, { id, mountpoints }) => {
  const { guest } = needGuest(world, id);
  const added = chosen(mountpoints).filter((mountpoint) => !guest.frozen.includes(mountpoint));
  putGuest(world, { id, guest: { frozen: [...guest.frozen, ...added] } });
  return added.length;
});

/** Thaws file systems, and says how many were frozen. */
export const thaw = effect("domain", z.object({ id, mountpoints }), (world, { id, mountpoints }) => {
  const { guest } = needGuest(world, id);
  const thawed = chosen(mountpoints).filter((mountpoint) => guest.frozen.includes(mountpoint));
  putGuest(world, {
    id,
    guest: { frozen: guest.frozen.filter((mountpoint) => !thawed.includes(mountpoint)) },
  });
  return thawed.length;
});

/** Gives back what file systems do not use. */
export const trim = effect("domain", z.object({ id, mountpoints }), (world, { id, mountpoints }) => {
  needGuest(world, id);
  if (chosen(mountpoints).length === 0) {
    throw new VirtError(
      "invalid-argument",
      `Cannot trim "${mountpoints?.join(", ")}": it is not mounted in the guest`,
    );
  }
});

/** Sets the guest's clock. */
export const setTime = effect(
  "domain",
  z.object({ id, seconds: z.int().optional() }),
  (world, { id, seconds }, { now }) =>
    putGuest(world, {
      id,
      guest: { clockOffsetS: seconds === undefined ? 0 : seconds - Math.floor(now / 1000) },
    }),
);

/** Sets a user's password, which the guest keeps to itself. */
export const setPassword = effect(
  "domain",
  z.object({ id, user: z.string(), password: z.string() }),
  (world, { id }) => void needGuest(world, id),
  { withheld: ["password"] },
);

/** Runs a program. How long it takes is for the one who waits. */
export const exec = effect(
  "domain",
  z.object({
    id,
    path: z.string(),
    arguments: z.array(z.string()),
    environment: z.array(z.string()),
    stdin: z.string(),
  }),
  (world, { id, ...start }) => {
    const { record: { name } } = needGuest(world, id);
    const end = runProgram({ ...start, hostname: name });
    if (end !== undefined) return end;
    throw new VirtError(
      "operation-failed",
      `Cannot run "${start.path}" in domain "${name}": no such program`,
    );
  },
);

/** What the guest tells of its clock. */
export const readTime = look("domain", z.object({ id }), (world, { id }, { now }) => {
  const { guest } = needGuest(world, id);
  const milliseconds = now + guest.clockOffsetS * 1000;
  return { seconds: Math.floor(milliseconds / 1000), nanoseconds: (milliseconds % 1000) * 1_000_000 };
});
