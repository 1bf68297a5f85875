/**
 * The body of a request: JSON of bounded length. Bytes stand in it as `{"$bytes": "<base64>"}`.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import { Buffer } from "node:buffer";
import { fromText } from "../../runtime/journal/json.ts";
import { Refusal } from "./problem.ts";

/**
 * Reads the body.
 *
 * @returns `undefined` where there is none
 * @throws {Refusal} 413 where it is too long, 415 where it is no JSON, 400 where it cannot be read.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const { headers } = request;
  const declared = headers["content-length"];
  if (declared !== undefined && Number(declared) > maxBytes) throw tooLong(maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes: Uint8Array = chunk;
    length += bytes.length;
    if (length > maxBytes) throw tooLong(maxBytes);
    chunks.push(bytes);
  }
  if (length === 0) return undefined;
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/json" && !/^application\/[a-z0-9.-]+\+json$/.test(type)) {
    throw new Refusal(415, "Cannot read the body: it is not said to be JSON", {
      hint: "Send it with: Content-Type: application/json",
    });
  }
  return parse(Buffer.concat(chunks));
}

function parse(bytes: Uint8Array): unknown {
  try {
    return fromText(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new Refusal(400, "Cannot read the body: it is no JSON in UTF-8");
  }
}

function tooLong(maxBytes: number): Refusal {
  return new Refusal(413, `Cannot take the body: it is longer than ${maxBytes} bytes`, {
    hint: "http_max_body in the settings is the limit",
    // What is still to come is not read.
    headers: { connection: "close" },
  });
}
