/**
 * Writes the table of routes into `docs/http.md`:
 *
 * ```sh
 * deno run -A tools/http_page.ts
 * ```
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { routes } from "../daemon/http/routes.ts";

/** The page's path, from the project's folder. */
export const pagePath = "docs/http.md";

const [begin, end] = ["<!-- routes -->", "<!-- /routes -->"];

/** The page with the table of routes as they are. */
export function withRoutes(page: string): string {
  const rows = routes.map(({ method, path, for: whom, summary }) => [`\`${method} ${path}\``, whom, summary]);
  const head = ["request", "for", "what it does"];
  const widths = head.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const table = [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
  const [before = "", rest = ""] = page.split(begin);
  const after = rest.split(end)[1] ?? "";
  return `${before}${begin}\n\n${table}\n\n${end}${after}`;
}

if (import.meta.main) {
  const file = fileURLToPath(new URL(`../${pagePath}`, import.meta.url));
  Deno.writeTextFileSync(file, withRoutes(Deno.readTextFileSync(file)));
}
