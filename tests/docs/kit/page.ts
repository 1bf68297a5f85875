/**
 * Pages of the documentation as tests take them apart: their code, and what it is.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** The project's folder, with a slash at its end. */
export const root: string = fileURLToPath(new URL("../../../", import.meta.url));

/** A piece of code in a page. */
export interface Block {
  /** The page, from the project's folder. */
  readonly page: string;
  /** Where it begins, from 1. */
  readonly line: number;
  readonly language: string;
  /** What stands behind the language: `ignore`, `ansible`, `inventory`. */
  readonly marks: readonly string[];
  readonly text: string;
  /** The file that it is, where its first line is a comment that says so. */
  readonly file: string | undefined;
}

/** Where a piece of code is, for messages. */
export function placeOf({ page, line }: Block): string {
  return `${page}:${line}`;
}

/** Every piece of code in a page. */
export function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  const lines = Deno.readTextFileSync(`${root}${page}`).split("\n");
  let open: { readonly at: number; readonly info: readonly string[] } | undefined;
  for (const [index, text] of lines.entries()) {
    const fence = /^```(.*)$/.exec(text);
    if (fence === null) continue;
    if (open === undefined) {
      open = { at: index, info: (fence[1] ?? "").trim().split(/\s+/) };
      continue;
    }
    const [language = "", ...marks] = open.info;
    const body = lines.slice(open.at + 1, index);
    const file = /^(?:#|\/\/) ([\w.-]+\.(?:ya?ml|ts|ini))$/.exec(body[0] ?? "")?.[1];
    blocks.push({ page, line: open.at + 1, language, marks, text: `${body.join("\n")}\n`, file });
    open = undefined;
  }
  return blocks;
}

/** Every page for people: the README, and the guides, without what is made from tables. */
export function pages(): readonly string[] {
  const guides = [...Deno.readDirSync(`${root}docs`)].filter(({ name }) => name.endsWith(".md"));
  return ["README.md", "CONTRIBUTING.md", ...guides.map(({ name }) => `docs/${name}`).toSorted()];
}

/** The commands of a piece of shell: lines, with those that a backslash joins in one. */
export function commandsOf({ text }: Block): readonly string[] {
  return text.replace(/\\\n\s*/g, " ").split("\n").map((line) => line.trim()).filter((line) => line !== "");
}
