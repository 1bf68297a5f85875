import assert from "node:assert/strict";
import { inPlace, type Place } from "../cli/kit/process.ts";

async function write(place: Place, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${place.directory}/${name}`, text);
  }
}

const durable = (place: Place): string => `test:///default?state=${place.directory}/hypervisor`;

Deno.test("a play runs over what a connection has, and its lines are Ansible's", async () => {
  await inPlace(async (place) => {
    await write(place, {
      "site.yml":
        "- name: Everything\n  hosts: all\n  tasks:\n    - domain.info:\n      register: i\n    - debug: { msg: '{{ i.state }}' }\n",
    });
    const { code, out, err } = await place.run("play", `${place.directory}/site.yml`, "-y");
    assert.equal(code, 0, err);
    assert.match(out, /^\nPLAY \[Everything\] \*+\n\nTASK \[domain.info\] \*+\nok: \[test\]\n/);
    assert.match(out, /\nPLAY RECAP \*+\ntest +: ok=2 +changed=0 .*unknown=0\n$/);
  });
});

Deno.test("a wrong playbook leaves with 64, and says where", async () => {
  await inPlace(async (place) => {
    await write(place, { "site.yml": "- hosts: all\n  tasks:\n    - domain.strat: web-1\n" });
    const { code, err } = await place.run("play", `${place.directory}/site.yml`, "-y");
    assert.equal(code, 64);
    assert.match(
      err,
      /error: Unknown operation "domain.strat"\nhint: Did you mean domain.start\?\nat .*site.yml:3:7/,
    );
  });
});

Deno.test("what programs read is one document, with every result and counter", async () => {
  await inPlace(async (place) => {
    await write(place, {
      "site.yml": "- hosts: test\n  tasks:\n    - domain.destroy:\n    - fail: { msg: no }\n",
    });
    const { code, out } = await place.run("play", `${place.directory}/site.yml`, "-y", "-o", "json");
    assert.equal(code, 3);
    const { item } = JSON.parse(out);
    assert.equal(item.plays[0].tasks[0].results[0].status, "changed");
    assert.equal(item.stats.test.failed, 1);
  });
});

Deno.test("a task may run a recipe, whose result it registers", async () => {
  await inPlace(async (place) => {
    await place.recipe(
      "look",
      `summary: "Look", input: z.object({ name: z.string() }), needs: ["domain:getattr,read"],
       run: async ({ host, input, log }) => { log.info("looking"); const vm = await host.domain(input.name); return { changed: false, state: (await vm.info()).state }; }`,
    );
    await write(place, {
      "site.yml":
        "- hosts: test\n  tasks:\n    - recipe: { file: look.ts, input: { name: '{{ domain }}' } }\n      register: r\n    - debug: { msg: 'it is {{ r.state }}' }\n",
    });
    const { code, out, err } = await place.run("play", `${place.directory}/site.yml`, "-y");
    assert.equal(code, 0, err);
    assert.match(out, /looking[\s\S]*ok: \[test\][\s\S]*it is running/);
  });
});

Deno.test("lists of hosts, tasks and tags change nothing and need no grant", async () => {
  await inPlace(async (place) => {
    await write(place, {
      "hosts.ini": "[web]\nweb-[1:2]\n",
      "site.yml": "- name: Web\n  hosts: web\n  tasks:\n    - { name: Up, domain.start: , tags: [start] }\n",
    });
    const { code, out } = await place.run(
      ...["play", `${place.directory}/site.yml`, "-i", `${place.directory}/hosts.ini`],
      ...["--list-hosts", "--list-tasks", "--list-tags"],
    );
    assert.equal(code, 0);
    assert.match(out, /play #1 \(Web\)/);
    assert.match(out, /hosts \(2\):\n {6}web-1\n {6}web-2/);
    assert.match(out, /Up\tTAGS: \[start\]/);
    assert.match(out, /TASK TAGS: \[start\]/);
  });
});

Deno.test("a play whose process is killed goes on where it was", async () => {
  await inPlace(async (place) => {
    await write(place, {
      "site.yml": `
- hosts: test
  tasks:
    - name: Off
      domain.destroy:
    - name: Rest
      pause: { seconds: 2 }
    - name: On
      domain.start:
      register: up
    - debug: { msg: "changed {{ up.changed }}" }
`,
    });
    const started = place.start("play", `${place.directory}/site.yml`, "-y", "-c", durable(place));
    await started.complained("run ");
    await started.printed("TASK [Rest]");
    started.signal("SIGKILL");
    const { err } = await started.ended();
    const id = /run (\w+) /.exec(err)?.[1] ?? "";
    const resumed = await place.run("play", "--resume", id);
    assert.equal(resumed.code, 0, resumed.err);
    assert.ok(!resumed.out.includes("TASK [Off]"), "what was said before is not said again");
    assert.match(resumed.out, /TASK \[On\][\s\S]*changed: \[test\][\s\S]*changed True/);
    assert.match(resumed.out, /ok=4 +changed=2 /);
  });
});

Deno.test("a converted playbook is printed, and what was lost is told with its place", async () => {
  await inPlace(async (place) => {
    await write(place, {
      "site.yml":
        "- hosts: all\n  tasks:\n    - community.libvirt.virt: { name: a, state: running }\n    - apt: { name: b }\n",
    });
    const { code, out, err } = await place.run("play", "--from-ansible", `${place.directory}/site.yml`);
    assert.equal(code, 1);
    assert.equal(
      out,
      "- hosts: all\n  tasks:\n    - domain.start:\n        domain: a\n    # - apt: { name: b }\n",
    );
    assert.match(err, /site.yml:4:7: not converted: apt/);
  });
});

Deno.test("a host that cannot be reached is counted so, the others go on, and it leaves with 4", async () => {
  await inPlace(async (place) => {
    await write(place, {
      "hosts.yml":
        "all: { hosts: { here: { uri: 'test:///default', domain: test }, away: { uri: 'test+unix:///default?socket=/nowhere/sock', domain: test } } }\n",
      "site.yml": "- hosts: all\n  tasks:\n    - domain.info:\n    - domain.destroy:\n",
    });
    const inventory = `${place.directory}/hosts.yml`;
    const { code, out, err } = await place.run("play", `${place.directory}/site.yml`, "-i", inventory, "-y");
    assert.equal(code, 4, err);
    assert.match(
      out,
      /fatal: \[away\]: UNREACHABLE! => Cannot .*\/nowhere\/sock": there is no socket/,
    );
    assert.match(out, /here +: ok=2 +changed=1 +unreachable=0/);
    assert.match(out, /away +: ok=0 +changed=0 +unreachable=1/);
  });
});

Deno.test("a playbook in TypeScript is data that a program makes, in a sandbox without any right", async () => {
  await inPlace(async (place) => {
    await write(place, {
      "names.ts": 'export const words: string[] = ["one", "two"];\n',
      "site.ts":
        'import { words } from "./names.ts";\nexport default [{ name: "Made", hosts: "test", tasks: words.map((word) => ({ name: word, debug: { msg: `{{ domain }} ${word}` } })) }];\n',
    });
    const { code, out, err } = await place.run("play", `${place.directory}/site.ts`, "-y");
    assert.equal(code, 0, err);
    assert.match(out, /PLAY \[Made\][\s\S]*TASK \[one\][\s\S]*"msg": "test two"/);
  });
});
