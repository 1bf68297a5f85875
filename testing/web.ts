/**
 * The web as a lab has it: what servers serve. Nothing real is fetched.
 *
 * @module
 */
import type { ImageOptions } from "../automation/mod.ts";

/** What servers serve, by address; or what answers, as the function `fetch` does. */
export type Web =
  | Readonly<Record<string, Uint8Array<ArrayBuffer> | string>>
  | NonNullable<ImageOptions["fetch"]>;

/** What answers in the place of the function `fetch`. */
export function servedBy(web: Web): NonNullable<ImageOptions["fetch"]> {
  if (typeof web === "function") return web;
  const served = new Map(Object.entries(web).map(([address, content]) => [new URL(address).href, content]));
  return (url) => {
    const content = served.get(url.href);
    return Promise.resolve(
      content === undefined
        ? new Response("Not found", { status: 404 })
        : new Response(content, { headers: { "content-length": `${new Blob([content]).size}` } }),
    );
  };
}
