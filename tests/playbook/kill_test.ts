/**
 * Plays whose process is killed, again and again, also while it is resumed: judged by the hypervisor's own log of what was
 * done, which plays cannot write.
 */
import assert from "node:assert/strict";
import { seededRandom } from "../../testing/random.ts";
import { type Finished, inPlace, type Place } from "../cli/kit/process.ts";
import { lives, readEffects } from "../kill/effect_log.ts";

/** A play of many kills takes seconds: one for each fifty of `DROVER_KILLS`. */
const asked = Number(Deno.env.get("DROVER_KILLS"));
const rounds = Number.isInteger(asked) ? Math.max(2, Math.floor(asked / 50)) : 2;

const names = ["a", "b", "c", "d"];

const site = `
- hosts: all
  serial: 2
  tasks:
    - name: Define
      domain.define:
        xml: "<domain type='test'><name>{{ inventory_hostname }}</name><memory>8192</memory><os><type>hvm</type></os></domain>"
    - block:
        - name: Start
          domain.start: { domain: "{{ inventory_hostname }}" }
          notify: told
        - fail: { msg: on purpose }
      rescue:
        - name: Off and on
          domain.destroy: { domain: "{{ inventory_hostname }}" }
        - pause: { for: 50ms }
        - domain.start: { domain: "{{ inventory_hostname }}" }
          register: again
        - assert: { that: again.changed }
  handlers:
    - name: told
      domain.suspend: { domain: "{{ inventory_hostname }}" }
`;

const counted = { ok: 7, changed: 5, failed: 0, rescued: 1, unknown: 0 };

/** Ends a process after a time, if it has not ended by itself. */
async function killedAfter(place: Place, args: readonly string[], ms: number): Promise<Finished> {
  const started = place.start(...args);
  const timer = setTimeout(() => {
    try {
      started.signal("SIGKILL");
    } catch {
      // It has ended.
    }
  }, ms);
  const ended = await started.ended();
  clearTimeout(timer);
  return ended;
}

Deno.test("a play that is killed at random moments does each of its tasks exactly once", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const random = seededRandom(seed);
  for (let round = 0; round < rounds; round++) {
    await inPlace(async (place) => {
      const hypervisor = `${place.directory}/hypervisor`;
      await Deno.writeTextFile(`${place.directory}/site.yml`, site);
      const begin = [
        "play",
        `${place.directory}/site.yml`,
        "-i",
        `${names.join(",")},`,
        "-y",
        "-c",
        `test:///default?state=${hypervisor}`,
      ];
      const moments: number[] = [];
      let run: string | undefined;
      let ended: Finished | undefined;
      while (ended?.signal !== null) {
        // The first moments fall into a whole play, later ones into what is left of it; some time it may end.
        const ms = moments.length > 3 ? 60_000 : Math.floor(250 + random() * 900);
        moments.push(ms);
        ended = await killedAfter(place, run === undefined ? begin : ["play", "--resume", run], ms);
        run ??= /^run (\w+) /m.exec(ended.err)?.[1];
        // It may have begun without having said so yet.
        run ??= /^(\w+)$/m.exec((await place.run("runs", "list", "--all", "-o", "name")).out)?.[1];
      }
      const isDone = ended.code === 7 && /it is done/.test(ended.err);
      const when = `seed ${seed}, round ${round}, killed after ${moments.join(", ")} ms`;
      // It may have been killed when all was done, and nothing but its leaving was left.
      assert.ok(ended.code === 0 || isDone, `${when}: ${ended.code} ${ended.out} ${ended.err}`);
      const done = lives(readEffects(hypervisor).filter(({ effect }) => effect.startsWith("domain.")));
      const once = "write-definition spawn continue kill spawn continue pause";
      assert.deepEqual(done, names.map(() => once), when);
      if (isDone) return;
      for (const name of names) {
        const line = ended.out.split("\n").find((each) => each.startsWith(`${name} `)) ?? "";
        for (const [counter, count] of Object.entries(counted)) {
          assert.match(line, new RegExp(`\\b${counter}=${count}\\b`), `${when}: ${line}`);
        }
      }
    });
  }
});
