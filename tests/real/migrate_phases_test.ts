/**
 * Domains that are disturbed at every seam of their way between two real hosts: their guest, their daemons, the links to them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { judgeMigration } from "./kit/migration_stage.ts";
import {
  type Disturbance,
  guestDisturbances,
  hostDisturbances,
  isDense,
  midway,
  migrationTests,
  momentText,
  seams,
  slowly,
} from "./kit/migration_tests.ts";

const { test } = migrationTests();

function disturbed({ what, kills, act }: Disturbance, moments: typeof seams): void {
  for (const moment of moments) {
    test(`${what} ${momentText(moment)}, and the domain runs once, where its owner is told`, async (stage) => {
      const ref = await stage.start();
      stage.at(moment, () => act(stage));
      const told = await stage.migrate(ref, typeof moment.when === "string" ? {} : slowly);
      assert.ok(stage.reached);
      const when = `${what} ${momentText(moment)}`;
      judgeMigration(told, await stage.settled(), { when, mayBeDead: kills });
    });
  }
}

// libvirt 9.0 takes minutes to notice that a guest is dead in the middle of being sent.
for (const each of guestDisturbances) disturbed(each, isDense ? [...seams, ...midway] : seams);
// One in three, so that all of them have had each of their turns after three kinds.
for (const [index, each] of hostDisturbances.entries()) {
  disturbed(each, [...seams, ...midway].filter((_, at) => isDense || at % 3 === index % 3));
}
