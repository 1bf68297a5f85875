/**
 * Running a recipe over HTTP.
 *
 * @module
 */
import { z } from "zod";
import { VirtError } from "../../model/error.ts";
import { secretName } from "../../model/secret.ts";
import type { Store } from "../../runtime/journal/store.ts";
import { formatGrant } from "../../runtime/permission/mod.ts";
import { refuseUnnamed } from "../../runtime/secret/source.ts";
import { viewOf } from "../../runtime/run/view.ts";
import { askedAction } from "./acting.ts";
import { grantsOf } from "./hosts.ts";
import type { Answer, Call } from "./route.ts";
import { principalOf } from "./token.ts";

/** A request that runs a recipe. */
export const startRun = z.strictObject({
  recipe: z.string().min(1).max(4096).describe("An absolute path, or one within http_recipe_dirs"),
  hosts: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/), z.string().max(4096)).default({})
    .describe(
      "Connection URIs by the recipe's names for them; `host` is the daemon's default where absent",
    ),
  input: z.record(z.string(), z.unknown()).default({}),
  secrets: z.record(z.string().regex(secretName), z.string().max(4096)).default({}).describe(
    "Where the recipe's secrets come from: `named:NAME`, for sources that the kernel's owner has named",
  ),
  sandbox: z.enum(["best", "strict"]).default("best"),
});

/** Begins a run; the same request with the same key is the same run. */
export async function startRecipe(call: Call<unknown, z.output<typeof startRun>>): Promise<Answer> {
  const { body, token, headers, services: { acting, hosts, settings, host: { runs, store } } } = call;
  const key = headers["idempotency-key"];
  const principal = principalOf(token);
  refuseUnnamed(body.secrets, "over HTTP");
  const asked = askedAction({
    principal,
    key: Array.isArray(key) ? key.join(",") : key,
    what: "run",
    body,
  });
  const { replayed } = await acting.once(asked, {
    begin: async () => {
      const named = Object.keys(body.hosts).length === 0 ? { host: undefined } : body.hosts;
      await runs.start({
        file: await recipeIn(body.recipe, settings.http_recipe_dirs),
        hosts: Object.fromEntries(Object.entries(named).map(([name, uri]) => [name, hosts.uri(uri)])),
        input: body.input,
        grants: grantsOf(token).map(formatGrant),
        secrets: body.secrets,
        sandbox: body.sandbox,
        principal,
        asked,
      });
    },
    found: () => {},
  });
  return {
    status: replayed ? 200 : 201,
    headers: { location: `/v1/runs/${asked.id}`, ...(replayed ? { "idempotency-replayed": "true" } : {}) },
    body: await viewIn(store, asked.id),
  };
}

async function viewIn(store: Store, id: string): Promise<unknown> {
  const record = await store.run(id);
  return record === undefined ? {} : viewOf(record);
}

/**
 * The real path of a recipe, which lies in one of the directories.
 *
 * @throws {VirtError} `not-found` where it does not, or is not there.
 */
export async function recipeIn(path: string, directories: readonly string[]): Promise<string> {
  for (const directory of directories) {
    const root = await Deno.realPath(directory).catch(() => undefined);
    if (root === undefined) continue;
    const found = await Deno.realPath(path.startsWith("/") ? path : `${root}/${path}`).catch(() => undefined);
    if (found?.startsWith(`${root}/`) === true && (await Deno.stat(found)).isFile) return found;
  }
  throw new VirtError("not-found", `Cannot run "${path}": there is no such recipe in http_recipe_dirs`, {
    hint: directories.length === 0
      ? "Name the directories that hold recipes with http_recipe_dirs in the daemon's settings"
      : `Recipes are looked for in: ${directories.join(", ")}`,
  });
}
