/**
 * Telling a webhook: one POST, signed where there is a secret.
 *
 * The signature is HMAC-SHA-256, in hexadecimal, over the time of sending in seconds, a dot, and the body. Who checks it
 * checks the time too, so that nobody can send an old message again.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { NoticeRecord } from "../../runtime/journal/schedule_record.ts";
import type { SecretSource } from "./schedule.ts";

/** The longest secret, in bytes. */
const secretLimit = 64 * 1024;

/** What a message is sent with. */
export interface SendOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly signal: AbortSignal;
  /** The environment. @default the process's */
  readonly env?: (name: string) => string | undefined;
}

/** Sends a message; resolves when the webhook has taken it. */
export type SendNotice = (notice: NoticeRecord, options: SendOptions) => Promise<void>;

/**
 * Sends a message by HTTP. What answers that it is elsewhere is not followed: the message is for whom it was meant for.
 *
 * @throws {VirtError} where the webhook has not taken it.
 */
export async function sendNotice(
  { id, kind, hook, body, attempts }: NoticeRecord,
  { clock, signal, env = (name): string | undefined => Deno.env.get(name) }: SendOptions,
): Promise<void> {
  const late = new AbortController();
  using _timer = clock.after(hook.timeout, () => late.abort());
  const signature = hook.secret === undefined
    ? undefined
    : await sign(body, { secret: await readSecret(hook.secret, env), at: clock.now() });
  try {
    const response = await fetch(hook.url, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json",
        "user-agent": "drover",
        "drover-event": kind,
        "drover-delivery": id,
        "drover-attempt": String(attempts + 1),
        ...(signature === undefined ? {} : { "drover-signature": signature }),
      },
      body,
      signal: AbortSignal.any([signal, late.signal]),
    });
    await response.body?.cancel();
    if (response.ok) return;
    const moved = response.status >= 300 && response.status < 400;
    throw new VirtError("operation-failed", `The webhook answered ${response.status}`, {
      ...(moved ? { hint: "Redirects are not followed: name the address itself" } : {}),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof VirtError) throw error;
    if (late.signal.aborted) {
      throw new VirtError("timed-out", `The webhook did not answer within ${hook.timeout} ms`);
    }
    // The words of `fetch` name the whole address, which may be a secret by itself.
    throw new VirtError("unreachable", `The webhook at "${new URL(hook.url).host}" cannot be reached`);
  }
}

/**
 * The signature of a body: `t=SECONDS,v1=HEX`.
 *
 * @example
 * ```ts
 * import { sign } from "./webhook.ts";
 * await sign("{}", { secret: new TextEncoder().encode("secret"), at: 1_700_000_000_000 }); // "t=1700000000,v1=…"
 * ```
 */
export async function sign(
  body: string,
  { secret, at }: { readonly secret: Uint8Array<ArrayBuffer>; readonly at: number },
): Promise<string> {
  const seconds = Math.floor(at / 1000);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  const made = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${seconds}.${body}`));
  return `t=${seconds},v1=${new Uint8Array(made).toHex()}`;
}

/**
 * Reads a secret from where it is. Line ends behind it do not belong to it.
 *
 * @throws {VirtError} `not-found`; `operation-failed` where it cannot be read or is empty.
 */
export async function readSecret(
  source: SecretSource,
  env: (name: string) => string | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const text = "env" in source ? env(source.env) : await readFile(source.file);
  const secret = new TextEncoder().encode(text?.replace(/[\r\n]+$/, "") ?? "");
  if (secret.length > 0 && secret.length <= secretLimit) return secret;
  const where = "env" in source ? `the environment variable "${source.env}"` : `the file "${source.file}"`;
  throw new VirtError(
    text === undefined ? "not-found" : "operation-failed",
    text === undefined
      ? `Cannot sign a message: ${where} is not there, or cannot be read`
      : `Cannot sign a message: ${where} is empty or longer than ${secretLimit} bytes`,
    { hint: "The process that serves schedules reads it when it sends" },
  );
}

async function readFile(path: string): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return undefined;
  }
}
