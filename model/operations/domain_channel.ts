/**
 * Operations on domains: what goes over their serial consoles and channels.
 *
 * A hypervisor hands a console to one reader at a time. Drover opens it once, keeps the last of what came over it, and
 * lets any number of its own readers read that by place: bytes of one session count from 0.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { byteArray, bytes, nothing } from "./shape.ts";

/** How much of what came over a console is kept for those who read it later, in bytes. */
export const consoleKeptBytes = 1024 * 1024;

/** The most that one read answers or one write sends, in bytes. */
export const consolePieceBytes = 64 * 1024;

/** How long a read may wait for something to come, in milliseconds. */
export const consoleWaitMs = 60_000;

/** Which console or channel is meant. */
const device = {
  console: z.string().min(1).max(256).optional().describe(
    "A console or serial port by its alias, serial0; the first console where neither is given",
  ),
  channel: z.string().min(1).max(256).optional().describe(
    "A channel by its target's name, org.example.0, instead of a console",
  ),
};

/** One of several who read the same console. */
const reader = z.string().max(64).describe("Which reader; domain.openConsole gives it");

function isOne(input: { readonly console?: unknown; readonly channel?: unknown }): boolean {
  return input.console === undefined || input.channel === undefined;
}

const notBoth = { error: "Name a console or a channel, not both" };

export const domainOpenConsole = operation("domain.openConsole", {
  summary: "Open a serial console or a channel of a running domain",
  permission: "domain:open_device",
  job: "none",
  effect: "read",
  undo: "domain.closeConsole",
  undoInput: ["reader"],
  input: z.object({
    ...device,
    force: z.boolean().default(false).describe("Take it from somebody else who has it open"),
    safe: z.boolean().default(false).describe(
      "Only where the hypervisor keeps others off; for consoles",
    ),
  }).refine(isOne, notBoth),
  output: z.object({
    reader,
    session: z.string().describe("Changes when it had to be opened again: places begin anew"),
    at: bytes.describe("The place at which what comes next begins, in bytes"),
  }),
});

export const domainReadConsole = operation("domain.readConsole", {
  summary: "Read what came over a serial console or a channel, or wait for it",
  permission: "domain:open_device",
  job: "none",
  effect: "read",
  input: z.object({
    ...device,
    reader: reader.optional(),
    session: z.string().max(64).optional().describe("The session that `from` counts in"),
    from: bytes.optional().describe("The first byte that is wanted; what comes from now on where not given"),
    waitMs: z.int().min(0).max(consoleWaitMs).default(0).describe(
      "How long to wait where there is nothing yet, in milliseconds",
    ),
    maxBytes: z.int().min(1).max(consolePieceBytes).default(consolePieceBytes).describe(
      "How much is wanted at most",
    ),
  }).refine(isOne, notBoth),
  output: z.object({
    session: z.string(),
    from: bytes.describe("The place of the first byte of data"),
    to: bytes.describe("The place behind the last byte of data, where the next read goes on"),
    data: byteArray,
    lostBytes: bytes.describe("What had come since the wanted place and is not kept any more"),
    reopened: z.boolean().describe(
      "It had to be opened again since the wanted place: what came meanwhile is not known",
    ),
    ended: z.boolean().describe("Nothing follows: the domain is off, or somebody else took it"),
    why: z.string().optional().describe("Why it ended, or had to be opened again"),
  }),
});

export const domainWriteConsole = operation("domain.writeConsole", {
  summary: "Type on a serial console of a running domain, or write into a channel",
  permission: "domain:open_device",
  // Like what an agent does, it goes only as fast as the guest takes it.
  job: "agent",
  effect: "write",
  reconcile: "never",
  secretInput: ["secret"],
  echoes: true,
  input: z.object({
    ...device,
    reader: reader.optional(),
    text: z.string().max(consolePieceBytes / 4).optional().describe("Sent as UTF-8"),
    bytes: byteArray.refine((data) => data.length <= consolePieceBytes, {
      error: `At most ${consolePieceBytes} bytes go in one call; send more in pieces`,
    }).optional().describe("Sent as they are, instead of text"),
    secret: z.union([z.string().max(consolePieceBytes / 4), byteArray]).optional().describe(
      "Sent instead of text, and kept off the record: a password",
    ),
  }).refine(isOne, notBoth).refine(
    ({ text, bytes, secret }) => [text, bytes, secret].filter((each) => each !== undefined).length === 1,
    { error: "Give one of text, bytes and secret" },
  ),
  output: z.object({
    written: bytes.describe(
      "How many bytes the hypervisor has taken; whether the guest reads them is its own",
    ),
    session: z.string(),
    at: bytes.describe("The place at which what came after begins"),
  }),
});

export const domainCloseConsole = operation("domain.closeConsole", {
  summary: "Close a serial console or a channel that Drover has open, for one reader or all",
  permission: "domain:open_device",
  job: "none",
  effect: "read",
  input: z.object({ ...device, reader: reader.optional() }).refine(isOne, notBoth),
  output: nothing,
});
