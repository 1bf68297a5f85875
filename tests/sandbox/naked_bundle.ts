/**
 * In the place of "drover", a boot file that hardens nothing and lets its recipe do all of the talking: what is left is what
 * the process itself is kept from, and what a recipe could say that has taken over its realm.
 *
 * @module
 */
import { type SandboxBundle, sandboxBundle } from "../../runtime/sandbox/bundle.ts";
import { Folder } from "./stage.ts";

const boot = `
const encoder = new TextEncoder();
export function raw(bytes) {
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
export function frame(text) {
  const body = encoder.encode(text);
  const bytes = new Uint8Array(4 + body.length);
  new DataView(bytes.buffer).setUint32(0, body.length);
  bytes.set(body, 4);
  return bytes;
}
export function say(message) {
  raw(frame(JSON.stringify(message)));
}
export function declare() {
  say({ t: "ready", version: 1 });
  say({ t: "recipe", declaration: { summary: "", needs: [], hosts: ["host"], files: [], inputSchema: {} } });
}
/** Waits for ever without computing; what is sent meanwhile is not read. */
export function stall() {
  return new Promise(() => setInterval(() => {}, 1000));
}
setTimeout(() => import(Deno.args[0]));
`;

/** A naked bundle in a folder of its own. */
export class NakedBundle implements AsyncDisposable {
  readonly bundle: SandboxBundle;
  readonly #folder: Folder;

  private constructor(folder: Folder, bundle: SandboxBundle) {
    this.#folder = folder;
    this.bundle = bundle;
  }

  static async make(): Promise<NakedBundle> {
    const folder = await Folder.with({ "boot.mjs": boot });
    const bootUrl = new URL(`file://${folder.file("boot.mjs")}`).href;
    await Deno.writeTextFile(folder.file("imports.json"), JSON.stringify({ imports: { drover: bootUrl } }));
    const real = await sandboxBundle();
    return new NakedBundle(folder, {
      ...real,
      boot: folder.file("boot.mjs"),
      importMap: folder.file("imports.json"),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }
}
