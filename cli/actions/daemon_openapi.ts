/**
 * `drover daemon openapi`: prints the description of the HTTP API.
 *
 * @module
 */
import manifest from "../../deno.json" with { type: "json" };
import { openApiDocument } from "../../daemon/http/openapi/document.ts";
import { routes } from "../../daemon/http/routes.ts";
import type { DroverContext } from "../context.ts";

/** Prints what `GET /openapi.json` answers. */
export async function printOpenApi(this: DroverContext): Promise<void> {
  const document = await openApiDocument(routes, manifest.version);
  this.io.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}
