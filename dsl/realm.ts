/**
 * What a recipe finds in its realm: the language, and nothing that reaches outside, waits for the outside, or differs
 * from one execution to the next.
 *
 * This is for clear errors and for exact replay. What keeps a hostile recipe in is its process, not its realm: whatever it
 * reaches in here, it has no permission to use.
 *
 * @module
 */
import type { Realm, RealmServices } from "./channel.ts";
import { chanceFrom } from "./realm_chance.ts";
import { type ConsoleListener, makeConsole } from "./realm_console.ts";
import { replaceTime } from "./realm_time.ts";

const { apply, ownKeys } = Reflect;
const { defineProperty, getPrototypeOf } = Object;
const Failure = TypeError;
const Bytes = Uint8Array;
const { isView } = ArrayBuffer;
const Names = Set;
const { has } = Set.prototype;
const Wrapped = Proxy;
const SystemFunction = Function;

/** Globals that stay as they are, beside those of the language itself. */
const kept: readonly string[] = [
  ...[
    "AbortController",
    "AbortSignal",
    "CustomEvent",
    "DOMException",
    "Event",
    "EventTarget",
    "QuotaExceededError",
  ],
  ...[
    "ByteLengthQueuingStrategy",
    "CountQueuingStrategy",
    "ReadableStream",
    "TransformStream",
    "WritableStream",
  ],
  ...["ReadableStreamDefaultReader", "WritableStreamDefaultWriter", "WritableStreamDefaultController"],
  ...["ReadableByteStreamController", "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest"],
  ...["ReadableStreamDefaultController", "TransformStreamDefaultController"],
  ...["TextDecoder", "TextEncoder", "TextDecoderStream", "TextEncoderStream", "atob", "btoa"],
  ...["URL", "URLPattern", "URLSearchParams", "structuredClone", "queueMicrotask", "self"],
  ...["addEventListener", "removeEventListener", "dispatchEvent"],
];

/** Globals of the language (ECMA-262, ECMA-402 and Temporal) that stay as they are. */
const language: readonly string[] = [
  ...["globalThis", "Infinity", "NaN", "undefined", "isFinite", "isNaN", "parseFloat", "parseInt"],
  ...["decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape", "unescape"],
  ...[
    "AggregateError",
    "Error",
    "EvalError",
    "RangeError",
    "ReferenceError",
    "SuppressedError",
    "SyntaxError",
  ],
  ...[
    "TypeError",
    "URIError",
    "Array",
    "ArrayBuffer",
    "BigInt",
    "Boolean",
    "DataView",
    "Date",
    "Iterator",
    "JSON",
  ],
  ...["Map", "Math", "Number", "Object", "Promise", "Proxy", "Reflect", "RegExp", "Set", "String", "Symbol"],
  ...["WeakMap", "WeakSet", "Int8Array", "Int16Array", "Int32Array", "BigInt64Array", "BigUint64Array"],
  ...["Uint8Array", "Uint8ClampedArray", "Uint16Array", "Uint32Array", "Float16Array", "Float32Array"],
  ...["Float64Array", "AsyncDisposableStack", "DisposableStack", "Intl", "Temporal"],
];

/** Globals that this module and its neighbours replace by their own. */
const replaced: readonly string[] = [
  ...["console", "crypto", "performance", "Function", "eval"],
  ...["setTimeout", "setInterval", "clearTimeout", "clearInterval"],
];

/** Globals whose absence libraries test for; they are gone without a word. */
const absent: readonly string[] = [
  ...["process", "navigator", "location", "window", "global", "Buffer", "setImmediate", "clearImmediate"],
  ...["onerror", "onload", "onunload", "onbeforeunload", "onunhandledrejection", "name", "closed"],
];

/** Why a global is refused, where more can be said than that it is. */
const reasons: Readonly<Record<string, string>> = {
  Deno: "it has no files, network or programs; ask the runtime through the handles that run() is given",
  WebAssembly: "its code cannot be looked through; write it in TypeScript",
  Worker: "a recipe is one thread; use Promise.all for what may go on at once",
  SharedArrayBuffer: "a recipe is one thread; use an ArrayBuffer",
  Atomics: "a recipe is one thread; await a promise instead",
  WeakRef: "when it is cleared differs from one execution to the next; use a plain reference",
  FinalizationRegistry: "when it runs differs from one execution to the next; use `using` or try and finally",
  fetch: "it has no network; ask the runtime through the handles that run() is given",
  caches: "nothing is kept between runs; return what is to be kept",
  localStorage: "nothing is kept between runs; return what is to be kept",
  sessionStorage: "nothing is kept between runs; return what is to be kept",
  prompt: "nobody may be there to answer; declare it in the recipe's input",
  confirm: "nobody may be there to answer; declare it in the recipe's input",
  alert: "nobody may be there to read it; use log",
  close: "return from run() instead",
  reportError: "throw the error instead",
};

/** Globals that are objects, not functions: a value cannot stand for them, so reading them is what throws. */
const objects: readonly string[] = [
  "Deno",
  "WebAssembly",
  "Atomics",
  "caches",
  "localStorage",
  "sessionStorage",
];

/**
 * Takes away what a recipe must not have, and replaces what would differ between executions. Called once, before any code
 * of the recipe is loaded.
 */
export function hardenRealm(onConsole: ConsoleListener): Realm {
  const time = replaceTime();
  const bindChance = replaceChance();
  replaceCodeBuilding();
  define(globalThis, "console", makeConsole(onConsole));
  // `await` asks a promise for its constructor; this keeps those awaits ours that the recipe did not write.
  defineProperty(Promise.prototype, "constructor", { value: Promise, writable: false, configurable: false });
  const names = new Names([...kept, ...language, ...replaced]);
  for (
    let owner: object | null = globalThis;
    owner !== null && owner !== Object.prototype;
    owner = getPrototypeOf(owner)
  ) {
    if (owner === EventTarget.prototype) continue;
    for (const name of ownKeys(owner)) {
      if (typeof name === "string" && name !== "constructor" && !apply(has, names, [name])) {
        refuse(owner, name);
      }
    }
  }
  // What V8's flags have taken away already gets its explanation too.
  for (const name of objects) if (!(name in globalThis)) refuse(globalThis, name);
  return {
    bind(services: RealmServices): void {
      time.bind(services);
      bindChance(services);
    },
  };
}

function refuse(owner: object, name: string): void {
  if (absent.includes(name)) {
    Reflect.deleteProperty(owner, name);
  } else if (objects.includes(name)) {
    const get = (): never => {
      throw refusal(name);
    };
    defineProperty(owner, name, { get, enumerable: false, configurable: false });
  } else {
    refuseCall(owner, name);
  }
}

function refuseCall(owner: object, name: string): void {
  function refused(): never {
    throw refusal(name);
  }
  defineProperty(refused, "name", { value: name });
  defineProperty(owner, name, { value: refused, writable: false, enumerable: false, configurable: false });
}

function refusal(name: string): TypeError {
  const reason = reasons[name];
  return new Failure(`Recipes cannot use ${name}${reason === undefined ? "" : `: ${reason}`}`);
}

/** `eval` and `Function` for code from strings; V8 refuses it too, by a flag, in words that help nobody. */
function replaceCodeBuilding(): void {
  function refused(): never {
    throw new Failure(
      "Recipes cannot build code from strings; write the code into the recipe or a module beside it",
    );
  }
  const RecipeFunction = new Wrapped(SystemFunction, { apply: refused, construct: refused });
  define(SystemFunction.prototype, "constructor", RecipeFunction);
  define(globalThis, "Function", RecipeFunction);
  define(globalThis, "eval", refused);
}

/** Random numbers of the realm; until a run is bound to it, asking for one throws. */
function replaceChance(): (services: RealmServices) => void {
  let chance: ReturnType<typeof chanceFrom> | undefined;
  function bound(): ReturnType<typeof chanceFrom> {
    if (chance !== undefined) return chance;
    throw new Failure(
      "Recipes cannot draw random numbers while their module loads, since no run has begun; draw them inside run()",
    );
  }
  function getRandomValues<T extends ArrayBufferView>(target: T): T {
    if (!isView(target)) throw new Failure("Cannot fill random values: the target is no typed array");
    bound().fill(new Bytes(target.buffer, target.byteOffset, target.byteLength));
    return target;
  }
  define(Math, "random", () => bound().fraction());
  define(globalThis, "crypto", {
    getRandomValues,
    randomUUID: () => uuidFrom(getRandomValues(new Bytes(16))),
    get subtle(): never {
      throw new Failure("Recipes cannot use crypto.subtle: it answers outside the run's order");
    },
  });
  return ({ seed }) => {
    chance = chanceFrom(seed);
  };
}

/** RFC 9562, section 5.4: version 4. */
function uuidFrom(bytes: Uint8Array): string {
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const digits = "0123456789abcdef";
  let text = "";
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) text += "-";
    text += digits[bytes[index]! >>> 4]! + digits[bytes[index]! & 15]!;
  }
  return text;
}

function define(target: object, name: PropertyKey, value: unknown): void {
  defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}
