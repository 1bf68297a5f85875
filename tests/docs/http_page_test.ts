/**
 * The page about the HTTP API says what there is, and its examples do what they say.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { defaultSettings } from "../../daemon/settings.ts";
import { pagePath, withRoutes } from "../../tools/http_page.ts";
import { RunningDaemon } from "../daemon/kit/running_daemon.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = Deno.readTextFileSync(`${root}${pagePath}`);

const hasCurl = new Deno.Command("sh", { args: ["-c", "command -v curl"] }).outputSync().success;

Deno.test("the table of routes in docs/http.md is up to date", () => {
  assert.equal(withRoutes(page), page, "make it again with: deno run -A tools/http_page.ts");
});

Deno.test("docs/http.md names every setting of the HTTP API", () => {
  for (const name of Object.keys(defaultSettings)) {
    if (/^(http|otlp)_/.test(name)) {
      assert.ok(page.includes(`\`${name}\``) || page.includes(`\`${name} = `), name);
    }
  }
});

Deno.test({
  name: `the examples of docs/http.md do what they say${hasCurl ? "" : " (skipped: curl is not there)"}`,
  ignore: !hasCurl,
  fn: async () => {
    await using daemon = await RunningDaemon.start({ args: ["--listen", "http:127.0.0.1:0"] });
    const place = /http:\/\/\S+/.exec(String((await daemon.said("ready"))["listening"]))?.[0] ??
      assert.fail("no HTTP");
    const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
    assert.ok(blocks.length >= 3);
    const expected: RegExp[] = [];
    const script = blocks.join("").split("\n").flatMap((line) => {
      if (!line.startsWith("# ")) return line === "" ? [] : [line, "echo"];
      expected.push(patternOf(line.slice(2)));
      return ["echo ---"];
    });
    const state = `${daemon.directory}/state`;
    const command = `${Deno.execPath()} run -A --no-check --quiet ${root}cli/main.ts`;
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: ["-euc", `drover() { ${command} "$@"; }\n${script.join("\n")}`],
      env: { API: place, DROVER_STATE_DIR: state },
    }).output();
    const decoder = new TextDecoder();
    const said = decoder.decode(stdout).split("---\n");
    assert.equal(said.length, expected.length + 1, decoder.decode(stdout) + decoder.decode(stderr));
    for (const [index, pattern] of expected.entries()) assert.match(said[index] ?? "", pattern);
  },
});

/** What an example says that it prints; `…` stands for anything. */
function patternOf(text: string): RegExp {
  const parts = text.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^\\s*${parts.join(".*")}\\s*$`, "s");
}
