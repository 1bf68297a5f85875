/**
 * Answers in pieces that fit into a message.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { channelLimits, type Delivery, type ToRecipe } from "../../model/channel.ts";
import { toErrorData, VirtError } from "../../model/error.ts";
import { toText } from "../journal/json.ts";

/** Room for what stands around a value in its frame, in bytes. */
const envelopeBytes = 4096;

const roomBytes = channelLimits.frameBytes - envelopeBytes;

/** The messages that carry a delivery: lists in pages, everything else as it is. */
export function messagesOf(delivery: Delivery): readonly ToRecipe[] {
  if (delivery.t !== "answer") return [delivery];
  const { step, value, now } = delivery;
  if (!Array.isArray(value)) {
    return bytesOf(value) <= roomBytes ? [delivery] : [tooLarge(step, now)];
  }
  const pages = pagesOf(value);
  if (pages === undefined) return [tooLarge(step, now)];
  const rest = pages.pop() ?? [];
  return [
    ...pages.map((items): ToRecipe => ({ t: "page", step, items })),
    { ...delivery, value: rest },
  ];
}

/** The items in pages within both bounds; `undefined` where a single one is too large. */
function pagesOf(items: readonly unknown[]): unknown[][] | undefined {
  const pages: unknown[][] = [];
  let page: unknown[] = [];
  let room = roomBytes;
  for (const item of items) {
    const size = bytesOf(item) + 1;
    if (size > roomBytes) return undefined;
    if (size > room || page.length === channelLimits.pageItems) {
      pages.push(page);
      page = [];
      room = roomBytes;
    }
    page.push(item);
    room -= size;
  }
  pages.push(page);
  return pages;
}

/** The size of a value in a frame. */
function bytesOf(value: unknown): number {
  return Buffer.byteLength(toText(value));
}

function tooLarge(step: number, now: number): ToRecipe {
  const error = new VirtError(
    "budget-exceeded",
    `Cannot hand over the answer: it is larger than a message may be (${channelLimits.frameBytes} bytes)`,
  );
  return { t: "refused", step, error: toErrorData(error), now };
}
