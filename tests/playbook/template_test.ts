import assert from "node:assert/strict";
import { templateValue } from "../../playbook/compile/value.ts";
import { evaluate, LayeredScope } from "../../playbook/engine/evaluate.ts";
import { compiled, tryPlay } from "./kit/play.ts";

const vars = {
  disks: { k: "plain", value: [{ path: "/a" }, { path: "/b" }] },
  name: { k: "plain", value: "web-1" },
  no_disks: { k: "plain", value: [] },
} as const;

function filled(text: string): unknown {
  return evaluate(templateValue(text, "vm.xml.j2"), new LayeredScope([vars]));
}

/** What Ansible's own `lookup("template", …)` made of the same, with ansible-core 2.14. */
const cases: readonly (readonly [template: string, made: string])[] = [
  ["{# said #}a {{ name }}\n", "a web-1\n"],
  [
    "<d>\n{% for d in disks %}\n  <s f='{{ d.path }}' t='vd{{ 'ab'[loop.index0] }}'/>\n{% endfor %}\n</d>\n",
    "<d>\n  <s f='/a' t='vda'/>\n  <s f='/b' t='vdb'/>\n</d>\n",
  ],
  ["{% for d in no_disks %}x{% else %}nothing{% endfor %}", "nothing"],
  ["{% if disks | length > 2 %}many{% elif disks %}some{% else %}none{% endif %}", "some"],
  ["a\n{% if name -%}\n  b\n{%- endif %}\nc", "a\nbc"],
  ["{% set n = disks | length %}\n{{ n }}", "2"],
  ["{% raw %}{{ n }}{% endraw %}\n!", "{{ n }}!"],
  [
    "{% for k, v in {'x': 1, 'y': 2}.items() %}{{ k }}={{ v }}{{ ',' if not loop.last }}{% endfor %}",
    "x=1,y=2",
  ],
  ["{% for i in [1, 2] %}{% for j in [3, 4] %}{{ i }}{{ j }} {% endfor %}{% endfor %}", "13 14 23 24 "],
  ["{% set x = 1 %}{% for i in [2] %}{% set x = i %}{% endfor %}{{ x }}", "1"],
  ["{{ '{%' }} {{ \"}}\" }}", "{% }}"],
];

for (const [template, made] of cases) {
  Deno.test(`the template ${JSON.stringify(template)} makes ${JSON.stringify(made)}`, () => {
    assert.equal(filled(template), made);
  });
}

const wrongs: readonly (readonly [template: string, message: RegExp, line: number, column: number])[] = [
  ["a\n{% if x %}b", /"if" has no "endif"/, 2, 3],
  ["{% for x disks %}{% endfor %}", /This is no loop/, 1, 3],
  ["a\n  {% macro m() %}{% endmacro %}", /no statement "macro"/, 2, 5],
  ["{% endif %}", /"endif" belongs to nothing/, 1, 3],
  ["{% if x %}{% endfor %}", /"if" has no "endif", and "endfor" comes before it/, 1, 3],
  ["a\nb {{ name | uper }}", /no filter "uper"/, 2, 13],
  ["{# a", /"\{#" has no "#\}"/, 1, 1],
  ["{% raw %}", /"raw" has no "endraw"/, 1, 1],
];

for (const [template, message, line, column] of wrongs) {
  Deno.test(`the template ${JSON.stringify(template)} is refused at ${line}:${column}`, () => {
    assert.throws(() => templateValue(template, "vm.xml.j2"), (error: unknown) => {
      assert.match(String(error), message);
      assert.deepEqual((error as { at?: unknown }).at, { file: "vm.xml.j2", line, column });
      return true;
    });
  });
}

Deno.test("what a template is given is text, whatever it looks like", () => {
  const value = templateValue("{{ a }}{% for x in b %}{{ x }}{% endfor %}", "t");
  const scope = new LayeredScope([
    new Map<string, unknown>([["a", "{{ name }}"], ["b", ["{% raw %}", "{{ 1 + 1 }}"]]]),
  ]);
  assert.equal(evaluate(value, scope), "{{ name }}{% raw %}{{ 1 + 1 }}");
});

Deno.test("a template that goes round without end in sight is stopped", () => {
  const rounds = "{% for a in range(2000) %}{% for b in range(2000) %}{% endfor %}{% endfor %}";
  assert.throws(() => filled(rounds), /go round more than/);
  assert.throws(
    () => filled("{% for a in range(20000) %}{{ 'x' * 1000000 }}{% endfor %}"),
    /more than \d+ characters/,
  );
});

const template = `<domain type='test'>
  <name>{{ vm }}</name><memory unit='MiB'>{{ size }}</memory><os><type>hvm</type></os>
{% if note is defined %}
  <title>{{ note }}</title>
{% endif %}
</domain>
`;

Deno.test("a definition may be a template beside the playbook, and is filled in for each host", async () => {
  const { story, lines } = await tryPlay(
    `
- hosts: web
  vars: { size: 64, vm: "new-{{ inventory_hostname }}" }
  tasks:
    - domain.define: { xml_template: vm.xml.j2 }
    - ensure.domain: { name: "{{ vm }}", xml_template: vm.xml.j2 }
      vars: { note: "for {{ inventory_hostname }}" }
    - domain.xml: { domain: "{{ vm }}" }
      register: made
    - assert: { that: "'<title>for ' ~ inventory_hostname ~ '</title>' in made.result" }
`,
    { files: { "/pb/templates/vm.xml.j2": template } },
  );
  assert.equal(story.exit, 0, lines.join("\n"));
});

Deno.test("a template that is wrong is told of with its own file, line and column", async () => {
  await assert.rejects(
    compiled("- hosts: all\n  tasks:\n    - domain.define: { xml_template: a.j2 }\n", {
      files: { "/pb/a.j2": "<domain>\n  {{ x | nix }}\n</domain>" },
    }),
    (error: unknown) => {
      assert.deepEqual((error as { at?: unknown }).at, { file: "a.j2", line: 2, column: 10 });
      return true;
    },
  );
});
