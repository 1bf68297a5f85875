/**
 * All histories, by name.
 *
 * @module
 */
import { historyA } from "./history_a.ts";
import { historyB } from "./history_b.ts";
import { historyC } from "./history_c.ts";
import { historyD } from "./history_d.ts";
import { historyE } from "./history_e.ts";
import type { History } from "./history.ts";
import { historyK } from "./history_k.ts";
import { mix } from "./mix.ts";

export const histories: readonly History[] = [
  historyA,
  historyB,
  historyC,
  historyD,
  historyE,
  historyK,
  mix,
];
