/**
 * Runs a set of libvirt's conformance data through a description.
 */
import assert from "node:assert/strict";
import type { Description, DocumentContext } from "../../../model/documents/mod.ts";
import { DocumentError, parseDocument, writeDocument } from "../../../model/xml/mod.ts";
import { mutations } from "./mutations.ts";
import { comparable } from "./tree_comparison.ts";

/** One set of inputs and what libvirt makes of them. */
export interface ConformanceSet<T> {
  /** The set's folder. */
  readonly set: string;
  /** The folder of inputs within it. */
  readonly inputs: string;
  /** The folder of outputs within it. @default every input comes out as it went in */
  readonly outputs?: string;
  readonly description: Description<T>;
  /** Which files of the folder. @default all */
  readonly only?: (name: string) => boolean;
  /** How often the same value at the same path is changed, over all files. @default each time that it occurs */
  readonly changesOfOneKind?: number;
  /** What an input without an output is there for: to come out as it went in, or to be read. @default "same" */
  readonly withoutOutput?: "same" | "read";
  /** What libvirt's test supplied from outside. @default nothing */
  readonly context?: (name: string) => DocumentContext;
  /** Inputs that must be refused, by name, with what the message must say. */
  readonly refused?: Readonly<Record<string, RegExp>>;
  /** Files that are left out, by name, with the reason. */
  readonly except?: Readonly<Record<string, string>>;
  /** Outputs that libvirt's own tests do not look at, by name, with the reason. */
  readonly stale?: Readonly<Record<string, string>>;
  /** Changes that libvirt takes no notice of: paths such as `/volume/@x` with the reason. */
  readonly ignored?: Readonly<Record<string, string>>;
}

/** The folder of the conformance data, `undefined` where there is none. */
export const conformance: string | undefined = Deno.env.get("DROVER_CONFORMANCE");

/** Registers the tests of a set. */
export function testConformance<T>(set: ConformanceSet<T>): void {
  const title = `${set.set}/${set.inputs}`;
  if (conformance === undefined) {
    Deno.test({ name: `${title}: DROVER_CONFORMANCE names no conformance data`, ignore: true, fn: () => {} });
    return;
  }
  const folder = `${conformance}/${set.set}`;
  const names = [...Deno.readDirSync(`${folder}/${set.inputs}`)].map((entry) => entry.name)
    .filter((name) => name.endsWith(".xml") && set.except?.[name] === undefined)
    .filter((name) => set.only?.(name) !== false).sort();
  Deno.test(`${title}: documents come out as libvirt writes them`, async (test) => {
    const unknown = { elements: 0, attributes: 0, foreign: 0, paths: new Set<string>() };
    for (const name of names) {
      await test.step(name, () => {
        const text = Deno.readTextFileSync(`${folder}/${set.inputs}/${name}`);
        const context = set.context?.(name) ?? {};
        const reason = set.refused?.[name];
        if (reason !== undefined) {
          assert.throws(
            () => parseDocument(set.description, text, { context }),
            (error) => error instanceof DocumentError && reason.test(error.message),
          );
          return;
        }
        const document = parseDocument(set.description, text, { context, file: name });
        unknown.elements += document.unknown.elements;
        unknown.attributes += document.unknown.attributes;
        unknown.foreign += document.unknown.foreign;
        for (const path of document.unknown.paths) unknown.paths.add(path);
        const written = writeDocument(set.description, document.value, { form: "normal" });
        const expected = outputOf(set, { folder, name }) ?? (set.withoutOutput === "read" ? undefined : text);
        if (expected !== undefined) assert.deepEqual(comparable(written), comparable(expected));
        const again = parseDocument(set.description, written, { context });
        assert.equal(writeDocument(set.description, again.value, { form: "normal" }), written);
        const whole = writeDocument(set.description, document.value);
        const full = parseDocument(set.description, whole, { context });
        assert.deepEqual(JSON.parse(JSON.stringify(full.value)), JSON.parse(JSON.stringify(document.value)));
        assert.equal(writeDocument(set.description, full.value), whole);
      });
    }
    // deno-lint-ignore no-console -- the count is the result
    console.log(
      `${title}: ${names.length} documents; unknown: ${unknown.elements} elements, ${unknown.attributes} attributes;` +
        ` foreign: ${unknown.foreign}`,
    );
    assert.deepEqual([...unknown.paths], [], "unknown in libvirt's own namespace");
  });
  Deno.test(`${title}: a change of any value is seen or refused`, () => {
    const unseen = new Set<string>();
    const changed = new Map<string, number>();
    for (const name of names.filter((each) => set.refused?.[each] === undefined)) {
      const text = Deno.readTextFileSync(`${folder}/${set.inputs}/${name}`);
      const context = set.context?.(name) ?? {};
      const unchanged = JSON.stringify(parseDocument(set.description, text, { context }).value);
      for (const mutation of mutations(text)) {
        if (set.ignored?.[mutation.path] !== undefined) continue;
        const kind = `${mutation.path}=${mutation.from.slice(0, 16)}`;
        const before = changed.get(kind) ?? 0;
        if (before >= (set.changesOfOneKind ?? Infinity)) continue;
        changed.set(kind, before + 1);
        const after = readOrRefused(set.description, { text: mutation.text, context });
        if (after === unchanged) unseen.add(`${name} ${mutation.path}: ${mutation.from} -> ${mutation.to}`);
      }
    }
    assert.deepEqual([...unseen], []);
  });
}

function readOrRefused<T>(
  description: Description<T>,
  source: { readonly text: string; readonly context: DocumentContext },
): string {
  try {
    return JSON.stringify(parseDocument(description, source.text, { context: source.context }).value);
  } catch (error) {
    if (error instanceof DocumentError) return "refused";
    throw error;
  }
}

function outputOf<T>(
  set: ConformanceSet<T>,
  file: { readonly folder: string; readonly name: string },
): string | undefined {
  if (set.outputs === undefined || set.stale?.[file.name] !== undefined) return undefined;
  try {
    return Deno.readTextFileSync(`${file.folder}/${set.outputs}/${file.name}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
