/**
 * The runtime's side of automation: what is offered to recipes, playbooks and the command line as operations.
 *
 * @module
 */
import type { DriverMap } from "../runtime/driver.ts";
import { ensureOperations } from "./ensure/operations.ts";
import { imageOperations } from "./image/operations.ts";
import type { ImageOptions } from "./image/work.ts";

export { ensureOperations, loadPlanner } from "./ensure/operations.ts";
export { rehearsedImages } from "./image/rehearsed.ts";
export type { ImageOptions } from "./image/work.ts";

/** What automation is offered with. */
export interface AutomationOptions {
  /** Where images that were fetched are kept, and how. */
  readonly images: ImageOptions;
}

/** What the runtime can do on every connection, whatever its driver. */
export function automationOperations({ images }: AutomationOptions): DriverMap {
  return { ...ensureOperations, ...imageOperations(images) };
}
