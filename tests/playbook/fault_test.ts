import assert from "node:assert/strict";
import { VirtError } from "../../model/error.ts";
import { compiled } from "./kit/play.ts";

interface Wrong {
  readonly what: string;
  readonly text: string;
  readonly at: readonly [line: number, column: number];
  readonly message: RegExp;
  readonly hint?: RegExp;
}

const wrongs: readonly Wrong[] = [
  {
    what: "bad indentation",
    text: "- hosts: all\n  tasks:\n    - debug:\n        msg: a\n       var: b\n",
    at: [5, 1],
    message: /Cannot read "site.yml"/,
  },
  { what: "a tab", text: "- hosts: all\n\ttasks: []\n", at: [2, 2], message: /Cannot read/, hint: /spaces/ },
  {
    what: "a template without quotes",
    text: "- hosts: all\n  tasks:\n    - debug:\n        msg: {{ x }}\n",
    at: [4, 14],
    message: /Cannot read/,
    hint: /quotes/,
  },
  { what: "no list of plays", text: "hosts: all\n", at: [1, 1], message: /a list of plays/ },
  {
    what: "an unknown key of a play",
    text: "- hosts: all\n  task: []\n",
    at: [2, 3],
    message: /"task"/,
    hint: /tasks/,
  },
  {
    what: "roles",
    text: "- hosts: all\n  roles: [x]\n",
    at: [2, 3],
    message: /"roles"/,
    hint: /import_tasks/,
  },
  {
    what: "an unknown key of a task",
    text: "- hosts: all\n  tasks:\n    - domain.start:\n      whenn: true\n",
    at: [4, 7],
    message: /"whenn"/,
    hint: /when/,
  },
  {
    what: "an unknown operation",
    text: "- hosts: all\n  tasks:\n    - name: x\n      domain.strat:\n",
    at: [4, 7],
    message: /Unknown operation "domain.strat"/,
    hint: /domain.start/,
  },
  {
    what: "a module of Ansible's collection",
    text: "- hosts: all\n  tasks:\n    - community.libvirt.virt: { name: a, state: running }\n",
    at: [3, 7],
    message: /Unknown operation/,
    hint: /--from-ansible/,
  },
  {
    what: "a wrong type",
    text: "- hosts: all\n  tasks:\n    - domain.setVcpus:\n        vcpus: many\n",
    at: [4, 16],
    message: /Wrong value for "vcpus" of "domain.setVcpus"/,
  },
  {
    what: "an unknown input",
    text: "- hosts: all\n  tasks:\n    - domain.setVcpus: { vcpu: 2 }\n",
    at: [3, 26],
    message: /Unknown key "vcpu"/,
    hint: /vcpus/,
  },
  {
    what: "a missing input",
    text: "- hosts: all\n  tasks:\n    - domain.setVcpus:\n",
    at: [3, 7],
    message: /needs "vcpus"/,
  },
  {
    what: "an object that is not named",
    text: "- hosts: all\n  tasks:\n    - network.start:\n",
    at: [3, 7],
    message: /which network/,
    hint: /network: NAME/,
  },
  {
    what: "an unknown host",
    text: "- name: a\n  hosts: wbe\n  tasks: []\n",
    at: [2, 10],
    message: /no host and no group "wbe"/,
    hint: /web/,
  },
  {
    what: "a wrong expression",
    text: "- hosts: all\n  tasks:\n    - debug: { msg: 'it is {{ a | upperr }}' }\n",
    at: [3, 35],
    message: /no filter "upperr"/,
    hint: /upper/,
  },
  {
    what: "a wrong condition",
    text: "- hosts: all\n  tasks:\n    - domain.start:\n      when: a = 1\n",
    at: [4, 15],
    message: /Cannot read the expression "a = 1"/,
    hint: /==/,
  },
  { what: "a wrong serial", text: "- hosts: all\n  serial: some\n", at: [2, 11], message: /"serial"/ },
  {
    what: "two operations in a task",
    text: "- hosts: all\n  tasks:\n    - domain.start:\n      domain.destroy:\n",
    at: [4, 7],
    message: /two operations/,
  },
  {
    what: "a wrong property of what shall be",
    text: "- hosts: all\n  tasks:\n    - ensure.domain:\n        name: x\n        memory: lots\n",
    at: [5, 17],
    message: /"memory"/,
  },
  {
    what: "an unknown property of what shall be",
    text: "- hosts: all\n  tasks:\n    - ensure.domain:\n        name: x\n        memroy: 1GiB\n",
    at: [5, 9],
    message: /"memroy"/,
    hint: /memory/,
  },
  {
    what: "a pause without a time",
    text: "- hosts: all\n  tasks:\n    - pause:\n",
    at: [3, 7],
    message: /"pause" needs "seconds"/,
  },
  {
    what: "a file of tasks that is not there",
    text: "- hosts: all\n  tasks:\n    - import_tasks: no.yml\n",
    at: [3, 21],
    message: /no such file/,
  },
];

for (const { what, text, at: [line, column], message, hint } of wrongs) {
  Deno.test(`${what} is told with file, line and column`, async () => {
    await assert.rejects(compiled(text), (error: unknown) => {
      assert.ok(error instanceof VirtError, String(error));
      assert.match(error.message, message);
      assert.equal(error.exit, 64);
      assert.deepEqual(error.at, { file: "site.yml", line, column }, error.message);
      if (hint !== undefined) assert.match(error.hint ?? "", hint);
      return true;
    });
  });
}
