import assert from "node:assert/strict";
import { expressionAt, textValue } from "../../playbook/compile/value.ts";
import { evaluate, LayeredScope, placed } from "../../playbook/engine/evaluate.ts";
import { filters } from "../../playbook/engine/filters.ts";
import type { Json, Vars } from "../../playbook/engine/program.ts";
import { tests } from "../../playbook/engine/tests.ts";
import { filterNames, testNames } from "../../playbook/expression/names.ts";

const at = (offset: number): [string, number, number] => ["site.yml", 1, offset + 1];

function evaluated(text: string, vars: Readonly<Record<string, Json>> = {}): unknown {
  const values: Vars = Object.fromEntries(
    Object.entries(vars).map(([name, value]) => [name, { k: "plain", value }]),
  );
  return placed(expressionAt(text, at), new LayeredScope([values]));
}

const vars = {
  name: "web-1",
  count: 3,
  none: null,
  list: [3, 1, 2],
  map: { a: 1, b: { c: [10, 20] } },
  users: [{ name: "ann", age: 30, admin: true }, { name: "bob", age: 20 }],
};

const cases: readonly (readonly [string, unknown])[] = [
  ["1 + 2 * 3", 7],
  ["(1 + 2) * 3", 9],
  ["7 // 2", 3],
  ["-7 % 3", 2],
  ["2 ** 3 ** 2", 512],
  ["'a' ~ 1 ~ true", "a1True"],
  ["name == 'web-1' and count > 2", true],
  ["not count == 3 or false", false],
  ["'web' in name", true],
  ["4 not in list", true],
  ["1 if count > 5 else 2", 2],
  ["map.b.c[1]", 20],
  ["map['b']['c'][-1]", 20],
  ["list[1:]", [1, 2]],
  ["missing | default('x')", "x"],
  ["missing.deeper | default('x')", "x"],
  ["map.zzz is defined", false],
  ["none is none", true],
  ["'' | default('x', true)", "x"],
  ["list | sort | join('-')", "1-2-3"],
  ["list | max", 3],
  ["users | map(attribute='name') | list", ["ann", "bob"]],
  ["users | selectattr('age', 'gt', 25) | map(attribute='name') | first", "ann"],
  ["users | selectattr('admin', 'defined') | length", 1],
  ["users | rejectattr('admin') | map(attribute='name') | list", ["bob"]],
  ["list | select('odd') | list", [3, 1]],
  ["list | map('string') | list", ["3", "1", "2"]],
  ["map | dict2items | map(attribute='key') | list", ["a", "b"]],
  ["{'x': 1} | combine({'y': 2})", { x: 1, y: 2 }],
  ["'web-12' | regex_replace('^web-(\\d+)$', 'n\\1')", "n12"],
  ["'web-12' | regex_search('\\d+')", "12"],
  ["'1.10.0' is version('1.9', '>=')", true],
  ["name is match('web')", true],
  ["name.split('-')[1] | int + 1", 2],
  ["name.upper()", "WEB-1"],
  ["[1, [2, [3]]] | flatten", [1, 2, 3]],
  ["true | ternary('yes', 'no')", "yes"],
  ["range(3) | list", [0, 1, 2]],
  ["'%d' ~ count", "%d3"],
  ["{'a': 1}.items()", [["a", 1]]],
  ["[1, 2] | zip(['a', 'b'])", [[1, "a"], [2, "b"]]],
  // What ansible-core 2.14 makes of the same.
  ["'x' is in ['x']", true],
  ["{'b': 1, 'a': {'x': [1, 2]}} | to_json", '{"b": 1, "a": {"x": [1, 2]}}'],
  ["'word' | quote", "word"],
  ["'a b' | quote", "'a b'"],
  ["'abcdef' | truncate(5)", "abcdef"],
  ["'abcdefghijklmnop' | truncate(8)", "abcde..."],
  ["'got ' ~ [true, none, 1.5, 'x', \"it's\"]", "got [True, None, 1.5, 'x', \"it's\"]"],
  ["'got ' ~ {'k': none}", "got {'k': None}"],
  ["'%s-%03d' | format('a', 7)", "a-007"],
  ["1024 | human_readable", "1.00 KB"],
  ["'2G' | human_to_bytes", 2147483648],
  ["'a\\nb' | indent(2)", "a\n  b"],
  ["'abc' | center(9)", "   abc   "],
  ["[1, 2, 3] | batch(2)", [[1, 2], [3]]],
  ["[1, 2] | symmetric_difference([2, 3])", [1, 3]],
  ["'b' | extract({'b': 4})", 4],
  ["[1, 2, 3] | combinations(2)", [[1, 2], [1, 3], [2, 3]]],
  ["['/a', 'b'] | path_join", "/a/b"],
  ["'b.txt' | splitext", ["b", ".txt"]],
];

for (const [text, expected] of cases) {
  Deno.test(`{{ ${text} }} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(evaluated(text, vars), expected);
  });
}

Deno.test("what a name stands for is evaluated when it is used", () => {
  const scope = new LayeredScope([{
    a: textValue("{{ b + 1 }}", at),
    b: { k: "plain", value: 2 },
    both: textValue("{{ a }} and {{ b }}", at),
  }]);
  assert.equal(scope.look("a"), 3);
  assert.equal(scope.look("both"), "3 and 2");
});

Deno.test("variables that lead back to themselves are a fault and not a hang", () => {
  const scope = new LayeredScope([{ a: textValue("{{ b }}", at), b: textValue("{{ a }}", at) }]);
  assert.throws(() => scope.look("a"), /leads back to itself/);
});

Deno.test("a name that nothing gives is told with its place", () => {
  const value = textValue("is {{ nothing.here }}", at);
  assert.throws(() => evaluate(value, new LayeredScope([])), (error: unknown) => {
    assert.match(String(error), /Cannot evaluate "nothing.here": "nothing" is undefined/);
    assert.deepEqual((error as { at?: unknown }).at, { file: "site.yml", line: 1, column: 7 });
    return true;
  });
});

Deno.test("nothing but the data itself can be reached", () => {
  for (
    const text of [
      "name.constructor",
      "map.__proto__",
      "list.constructor",
      "map['constructor']",
      "name.length",
    ]
  ) {
    assert.throws(() => evaluated(text, vars), /there is no/, text);
  }
  assert.throws(() => evaluated("name.constructor('x')", vars), /there is no method/);
});

const wrong: readonly (readonly [string, RegExp, number])[] = [
  ["a +", /ends where a value is expected/, 4],
  ["a = 1", /found "=" behind/, 3],
  ["(a", /where "," is expected|where "\)"/, 3],
  ["a | upperr", /no filter "upperr"/, 5],
  ["a is definedd", /no test "definedd"/, 6],
  ["lookup('file', 'x')", /no function "lookup"/, 1],
  ["'a", /has no end/, 1],
  ["a ? b", /"\?" means nothing/, 3],
];

for (const [text, message, column] of wrong) {
  Deno.test(`{{ ${text} }} is refused at its column`, () => {
    assert.throws(() => expressionAt(text, at), (error: unknown) => {
      assert.match(String(error), message);
      assert.equal((error as { at?: { column?: number } }).at?.column, column);
      return true;
    });
  });
}

Deno.test("every name that the reader knows has a filter or a test behind it, and the other way round", () => {
  assert.deepEqual([...filterNames].toSorted(), Object.keys(filters).toSorted());
  assert.deepEqual([...testNames].toSorted(), Object.keys(tests).toSorted());
});
