/**
 * `drover jobs …`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Control } from "../../runtime/control/control.ts";
import type { ResultOf } from "../../runtime/control/methods.ts";
import type { JobsAcceptFlags, JobsFlags } from "../commands/jobs.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { doing, forWhom } from "../live/holder.ts";
import { printList, printOne, type Shape } from "../output/format.ts";
import { plain } from "../output/plain.ts";
import { stateDirectory } from "../settings.ts";
import { formatDuration } from "../units.ts";

type Slot = ResultOf<"jobs.list">[number];

/** One line of the table: somebody who holds an object, waits for it, or left it uncertain. */
interface Line {
  readonly key: string;
  readonly object: string;
  readonly role: string;
  readonly doing: string;
  readonly job: string;
  readonly forWhom: string;
  readonly since: number;
  readonly note: string;
}

function linesOf(slot: Slot): readonly Line[] {
  const about = { key: slot.key, object: slot.label };
  return [
    ...slot.holders.map((holder): Line => ({
      ...about,
      role: "holds",
      doing: doing(holder),
      job: holder.job,
      forWhom: forWhom(holder.caller),
      since: holder.since,
      note: [
        ...(holder.fraction === undefined ? [] : [`${Math.round(holder.fraction * 100)}%`]),
        ...(holder.hop === undefined ? [] : [holder.hop]),
      ].join(", "),
    })),
    ...slot.waiters.map((waiter): Line => ({
      ...about,
      role: `waits ${waiter.position}`,
      doing: doing(waiter),
      job: waiter.job,
      forWhom: forWhom(waiter.caller),
      since: waiter.since,
      note: waiter.priority === 0 ? "" : `priority ${waiter.priority}`,
    })),
    ...(slot.uncertain === undefined ? [] : [
      {
        ...about,
        role: "uncertain",
        doing: doing({ operation: slot.uncertain.operation, job: "" }),
        job: "",
        forWhom: forWhom(slot.uncertain.caller),
        since: slot.uncertain.since,
        note: slot.uncertain.reason,
      },
    ]),
  ];
}

const lineShape: Shape<Line> = {
  kind: "jobs",
  columns: [
    { header: "Object", value: (line) => line.object },
    { header: "Who", value: (line) => line.role },
    { header: "Doing", value: (line) => line.doing },
    { header: "For", value: (line) => line.forWhom },
    { header: "Since", value: (line) => formatDuration(Date.now() - line.since) },
    { header: "Note", value: (line) => line.note },
    { header: "Job", value: (line) => line.job, wide: true },
    { header: "Key", value: (line) => line.key, wide: true },
  ],
  name: (line) => line.key,
};

const slotShape: Shape<Slot> = { kind: "jobs", columns: [], name: (slot) => slot.key };

function open(context: DroverContext, flags: JobsFlags): Promise<Control> {
  return context.openControl({ io: context.io, stateDirectory: stateDirectory(context.io, flags.stateDir) });
}

async function print(
  { io }: DroverContext,
  { slots, flags }: { readonly slots: readonly Slot[]; readonly flags: JobsFlags },
): Promise<void> {
  const format = flags.output ?? "table";
  if (format === "table" || format === "wide") {
    await printList(slots.flatMap(linesOf), lineShape, { io, format });
  } else await printList(slots, slotShape, { io, format });
}

/** `jobs list`. */
export async function listJobs(this: DroverContext, flags: JobsFlags): Promise<void> {
  await using control = await open(this, flags);
  await print(this, { slots: await control.request("jobs.list", {}), flags });
}

/** `jobs watch`. */
export async function watchJobs(this: DroverContext, flags: JobsFlags): Promise<void> {
  await using control = await open(this, flags);
  await withInterrupt(this, (signal) =>
    control.request("jobs.watch", {}, {
      signal,
      onItem: async (slots) => {
        // A terminal shows the present state only (ECMA-48: CUP, ED); a file gets one table after the other.
        if (this.io.stdout.terminal) this.io.stdout.write("\x1b[H\x1b[2J");
        await print(this, { slots, flags });
      },
    }));
}

/** The key that a key or an object's name means. */
async function keyNamed(control: Control, text: string): Promise<string> {
  const slots = await control.request("jobs.list", {});
  if (slots.some((slot) => slot.key === text)) return text;
  const [only, second] = slots.filter((slot) => slot.label === text || slot.label.endsWith(` "${text}"`));
  if (only === undefined) {
    throw new VirtError("not-found", `Nobody holds or awaits "${text}", and it is not uncertain`, {
      hint: "See: drover jobs list -o wide",
    });
  }
  if (second !== undefined) {
    throw new VirtError("invalid-argument", `More than one object is called "${text}"`, {
      hint: "Give its key, from: drover jobs list -o wide",
    });
  }
  return only.key;
}

/** `jobs cancel`. */
export async function cancelJob(this: DroverContext, flags: JobsFlags, text: string): Promise<void> {
  await using control = await open(this, flags);
  const key = await keyNamed(control, text);
  const { cancelled } = await control.request("jobs.cancel", { key });
  if (cancelled === 0) {
    throw new VirtError(
      "wrong-state",
      `Cannot cancel anything on "${text}": nothing there can be cancelled`,
      {
        hint: "A lease belongs to a run: drover runs cancel RUN",
      },
    );
  }
  await tell(this, {
    flags,
    words: `asked ${cancelled === 1 ? "one operation" : `${cancelled} operations`} to stop`,
    key,
  });
}

/** `jobs accept`. */
export async function acceptJob(this: DroverContext, flags: JobsAcceptFlags, text: string): Promise<void> {
  await using control = await open(this, flags);
  const key = await keyNamed(control, text);
  await control.request("jobs.accept", { key, as: flags.as });
  await tell(this, { flags, words: `accepted as ${flags.as}; writes on it go on`, key });
}

async function tell(
  { io }: DroverContext,
  { flags, words, key }: { readonly flags: JobsFlags; readonly words: string; readonly key: string },
): Promise<void> {
  const format = flags.output ?? "table";
  if (format === "table" || format === "wide") io.stdout.write(`${plain(`${key}: ${words}`)}\n`);
  else await printOne({ key }, { kind: "job", columns: [], name: (item) => item.key }, { io, format });
}
