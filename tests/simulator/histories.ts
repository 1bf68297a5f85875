/**
 * All histories, by name.
 *
 * @module
 */
import type { History } from "./history.ts";
import { mix } from "./mix.ts";

export const histories: readonly History[] = [mix];
