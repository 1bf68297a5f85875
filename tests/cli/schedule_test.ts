/**
 * `drover schedule`: what it asks of the kernel, what it prints, and what it says about bad input.
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import {
  type FiringView,
  type ScheduleInput,
  scheduleSpec,
  type ScheduleView,
} from "../../automation/schedule/schedule.ts";
import { VirtError } from "../../model/error.ts";
import { exitCode } from "../../model/exit_code.ts";
import { drover, type Ran } from "./kit/drover.ts";
import type { FakeAnswers } from "./kit/fake_control.ts";

const berlin = { cron: "30 2 * * *", timeZone: "Europe/Berlin" };

function view(spec: ScheduleInput): ScheduleView {
  return {
    ...scheduleSpec.parse(spec),
    id: "5cedu1e",
    state: "active",
    principal: "uid:1000",
    createdAt: Date.UTC(2026, 0, 1),
    next: Date.UTC(2026, 2, 29, 1),
    dead: 1,
  };
}

const nightly = view({
  name: "nightly",
  work: { kind: "recipe", file: "/srv/nightly.ts", hosts: { host: "test:///default" } },
  triggers: [berlin, { every: "6h" }, { at: 1e12 }, {
    event: { uri: "test:///default", objectClass: "domain", object: "web-*", types: ["stopped", "crashed"] },
  }],
  grants: ["domain:start"],
});

const firing: FiringView = {
  id: "abc123abc123",
  schedule: "nightly",
  cause: "time",
  due: Date.UTC(2026, 0, 1, 1, 30),
  state: "dead",
  attempt: 3,
  startedAt: 1000,
  endedAt: 2000,
  runs: ["run1", "run2", "run3"],
  reason: "domain web-1 is gone",
};

const answers: FakeAnswers = {
  "schedules.add": ({ spec }) => Promise.resolve({ schedule: view(spec), served: true }),
  "schedules.list": () => Promise.resolve({ schedules: [nightly], served: false }),
  "schedules.show": ({ name }) =>
    name === "nightly"
      ? Promise.resolve({ schedule: nightly, upcoming: [Date.UTC(2026, 2, 29, 1)], served: true })
      : Promise.reject(new VirtError("not-found", `No schedule "${name}"`)),
  "schedules.pause": () => Promise.resolve({ ...nightly, state: "paused" }),
  "schedules.resume": () => Promise.resolve({ schedule: nightly, served: true }),
  "schedules.remove": () => Promise.resolve(nightly),
  "schedules.run-now": () => Promise.resolve({ firing: { ...firing, state: "running" }, served: true }),
  "schedules.history": () => Promise.resolve([firing, { ...firing, id: "abd000000000" }]),
  "schedules.again": () => Promise.resolve({ firing: { ...firing, state: "waiting" }, served: true }),
  "schedules.drop": () => Promise.resolve({ ...firing, state: "failed" }),
};

function schedule(...args: readonly string[]): Promise<Ran> {
  return drover(["schedule", ...args], { answers });
}

/** Gives a test a folder with a recipe and a playbook in it. */
async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "drover-schedule-" }));
  try {
    await Deno.writeTextFile(`${folder}/nightly.ts`, "");
    await Deno.writeTextFile(`${folder}/site.yml`, "[]\n");
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function added({ control }: Ran): readonly unknown[] {
  return control.asked.filter(({ method }) => method === "schedules.add").map(({ params }) => params);
}

Deno.test("flags make a schedule of a recipe, with everything that they say", async () => {
  await inFolder(async (folder) => {
    const ran = await schedule(
      ...["add", "nightly", "--recipe", `${folder}/nightly.ts`, "-c", "test:///default", "--input", "keep=7"],
      ...[
        "--cron",
        berlin.cron,
        "--calendar",
        "Mon..Fri 04:00",
        "--time-zone",
        berlin.timeZone,
        "--every",
        "1h30m",
      ],
      ...["--at", "2026-12-01 04:00", "--on-event", "domain:stopped,crashed@web-*", "--debounce", "5s"],
      ...["--event-as", "event", "--overlap", "queue-one", "--missed", "run-all", "--missed-most", "3"],
      ...[
        "--missed-within",
        "2d",
        "--jitter",
        "90s",
        "--timeout",
        "2h",
        "--retries",
        "3",
        "--backoff",
        "10s..5m",
      ],
      ...[
        "--notify",
        "https://example.com/hook",
        "--notify-on",
        "failure,dead",
        "--notify-secret-env",
        "HOOK",
      ],
      ...["--allow", "domain:start", "--sandbox", "strict", "--no-resume", "--replace"],
      ...["--secret", "password=file:/run/secrets/pw", "--secret", "token=env:TOKEN"],
    );
    assert.equal(ran.exit, 0, ran.err);
    assert.deepEqual(added(ran), [{
      replace: true,
      spec: {
        name: "nightly",
        work: {
          kind: "recipe",
          file: `${folder}/nightly.ts`,
          hosts: { host: "test:///default" },
          input: {},
          inputTexts: { keep: "7" },
        },
        triggers: [
          berlin,
          { calendar: "Mon..Fri 04:00", timeZone: berlin.timeZone },
          { every: 5_400_000 },
          { at: Date.parse("2026-12-01T03:00:00Z") },
          {
            event: {
              uri: "test:///default",
              objectClass: "domain",
              object: "web-*",
              types: ["stopped", "crashed"],
            },
            debounce: 5000,
            as: "event",
            mostPerHour: 60,
            resync: false,
          },
        ],
        overlap: "queue-one",
        missed: { policy: "run-all", most: 3, within: 172_800_000 },
        jitter: 90_000,
        timeout: 7_200_000,
        retries: { most: 3, initial: 10_000, factor: 2, longest: 300_000 },
        resume: false,
        notify: [{
          url: "https://example.com/hook",
          on: ["failure", "dead"],
          secret: { env: "HOOK" },
          timeout: 10_000,
        }],
        grants: ["domain:start"],
        secrets: { password: "file:/run/secrets/pw", token: "env:TOKEN" },
        sandbox: "strict",
      },
    }]);
  });
});

Deno.test("flags make a schedule of a playbook, whose files are found from anywhere", async () => {
  await inFolder(async (folder) => {
    const ran = await schedule(
      ...[
        "add",
        "site",
        "--playbook",
        `${folder}/site.yml`,
        "--inventory",
        "hosts.yml",
        "--inventory",
        "a,b",
      ],
      ...[
        "--tags",
        "x, y",
        "--extra-vars",
        "@vars.yml",
        "--limit",
        "web*",
        "--forks",
        "3",
        "--calendar",
        "daily",
      ],
    );
    assert.equal(ran.exit, 0, ran.err);
    const [first] = added(ran) as readonly { readonly spec: { readonly work: unknown } }[];
    assert.deepEqual(first?.spec.work, {
      kind: "playbook",
      file: `${folder}/site.yml`,
      uri: "test:///default",
      inventory: [`${Deno.cwd()}/hosts.yml`, "a,b"],
      limit: "web*",
      tags: ["x", "y"],
      skipTags: [],
      extraVars: [`@${Deno.cwd()}/vars.yml`],
      forks: 3,
      check: false,
      diff: false,
    });
  });
});

const file = `
schedules:
  - name: nightly
    work: { kind: recipe, file: nightly.ts }
    triggers:
      - cron: 30 2 * * *
        timeZone: Europe/Berlin
      - at: 2026-12-01 04:00
        timeZone: Europe/Berlin
    grants: [ "domain:start" ]
    retries: { most: 2, initial: 10s }
  - name: site
    work:
      kind: playbook
      file: site.yml
      inventory: [ hosts.yml ]
    triggers:
      - every: 6h
`;

/** Runs `schedule add --file` on a text. */
async function fromFile(
  text: string,
  ...args: readonly string[]
): Promise<Ran & { readonly folder: string }> {
  let ran: (Ran & { readonly folder: string }) | undefined;
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/schedules.yml`, text);
    ran = { ...await schedule("add", "--file", `${folder}/schedules.yml`, ...args), folder };
  });
  assert.ok(ran !== undefined);
  return ran;
}

Deno.test("a file makes its schedules, with paths from where it is", async () => {
  const ran = await fromFile(file, "--allow", "domain:stop");
  assert.equal(ran.exit, 0, ran.err);
  const specs = added(ran).map((params) => (params as { readonly spec: ScheduleInput }).spec);
  assert.deepEqual(specs.map(({ name }) => name), ["nightly", "site"]);
  assert.deepEqual(specs[0]?.triggers, [berlin, { at: Date.parse("2026-12-01T03:00:00Z") }]);
  assert.deepEqual(specs[0]?.grants, ["domain:start", "domain:stop"]);
  assert.equal(specs[0]?.work.file, `${ran.folder}/nightly.ts`);
  assert.deepEqual(specs[1]?.work.kind === "playbook" && specs[1].work.inventory, [
    `${ran.folder}/hosts.yml`,
  ]);
  const one = await fromFile(file, "site");
  assert.equal(added(one).length, 1, "a name takes one of them");
});

Deno.test("a file that holds no schedule says so", async () => {
  for (const text of ["", "just text", "[]"]) {
    const { err, exit } = await fromFile(text);
    assert.match(err, /it holds none|Cannot find a schedule/, text);
    assert.ok(exit !== 0);
  }
  assert.match((await fromFile("schedules: { a: b }")).err, /no list of them[\s\S]*:1:12/);
});

Deno.test("what show prints as YAML can be added again", async () => {
  const shown = await schedule("show", "nightly", "-o", "yaml");
  await inFolder(async (folder) => {
    const path = `${folder}/again.yml`;
    await Deno.writeTextFile(path, shown.out.replace("/srv/nightly.ts", "nightly.ts"));
    const ran = await schedule("add", "--replace", "--file", path);
    assert.equal(ran.exit, 0, ran.err);
    const {
      id: _id,
      state: _state,
      principal: _principal,
      createdAt: _created,
      next: _next,
      dead: _dead,
      ...spec
    } = nightly;
    assert.deepEqual(added(ran), [{
      replace: true,
      spec: { ...spec, work: { ...spec.work, file: `${folder}/nightly.ts` } },
    }]);
  });
});

/** What stands in a file in the place of a piece of it, the place that is told, and a word of what is told. */
const wrongFiles: readonly (readonly [string, string, string, RegExp])[] = [
  ["30 2 * * *", "30 25 * * *", "6:18", /"25" is no hour/],
  ["cron: 30 2 * * *", "cron: '30 25 * * *'", "6:19", /"25" is no hour/],
  ["timeZone: Europe/Berlin\n      - at", "timeZone: Berlin\n      - at", "7:19", /Europe\/Berlin/],
  ["2026-12-01 04:00", "soon", "8:13", /no time that there is/],
  ["every: 6h", "every: 6 hours", "18:16", /a duration is a number with/],
  ["every: 6h", "each: 6h", "18:9", /one of cron, calendar, every, at, event/],
  ["most: 2", "most: many", "11:22", /retries\.most/],
  ["kind: playbook", "kind: book", "14:13", /work\.kind/],
  ["file: nightly.ts", "file: gone.ts", "4:33", /no such file/],
  ["domain:start", "domain:fly", "10:16", /fly/],
  ["name: site", "name: nightly", "", /names it twice/],
  ["name: site", "name: ../site", "12:11", /up to 64 letters/],
  ["retries:", "retrys:", "3:5", /retrys/],
  ["retries:", 'secrets: { password: "hunter2" }\n    retries:', "11:27", /none of them/],
  ["- name: site", "\t- name: site", "12:3", /spaces/],
];

for (const [piece, instead, place, told] of wrongFiles) {
  Deno.test(`a file with "${instead.split("\n")[0]?.trim()}" is refused at its place`, async () => {
    assert.ok(file.includes(piece));
    const { exit, err, control, folder } = await fromFile(file.replace(piece, instead));
    assert.match(err, told);
    assert.ok(exit === exitCode.usage || exit === exitCode.notFound, err);
    if (place !== "") assert.ok(err.includes(`at ${folder}/schedules.yml:${place}\n`), err);
    assert.deepEqual(control.asked, [], "nothing is asked of the kernel");
  });
}

/** What is behind `schedule`, and a word of what is told; RECIPE stands for one that is there. */
const wrong: readonly (readonly [string, RegExp])[] = [
  ["add", /NAME is missing/],
  ["add x --cron @daily", /runs nothing/],
  ["add x --recipe RECIPE", /never fires/],
  ["add x --recipe RECIPE --playbook RECIPE --every 1h", /two schedules/],
  ["add x --recipe gone.ts --every 1h", /no such file/],
  ["add x --recipe RECIPE --tags a --every 1h", /--tags with --recipe/],
  ["add x --playbook RECIPE --input a=1 --every 1h", /--input with --playbook/],
  ["add x --recipe RECIPE --every 15", /15s, 15m or 15h/],
  ["add x --recipe RECIPE --every 10ms", />=1000|1000/],
  ["add x --recipe RECIPE --cron 61_*_*_*_*", /"61" is no minute/],
  ["add x --recipe RECIPE --cron @daily --time-zone Berlin", /Did you mean Europe\/Berlin/],
  ["add x --recipe RECIPE --calendar Mon-Funday", /no day of the week/],
  ["add x --recipe RECIPE --at soon", /2026-12-01/],
  ["add x --recipe RECIPE --on-event domain:crahsed", /Did you mean crashed/],
  ["add x --recipe RECIPE --on-event volume:deleted", /"volume" has no events/],
  ["add x --recipe RECIPE --on-event domain:stopped@", /missing/],
  ["add x --recipe RECIPE --every 1h --debounce 5s", /without --on-event/],
  ["add x --recipe RECIPE --every 1h --backoff 5s", /--retries/],
  ["add x --recipe RECIPE --every 1h --overlap maybe", /one of skip, queue-one, allow/],
  ["add x --recipe RECIPE --every 1h --notify ftp://example.com", /http or https/],
  ["add x --recipe RECIPE --every 1h --notify http://u:p@example.com", /user and password/],
  ["add x --recipe RECIPE --every 1h --notify http://example.com --notify-on sometimes", /notify\.0\.on/],
  ["add x --recipe RECIPE --every 1h --notify-on dead", /--notify URL/],
  ["add x --recipe RECIPE --every 1h --allow domain:fly", /fly/],
  ["add ../x --recipe RECIPE --every 1h", /up to 64 letters/],
  ["add --file gone.yml", /no such file/],
  ["add --file gone.yml --cron @daily", /--cron beside --file/],
  ["show gone", /No schedule "gone"/],
  ["show ../x", /up to 64 letters/],
  ["pause _", /up to 64 letters/],
  ["dead drop _", /that is no id/],
  ["history --state deed", /Did you mean dead/],
  ["dead retry ab", /More than one dead letter/],
  ["preview 61_*_*_*_*", /"61" is no minute/],
  ["preview 02-31", /never comes/],
  ["preview 15m --from tomorrow", /no time that there is/],
];

for (const [words, told] of wrong) {
  Deno.test(`"drover schedule ${words}" says what is wrong`, async () => {
    await inFolder(async (folder) => {
      const args = words.split(" ").map((word) =>
        word.replaceAll("_", " ").replace("RECIPE", `${folder}/nightly.ts`)
      );
      const { exit, out, err } = await schedule(...args);
      assert.match(err, told);
      assert.match(err, /^error: /);
      assert.equal(out, "");
      assert.ok(exit === exitCode.usage || exit === exitCode.notFound, `${exit}`);
    });
  });
}

Deno.test("schedules are listed for people and for programs", async () => {
  const table = await schedule("list");
  assert.match(
    table.out,
    /nightly .*cron 30 2 \* \* \* Europe\/Berlin; every 6h00m; at 2001-09-09T01:46:40Z; on domain:stopped,crashed@web-\* of test/,
  );
  assert.match(table.err, /no daemon serves this state directory/);
  assert.equal((await schedule("list", "-o", "name")).out, "nightly\n");
  const json = await schedule("list", "-o", "json");
  assert.equal(json.err, "");
  const list = JSON.parse(json.out);
  assert.deepEqual([list.version, list.kind, list.items[0].name, list.items[0].dead], [
    1,
    "schedule.list",
    "nightly",
    1,
  ]);
  assert.equal(JSON.parse((await schedule("list", "-o", "ndjson")).out).item.name, "nightly");
  assert.equal(parse((await schedule("show", "nightly", "-o", "yaml")).out).item.name, "nightly");
  assert.match(
    (await schedule("show", "nightly")).out,
    /Grants: +domain:start\n[\s\S]*\nnext {2}2026-03-29 03:00:00 \+02:00 Europe\/Berlin\n/,
  );
});

Deno.test("a schedule whose time zone is not known here is listed all the same", async () => {
  const odd = { ...nightly, triggers: [{ cron: "@daily", timeZone: "Europe/Atlantis" }] };
  const options = {
    answers: {
      "schedules.list": () => Promise.resolve({ schedules: [odd], served: true }),
      "schedules.show": () => Promise.resolve({ schedule: odd, upcoming: [0], served: true }),
    } satisfies FakeAnswers,
  };
  const { out, exit } = await drover(["schedule", "list"], options);
  assert.match(out, /cron @daily Europe\/Atlantis/);
  assert.equal(exit, 0);
  assert.equal((await drover(["schedule", "show", "nightly"], options)).exit, 0);
});

Deno.test("schedules are steered, and what comes of it is told", async () => {
  assert.match(
    (await schedule("pause", "nightly")).out,
    /paused; resume with: drover schedule resume nightly/,
  );
  assert.match((await schedule("resume", "nightly")).out, /active, next 2026-03-2/);
  assert.match((await schedule("remove", "nightly")).out, /removed/);
  const run = await schedule("run-now", "nightly", "--key", "k", "--force");
  assert.match(run.out, /watch it with: drover runs watch run3/);
  assert.deepEqual(run.control.asked.at(-1)?.params, { name: "nightly", key: "k", force: true });
  assert.equal((await schedule("run-now", "nightly", "-o", "name")).out, "abc123abc123\n");
});

Deno.test("firings and dead letters are listed and dealt with", async () => {
  const history = await schedule("history", "nightly", "--state", "dead,failed", "-n", "5", "--before", "x");
  assert.match(history.out, /abc123abc123 .*dead .*run3 .*domain web-1 is gone/);
  assert.deepEqual(history.control.asked.at(-1)?.params, {
    schedule: "nightly",
    states: ["dead", "failed"],
    limit: 5,
    before: "x",
  });
  assert.deepEqual((await schedule("dead", "list")).control.asked.at(-1)?.params, {
    states: ["dead"],
    limit: 100,
  });
  const retried = await schedule("dead", "retry", "abc");
  assert.match(retried.out, /waiting/);
  assert.deepEqual(retried.control.asked.at(-1)?.params, { id: "abc123abc123" });
  assert.match((await schedule("dead", "drop", "abd")).out, /no dead letter any more/);
});

Deno.test("names of schedules and ids of dead letters complete", async () => {
  const proposed = async (...words: readonly string[]): Promise<string> =>
    (await drover(["__complete", ...words], { answers })).out;
  assert.match(await proposed("schedule", "pause", "ni"), /^nightly/);
  assert.match(await proposed("schedule", "dead", "retry", "ab"), /^abc123abc123\t.*\nabd/);
  assert.match(await proposed("schedule", "add", "x", "--overlap", "qu"), /^queue-one/);
});

Deno.test("a preview tells times with their offsets, and what is special about them", async () => {
  const { out, exit } = await schedule(
    ...["preview", "30 2 * * *", "--time-zone", "Europe/Berlin", "--from", "2026-03-28", "-n", "2"],
  );
  assert.equal(exit, 0);
  assert.match(out, /2026-03-28 02:30:00 +\+01:00 +Sat +2026-03-28T01:30:00Z/);
  assert.match(out, /2026-03-29 03:00:00 +\+02:00 +Sun +2026-03-29T01:00:00Z +the clock is put forward/);
  const json = await schedule("preview", "*-*-1 04:00", "-n", "1", "--from", "2026-01-15", "-o", "json");
  assert.deepEqual(JSON.parse(json.out).items, [{
    at: "2026-02-01T04:00:00Z",
    local: "2026-02-01T04:00:00+00:00[UTC]",
  }]);
  const every = await schedule("preview", "15m", "--from", "2026-01-15", "-n", "1", "-o", "name");
  assert.equal(every.out, "2026-01-15T00:15:00Z\n");
  const over = await schedule("preview", "2020-01-01 04:00");
  assert.match(over.err, /due no more/);
});
