/**
 * The operations on serial consoles and channels, for every driver that can open a line to one.
 *
 * @module
 */
import { isVirtError, VirtError } from "../../model/error.ts";
import type { OutputOf, ParsedInputOf } from "../../model/operation.ts";
import type { Operations } from "../../model/operations/mod.ts";
import { sleep } from "../../runtime/clock.ts";
import type { DriverConnection, DriverMap, Job } from "../../runtime/driver.ts";
import { attributeOf, childOf, childrenOf, readXml } from "../xml_span.ts";
import { Consoles } from "./consoles.ts";
import type { ConsoleLine, ConsoleReceiver, ConsoleSession } from "./session.ts";

type ConsoleOperation = "domain.openConsole" | "domain.readConsole" | "domain.writeConsole";
type In<N extends ConsoleOperation | "domain.closeConsole"> = ParsedInputOf<Operations[N]>;
type Out<N extends ConsoleOperation> = OutputOf<Operations[N]>;

/** A console or channel, and how it is to be opened. */
export interface ConsoleWish {
  readonly kind: "console" | "channel";
  /** A console's alias or a channel's target name; the first one where absent. */
  readonly name: string | undefined;
  /** Take it from somebody else. */
  readonly force: boolean;
  /** Only where the hypervisor keeps others off. */
  readonly safe: boolean;
}

/** What a line is dialled with. */
export interface Dialling extends ConsoleWish {
  // deno-lint-ignore no-explicit-any -- each driver has its own live and fact types
  readonly job: Job<any, any>;
  /** Hears what comes. */
  readonly receiver: ConsoleReceiver;
  readonly signal: AbortSignal;
}

/**
 * Opens a line to a console. Called within a hop.
 *
 * @throws {VirtError} `wrong-state` where the domain does not run, `in-use` where somebody else has it,
 *   `invalid-argument` where the domain has no such device.
 */
export type Dial = (dialling: Dialling) => Promise<ConsoleLine>;

/** How readers are answered. */
export interface PaceOptions {
  /**
   * The pause between two answers to one reader, in milliseconds: what comes in small pieces comes in larger ones, and a
   * guest that prints without end does not fill the journal as fast as it can.
   * @default 0
   */
  readonly pace?: number;
}

/** How a driver opens lines, and how they are read. */
interface Lines {
  readonly dial: Dial;
  readonly pace: number;
}

/** How much sooner than its call a wait ends, so that it is answered and not late; milliseconds. */
const marginMs = 250;

const opened = new WeakMap<DriverConnection, Consoles>();

function consolesOf({ connection }: Job): Consoles {
  const known = opened.get(connection) ?? new Consoles();
  opened.set(connection, known);
  return known;
}

/** Whatever comes over a console, the domain has nothing to do with how the runtime reads its own memory. */
const looking = { acts: false, offline: true } as const;

/** What a call says about the device. */
interface Named {
  readonly console?: string | undefined;
  readonly channel?: string | undefined;
}

function wishOf(
  { console, channel, force = false, safe = false }: Named & Partial<Pick<ConsoleWish, "force" | "safe">>,
): ConsoleWish {
  const kind = channel === undefined ? "console" : "channel";
  return { kind, name: channel ?? console, force, safe };
}

/** The first console has two names: its alias, and none. */
function keyOf({ object }: Job, named: Named): string {
  const { kind, name } = wishOf(named);
  const first = kind === "console" && name !== undefined && name === firstConsole(object.config);
  return `${object.key} ${kind} ${first ? "" : name ?? ""}`;
}

function firstConsole(definition: string): string | undefined {
  if (!definition.includes("<alias")) return undefined;
  const devices = childOf(readXml(definition), "devices");
  const [first] = [...childrenOf(devices, "console"), ...childrenOf(devices, "serial")];
  return attributeOf(first, "name", "alias");
}

/** A console, within a hop. */
interface AtConsole {
  readonly job: Job;
  readonly key: string;
  readonly wish: ConsoleWish;
  readonly dial: Dial;
  readonly pace: number;
  readonly reader: string;
  readonly signal: AbortSignal;
}

/** Opens the session of a console, or finds the one that is open. */
async function sessionAt({ job, key, wish, dial, reader, signal }: AtConsole): Promise<ConsoleSession> {
  const consoles = consolesOf(job);
  const session = await consoles.open(key, {
    id: job.clock.uuid(),
    reader,
    signal,
    dial: (receiver, signal) => dial({ ...wish, job, receiver, signal }),
  });
  if (!signal.aborted) return session;
  // Nobody hears of it any more.
  await consoles.leave(reader);
  throw signal.reason;
}

async function open(
  job: Job,
  { input, ...lines }: { readonly input: In<"domain.openConsole"> } & Lines,
): Promise<Out<"domain.openConsole">> {
  const at = { job, key: keyOf(job, input), wish: wishOf(input), ...lines, reader: job.newId };
  return await job.hop("open console", async (signal) => {
    const { id: session, next } = await sessionAt({ ...at, signal });
    return { reader: at.reader, session, at: next };
  }, looking);
}

/** A session, and where in it a reader goes on. */
interface Place {
  readonly session: ConsoleSession;
  readonly from: number;
  /** Why what came before is not known. */
  readonly reopened?: string;
}

async function placeAt(at: AtConsole, input: In<"domain.readConsole">): Promise<Place> {
  const known = consolesOf(at.job).get(at.key, input.session);
  if (known !== undefined && known.id === input.session) {
    const from = input.from ?? known.next;
    if (input.reader === undefined) known.join(at.reader);
    if (known.over?.dropped !== true || from < known.next) return { session: known, from };
  }
  const session = await sessionAt(at);
  if (input.session === undefined) return { session, from: session.next };
  const why = known?.id === input.session ? known.over?.why : undefined;
  return { session, from: session.first, reopened: why ?? "what had it open has ended" };
}

async function read(
  job: Job,
  { input, ...lines }: { readonly input: In<"domain.readConsole"> } & Lines,
): Promise<Out<"domain.readConsole">> {
  const reader = input.reader ?? job.clock.uuid();
  const at = { job, key: keyOf(job, input), wish: wishOf(input), ...lines, reader };
  return await job.hop("read console", (signal) => readAt({ ...at, signal }, input), looking);
}

async function readAt(
  at: AtConsole,
  input: In<"domain.readConsole">,
): Promise<Out<"domain.readConsole">> {
  try {
    const place = await placeAt(at, input);
    return await stretchAt(at, { place, input });
  } catch (error) {
    // Whoever read it before learns that it has ended, not that it cannot be opened.
    if (input.session === undefined || !isVirtError(error, "wrong-state")) throw error;
    return over({ session: input.session, at: input.from ?? 0, why: error.message });
  } finally {
    if (input.reader === undefined) await consolesOf(at.job).leave(at.reader);
  }
}

async function stretchAt(
  { job: { clock, deadline }, pace, reader, signal }: AtConsole,
  { place, input }: { readonly place: Place; readonly input: In<"domain.readConsole"> },
): Promise<Out<"domain.readConsole">> {
  const { session, from, reopened } = place;
  const { waitMs, maxBytes } = input;
  const patience = Math.min(waitMs, deadline - clock.now() - marginMs);
  if (patience > 0) await session.wait(from, { clock, waitMs: patience, signal, reader });
  // What comes a character at a time is answered in pieces of some size, the first of them at once.
  const restMs = Math.min(patience, session.answeredAt(reader) + pace - clock.now());
  if (restMs > 0 && session.over === undefined) await sleep(clock, restMs, signal);
  if (!session.hasReader(reader)) {
    return over({ session: session.id, at: from, why: "it was closed" });
  }
  const { lost, ...stretch } = session.read(from, maxBytes);
  if (stretch.to > stretch.from) session.answered(reader, clock.now());
  const ending = stretch.to === session.next ? session.over : undefined;
  const why = reopened ?? ending?.why;
  return {
    session: session.id,
    ...stretch,
    lostBytes: lost,
    reopened: reopened !== undefined,
    ended: ending !== undefined && !ending.dropped,
    ...(why === undefined ? {} : { why }),
  };
}

function over(
  { session, at, why }: { readonly session: string; readonly at: number; readonly why: string },
): Out<"domain.readConsole"> {
  return {
    session,
    from: at,
    to: at,
    data: new Uint8Array(),
    lostBytes: 0,
    reopened: false,
    ended: true,
    why,
  };
}

async function write(
  job: Job,
  { input, ...lines }: { readonly input: In<"domain.writeConsole"> } & Lines,
): Promise<Out<"domain.writeConsole">> {
  const data = bytesOf(input);
  const reader = input.reader ?? job.clock.uuid();
  const at = { job, key: keyOf(job, input), wish: wishOf(input), ...lines, reader };
  const session = await job.hop("open console", (signal) => sessionAt({ ...at, signal }), looking);
  const { id, next } = session;
  try {
    // Whatever is typed may well end the domain.
    await job.hop("write console", (signal) => session.write(data, signal), { offline: true });
  } finally {
    if (input.reader === undefined) {
      await job.hop("close console", () => consolesOf(job).leave(reader), {
        ...looking,
        givesBack: true,
      });
    }
  }
  return { written: data.length, session: id, at: next };
}

function bytesOf({ text, bytes, secret }: In<"domain.writeConsole">): Uint8Array {
  const given = secret ?? bytes ?? text ?? "";
  return typeof given === "string" ? new TextEncoder().encode(given) : given;
}

async function close(job: Job, input: In<"domain.closeConsole">): Promise<Record<string, never>> {
  const { reader } = input;
  const key = keyOf(job, input);
  await job.hop("close console", () => {
    const consoles = consolesOf(job);
    return reader === undefined ? consoles.close(key) : consoles.leave(reader);
  }, looking);
  return {};
}

/** The error for a console that somebody else has open. */
export function consoleInUse(domain: { readonly label: string }, { kind }: ConsoleWish): VirtError {
  return new VirtError("in-use", `Cannot open the ${kind} of ${domain.label}: somebody else has it open`, {
    target: domain.label,
    hint: `Take it from them: vm.console.open({ force: true })`,
  });
}

/** The error for a console or channel that a domain does not have. */
export function noSuchDevice(
  domain: { readonly label: string },
  { wish: { kind, name }, there }: { readonly wish: ConsoleWish; readonly there: readonly string[] },
): VirtError {
  const which = name === undefined ? `no ${kind}` : `no ${kind} "${name}"`;
  const others = there.length === 0 ? "" : `; it has ${there.map((each) => `"${each}"`).join(", ")}`;
  return new VirtError(
    "invalid-argument",
    `Cannot open the ${kind} of ${domain.label}: it has ${which}${others}`,
    {
      target: domain.label,
    },
  );
}

/** The operations, on lines that a driver dials. */
export function consoleOperations(dial: Dial, { pace = 0 }: PaceOptions = {}): {
  readonly [N in ConsoleOperation | "domain.closeConsole"]: NonNullable<DriverMap[N]>;
} {
  return {
    "domain.openConsole": { run: (job: Job, input) => open(job, { input, dial, pace }) },
    "domain.readConsole": { run: (job: Job, input) => read(job, { input, dial, pace }) },
    "domain.writeConsole": { run: (job: Job, input) => write(job, { input, dial, pace }) },
    "domain.closeConsole": { run: close },
  };
}
