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

/** Where the numbers of processes begin. */
const firstPid = 99;

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

/** Starts a program; says which process it is, and how long it takes. */
export const exec = effect(
  "domain",
  z.object({
    id,
    path: z.string(),
    arguments: z.array(z.string()),
    environment: z.array(z.string()),
    stdin: z.string(),
    /** Whether what it prints is kept. */
    keep: z.boolean(),
  }),
  (world, { id, keep, ...start }, { now }) => {
    const { record: { name }, guest: { programs = {} } } = needGuest(world, id);
    const end = runProgram({ ...start, hostname: name });
    if (end === undefined) {
      throw new VirtError(
        "operation-failed",
        `Cannot run "${start.path}" in domain "${name}": no such program`,
      );
    }
    const { takesMs, exitCode } = end;
    const rest = keep
      ? { exitCode, stdout: end.stdout, stderr: end.stderr }
      : { exitCode, stdout: "", stderr: "" };
    const pid = Math.max(firstPid, ...Object.keys(programs).map(Number)) + 1;
    putGuest(world, { id, guest: { programs: { ...programs, [pid]: { ...rest, endsAt: now + takesMs } } } });
    return { pid, takesMs };
  },
);

/** What became of a program; of one that has ended the agent tells once. */
export const execStatus = effect("domain", z.object({ id, pid: z.int() }), (world, { id, pid }, { now }) => {
  const { record: { name }, guest: { programs = {} } } = needGuest(world, id);
  const found = programs[pid];
  if (found === undefined) {
    throw new VirtError("operation-failed", `The agent of domain "${name}" knows no process ${pid}`);
  }
  const { endsAt, ...end } = found;
  if (endsAt > now) return undefined;
  const { [pid]: _told, ...others } = programs;
  putGuest(world, { id, guest: { programs: others } });
  return end;
});

/** What the guest tells of its clock. */
export const readTime = look("domain", z.object({ id }), (world, { id }, { now }) => {
  const { guest } = needGuest(world, id);
  const milliseconds = now + guest.clockOffsetS * 1000;
  return { seconds: Math.floor(milliseconds / 1000), nanoseconds: (milliseconds % 1000) * 1_000_000 };
});
