/**
 * Playbooks that mean ill, or were broken on their way: refused with the place, bounded in what they take, never evaluated
 * twice.
 */
import assert from "node:assert/strict";
import { localFiles } from "../../cli/actions/play_inventory.ts";
import { textValue } from "../../playbook/compile/value.ts";
import { evaluate, LayeredScope } from "../../playbook/engine/evaluate.ts";
import { plainOf, readYaml } from "../../playbook/source.ts";
import { compiled, tryPlay } from "./kit/play.ts";

const aliases = Array.from(
  { length: 9 },
  (_, index) =>
    `${String.fromCharCode(98 + index)}: &${String.fromCharCode(98 + index)} [${
      Array(10).fill(`*${String.fromCharCode(97 + index)}`).join(",")
    }]\n`,
).join("");

const refused:
  readonly (readonly [what: string, text: string, message: RegExp, line: number, column: number])[] = [
    ["a bomb of aliases", `a: &a [x,x]\n${aliases}`, /holds too much/, 1, 1],
    ["an alias of itself", "- vars: &v\n    x: *v\n", /nested too deeply/, 1, 1],
    ["lists in lists", `a: ${"[".repeat(400)}${"]".repeat(400)}\n`, /nested too deeply/, 1, 1],
    ["lists in lists without end", `a: ${"[".repeat(50_000)}`, /nested too deeply/, 1, 0],
    ["a name that objects have", "- hosts: all\n  vars: { __proto__: { x: 1 } }\n", /"__proto__"/, 2, 11],
    ["a key that is there twice", "- hosts: all\n  hosts: web\n", /unique/, 2, 3],
    ["a tab", "- hosts: all\n\ttasks: []\n", /Cannot read/, 2, 0],
    ["a control character", "- hosts: all\n  name: a\0b\n", /0x00/, 2, 10],
    ["a tag that makes objects", "x: 1\ny: !!python/object/apply:os.system [id]\n", /python\/object/, 2, 0],
    ["an encrypted value", "x: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n", /!vault/, 1, 0],
  ];

for (const [what, text, message, line, column] of refused) {
  Deno.test(`${what} is refused with its place`, () => {
    assert.throws(() => readYaml(text, "site.yml"), (error: unknown) => {
      assert.match(String(error), message);
      const { at } = error as { at?: { line: number; column: number } };
      assert.equal(at?.line, line);
      if (column > 0) assert.equal(at?.column, column);
      return true;
    });
  });
}

Deno.test("a mark of the byte order and keys that are merged in flow are read as they are meant", () => {
  const source = readYaml("\uFEFFbase: &b { x: 1 }\nmore: { <<: *b, y: 2 }\n", "a.yml");
  assert.deepEqual(plainOf(source), { base: { x: 1 }, more: { x: 1, y: 2 } });
});

Deno.test("a file that is not UTF-8 is told with the place of what cannot be read", async () => {
  const path = await Deno.makeTempFile({ suffix: ".yml" });
  try {
    await Deno.writeFile(
      path,
      Uint8Array.of(...new TextEncoder().encode("- hosts: all\n  name: caf"), 0xe9, 10),
    );
    await assert.rejects(localFiles.readText(path), (error: unknown) => {
      assert.match(String(error), /not UTF-8/);
      assert.deepEqual((error as { at?: unknown }).at, { file: path, line: 2, column: 12 });
      return true;
    });
  } finally {
    await Deno.remove(path);
  }
});

for (
  const [what, expression] of [
    ["not", `${"not ".repeat(20_000)}1`],
    ["signs", `${"-".repeat(20_000)}1`],
    ["members", `a${".b".repeat(20_000)}`],
    ["sums", `1${"+1".repeat(20_000)}`],
    ["parentheses", `${"(".repeat(300)}1${")".repeat(300)}`],
  ] as const
) {
  Deno.test(`an expression of ${what} without end is refused, and no stack runs over`, async () => {
    const play = `- hosts: all\n  tasks:\n    - debug: { msg: '{{ ${expression} }}' }\n`;
    await assert.rejects(compiled(play), /more than 2000 words|nested too deeply/);
  });
}

const vars = Object.fromEntries([
  ["v0", textValue("xx", () => ["a", 1, 1])],
  ...Array.from(
    { length: 39 },
    (_, index) => [`v${index + 1}`, textValue(`{{ v${index} }}{{ v${index} }}`, () => ["a", 1, 1])] as const,
  ),
]);

for (
  const [expression, message] of [
    ["v39 | length", /leads to more than/],
    ["('a' * 1000000) * 1000000", /too long/],
    ["10 ** 400", /too large/],
    ["range(100000000) | list", /too long/],
    ["range(100000) | product(range(100000)) | list", /too long/],
    ["[1, 2] | combinations(2) | map('nix') | list", /no filter "nix"/],
  ] as const
) {
  Deno.test(`{{ ${expression} }} is a fault, and takes neither time nor memory`, () => {
    const value = textValue(`{{ ${expression} }}`, () => ["a", 1, 1]);
    assert.throws(() => evaluate(value, new LayeredScope([vars])), message);
  });
}

Deno.test("a hundred thousand things are told apart at once", () => {
  const value = textValue(
    "{{ range(100000) | list | unique | difference(range(99999) | list) }}",
    () => ["a", 1, 1],
  );
  assert.deepEqual(evaluate(value, new LayeredScope([])), [99_999]);
});

Deno.test("what a task answers is never an expression, however often it is handed on", async () => {
  const { lines, story } = await tryPlay(`
- hosts: web-1
  vars: { secret: hunter2, unsafe: !unsafe "{{ secret }}" }
  tasks:
    - fail: { msg: "{{ '{' }}{ secret }}" }
      register: r
      ignore_errors: true
    - set_fact: { again: "{{ r.msg }}", more: "{{ [r.msg, unsafe] }}" }
    - debug: { msg: "{{ again }} {{ more | join(' ') }} {{ hostvars['web-1'].again }}" }
    - debug: { var: more }
    - debug: { msg: "{% for each in more %}{{ each }}{% endfor %}" }
    - domain.info: { domain: "{{ again }}" }
      ignore_errors: true
`);
  assert.equal(story.exit, 0, lines.join("\n"));
  assert.doesNotMatch(lines.join("\n"), /hunter2/);
  assert.match(lines.join("\n"), /domain "\{\{ secret \}\}"/);
});

Deno.test("names that objects have by themselves are names like others", async () => {
  const { lines, story } = await tryPlay(`
- hosts: web-1
  vars: { constructor: 5, toString: 6 }
  tasks:
    - debug: { msg: "{{ constructor }} {{ toString }} {{ valueOf | default('none') }} {{ {}.hasOwnProperty | default('no') }}" }
    - debug: { msg: "{{ ('{\\"__proto__\\": {\\"p\\": 1}}' | from_json | combine({'a': 1})).p | default('clean') }}" }
`);
  assert.equal(story.exit, 0, lines.join("\n"));
  assert.match(lines.join("\n"), /"5 6 none no"[\s\S]*"clean"/);
});

Deno.test("an inventory of ten thousand hosts is read, and a pattern over it answered", async () => {
  const { program } = await compiled("- hosts: even[0:2]:!n-2\n  tasks: [{ debug: }]\n", {
    inventoryName: "/pb/hosts",
    inventory: "[odd]\nn-[1:9999:2]\n[even]\nn-[0:9998:2]\n[all:vars]\nx=1\n",
  });
  assert.deepEqual(program.plays[0]?.targets, ["n-0", "n-4"]);
  assert.equal(program.targets.length, 10_000);
});
