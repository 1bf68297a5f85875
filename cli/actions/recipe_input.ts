/**
 * A recipe's inputs, as the command line gives them.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import type { Io } from "../io.ts";
import { readDocument } from "../operations/document.ts";

/** Where inputs come from. */
export interface InputSources {
  /** `NAME=VALUE`, or `NAME=@FILE`. */
  readonly input?: readonly string[];
  readonly inputFile?: string;
}

/** What was given: the values of the file, and the texts above them. */
export interface RecipeInput {
  readonly input: Readonly<Record<string, unknown>>;
  /** What a text stands for follows from what the recipe declares. */
  readonly inputTexts: Readonly<Record<string, string>>;
}

/**
 * The inputs: those of the file, and above them the single ones.
 *
 * @throws {VirtError} `invalid-argument` where one is not `NAME=VALUE`, or the file holds no mapping.
 */
export async function recipeInput(
  io: Io,
  { input = [], inputFile }: InputSources,
): Promise<RecipeInput> {
  const texts = new Map<string, string>();
  const files = new Map<string, unknown>();
  for (const given of input) {
    const at = given.indexOf("=");
    const name = given.slice(0, at);
    if (at < 1) {
      throw new VirtError("invalid-argument", `Cannot use "${given}" as an input: it is not NAME=VALUE`, {
        hint: at === 0 || given === ""
          ? "Write for instance --input batch=2"
          : `Write --input ${given}=VALUE`,
      });
    }
    const value = given.slice(at + 1);
    files.delete(name);
    texts.delete(name);
    if (value.startsWith("@") && !value.startsWith("@@")) {
      const read = await readValue(io, { name, file: value.slice(1) });
      if (typeof read === "string") texts.set(name, read);
      else files.set(name, read);
    } else texts.set(name, value.startsWith("@@") ? value.slice(1) : value);
  }
  return {
    input: {
      ...(inputFile === undefined ? {} : await readInputFile(io, inputFile)),
      ...Object.fromEntries(files),
    },
    inputTexts: Object.fromEntries(texts),
  };
}

/** What a file holds: data where its name says so or it begins like JSON, else text. */
async function readValue(
  io: Io,
  { name, file }: { readonly name: string; readonly file: string },
): Promise<unknown> {
  const text = await readDocument(io, file).catch((cause: unknown) => {
    const why = cause instanceof VirtError ? cause.message : `Cannot read "${file}"`;
    throw new VirtError("invalid-argument", `Cannot take the input "${name}" from a file: ${why}`, {
      cause,
      hint: `Where the value itself begins with @, write --input ${name}=@@…`,
    });
  });
  if (file.endsWith(".json") || /^\s*[[{]/.test(text)) return parseJson(text, file);
  if (/\.ya?ml$/.test(file)) return await parseYaml(text, file);
  return text.trimEnd();
}

async function readInputFile(io: Io, file: string): Promise<Record<string, unknown>> {
  const text = await readDocument(io, file);
  const value = file.endsWith(".json") ? parseJson(text, file) : await parseYaml(text, file);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new VirtError(
      "invalid-argument",
      `Cannot use "${file}" as input: it holds no mapping of names to values`,
    );
  }
  return { ...value };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new VirtError("invalid-argument", `Cannot read "${file}": it is not JSON`, { cause: error });
  }
}

async function parseYaml(text: string, file: string): Promise<unknown> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) {
    const at = fault.linePos?.[0];
    throw new VirtError("invalid-argument", `Cannot read "${file}": ${fault.message.split("\n")[0] ?? ""}`, {
      ...(at === undefined ? {} : { at: { file, line: at.line, column: at.col } }),
    });
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new VirtError("invalid-argument", `Cannot read "${file}": its aliases stand for too much`, {
      cause: error,
    });
  }
}
