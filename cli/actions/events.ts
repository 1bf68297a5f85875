/**
 * `drover events`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { EventClass } from "../../model/event.ts";
import { objectClasses } from "../../model/object.ts";
import { Glob } from "../../runtime/permission/glob.ts";
import { eventClass, type EventsFlags, type VirshEventFlags } from "../commands/events.ts";
import type { DroverContext } from "../context.ts";
import { withInterrupt } from "../interrupt.ts";
import { type EventWish, eventWords, isWanted, type TellingEvent } from "../live/event_wish.ts";
import { askersFor, freeScreen } from "../live/prompter.ts";
import { type OutputFormat, schemaVersion } from "../output/format.ts";
import { plain, plainJson } from "../output/plain.ts";
import { connectionUri, stateDirectory } from "../settings.ts";
import { formatDuration, formatMoment } from "../units.ts";

/** How events are told. */
interface Telling extends Pick<EventsFlags, "connect" | "stateDir" | "noPrompt"> {
  readonly wish: EventWish;
  readonly format: OutputFormat;
  /** Ends after so many. */
  readonly count: number;
  /** Ends after this time, in milliseconds. */
  readonly withinMs: number | undefined;
}

/** Tells events until there were enough of them, the time is over, or Ctrl-C. */
export async function tellEvents(this: DroverContext, flags: EventsFlags): Promise<void> {
  const objectClass = flags.on === undefined ? undefined : eventClass(flags.on);
  refuseUnknown(flags.type, objectClass);
  await tell(this, {
    ...flags,
    wish: {
      objectClass,
      types: flags.type,
      name: flags.name === undefined ? undefined : Glob.parse(flags.name),
    },
    format: flags.output ?? "table",
    count: flags.count ?? Infinity,
    withinMs: flags.within,
  });
}

/** The same in virsh's way: one event, unless there is to be a loop. */
export async function tellVirshEvents(
  context: DroverContext,
  flags: VirshEventFlags,
  { objectClass, name }: { readonly objectClass: EventClass; readonly name: string | undefined },
): Promise<void> {
  if (flags.list === true) {
    context.io.stdout.write(eventWords(objectClass).map((word) => `${word}\n`).join(""));
    return;
  }
  refuseUnknown(flags.event, objectClass);
  await tell(context, {
    ...flags,
    wish: {
      objectClass,
      types: flags.all === true ? undefined : flags.event,
      name: name === undefined ? undefined : Glob.exact(name),
    },
    format: flags.output ?? "table",
    count: flags.loop === true ? Infinity : 1,
    withinMs: flags.timeout,
  });
}

/** A misspelt word would be waited for in vain. */
function refuseUnknown(words: readonly string[] | undefined, objectClass: EventClass | undefined): void {
  const known = eventWords(objectClass);
  const unknown = words?.find((word) => !known.includes(word));
  if (unknown === undefined) return;
  throw new VirtError("invalid-argument", `No event is called "${unknown}"`, {
    hint: `They are called ${known.join(", ")}`,
  });
}

async function tell(context: DroverContext, telling: Telling): Promise<void> {
  const { io } = context;
  const { wish, format, count, withinMs, noPrompt } = telling;
  const uri = connectionUri(io, telling.connect);
  await using control = await context.openControl({
    io,
    stateDirectory: stateDirectory(io, telling.stateDir),
  });
  let told = 0;
  let listening = false;
  const enough = new AbortController();
  await withInterrupt(context, async (signal, interrupt) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    if (withinMs !== undefined) timer = setTimeout(() => enough.abort(), withinMs);
    try {
      await control.request("events.watch", { uri }, {
        signal: AbortSignal.any([signal, enough.signal]),
        ...askersFor({ io, screen: freeScreen, interrupt, noPrompt }),
        onItem: (item) => {
          if (enough.signal.aborted) return;
          if (item.kind === "listening") {
            if (listening) {
              io.stderr.write("Another process is the kernel now; events may have been missed\n");
            } else {io.stderr.write(
                `Listening to ${plain(uri)}${io.stderr.terminal ? "; Ctrl-C ends" : ""}\n`,
              );}
            listening = true;
            return;
          }
          if (!isWanted(item, wish)) return;
          io.stdout.write(`${line(item, format)}\n`);
          if (item.type !== "resync" && ++told >= count) enough.abort();
        },
      });
    } catch (error) {
      if (!enough.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
  });
  if (told === 0 && enough.signal.aborted) {
    throw new VirtError("timed-out", `Nothing has happened within ${formatDuration(withinMs ?? 0)}`);
  }
}

function line(event: TellingEvent, format: OutputFormat): string {
  const { kind: _kind, object, at, type, detail } = event;
  const { $ref: objectClass, ...rest } = object;
  switch (format) {
    case "json":
    case "ndjson":
    case "yaml": {
      const item = { ...event, kind: undefined, object: { objectClass, ...rest } };
      return plainJson({ version: schemaVersion, kind: "event", item });
    }
    case "name":
      return plain(object.name);
    case "table":
    case "wide": {
      const about = objectClass === "connection"
        ? "connection"
        : `${objectClasses[objectClass].label} "${object.name}"`;
      const id = format === "wide" ? [object.id] : [];
      return plain([formatMoment(at), about, ...id, type, detail ?? ""].join("  ").trimEnd());
    }
  }
}
