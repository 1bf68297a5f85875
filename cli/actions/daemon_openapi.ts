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
export function printOpenApi(this: DroverContext): void {
  this.io.stdout.write(`${JSON.stringify(openApiDocument(routes, manifest.version), null, 2)}\n`);
}
