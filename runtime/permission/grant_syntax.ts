/**
 * The syntax of grants and needs.
 *
 *     grants     = [ grant { separator grant } ]      separator: white space or ";"
 *     grant      = [ connection "=" ] scope [ "@" glob { "," glob } ] { "#" glob } [ "(" option { "," option } ")" ]
 *     connection = glob over names | "<" glob over URIs ">"
 *     scope      = "all" | CLASS | CLASS ":" "*" | CLASS ":" VERB { "," VERB }
 *     option     = "quota=" count | "until=" date or instant | "for=" duration
 *
 * Bare scopes may also be separated by a comma: `all,host`.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { type PermissionClass, permissionVerbs } from "../../model/permission.ts";
import { Glob } from "./glob.ts";
import { type ConnectionScope, type Grant, type Scope, verbsOf } from "./grant.ts";
import { shortened, shown } from "./shown.ts";
import { nearest } from "./suggestion.ts";

/** How grants are read. */
export interface ParseGrantsOptions {
  /** What messages call the text. @default "grant" */
  readonly what?: "grant" | "need";
  /** The moment that `for=` counts from, in milliseconds since 1970; without it `for=` is refused. */
  readonly now?: number;
}

/** The longest text of grants, in UTF-16 units. */
const textLimit = 65_536;
/** The most that the patterns of a recipe's needs may have together, in UTF-16 units. */
const patternsLimit = 2048;

const classes = Object.keys(permissionVerbs) as readonly PermissionClass[];
const spaces = " \t\r\n";
const separators = `${spaces};`;
const globStops = `${separators},#()`;
/** The latest moment that a date can stand for, in milliseconds since 1970. */
const latestMoment = 8.64e15;

/**
 * Reads grants or needs.
 *
 * @throws {VirtError} `invalid-argument` with the column of the fault, and what was likely meant.
 *
 * @example
 * ```ts
 * import { parseGrants } from "./grant_syntax.ts";
 * parseGrants("connect:search_domains domain:start,stop@web-*(quota=3)").length; // 2
 * ```
 */
export function parseGrants(text: string, options: ParseGrantsOptions = {}): Grant[] {
  return new GrantReader(text, options).grants();
}

/**
 * Reads several texts, each as {@linkcode parseGrants} does.
 *
 * @throws {VirtError} `invalid-argument` as there, and for needs whose patterns would take long to compare.
 */
export function parseAllGrants(texts: readonly string[], options: ParseGrantsOptions = {}): Grant[] {
  const grants = texts.flatMap((text) => parseGrants(text, options));
  if (options.what === "need") refuseMuch(grants);
  return grants;
}

/** Needs are the recipe's to write, and the kernel's to compare with whatever the recipe comes up with. */
function refuseMuch(needs: readonly Grant[]): void {
  const globs = needs.flatMap(({ names = [], labels = [], connection }) => [
    ...names,
    ...labels,
    ...(connection === undefined ? [] : [connection.glob]),
  ]);
  let size = 0;
  for (const { exactText, text } of globs) size += exactText === undefined ? text.length : 0;
  if (size <= patternsLimit) return;
  throw new VirtError(
    "invalid-argument",
    `Cannot read the needs: their patterns have ${size} characters, and may have ${patternsLimit}`,
    { hint: "Write fewer patterns, or exact names" },
  );
}

class GrantReader {
  readonly #text: string;
  readonly #what: "grant" | "need";
  readonly #now: number | undefined;
  #at = 0;

  constructor(text: string, options: ParseGrantsOptions) {
    this.#text = text;
    this.#what = options.what ?? "grant";
    this.#now = options.now;
    if (text.length > textLimit) throw this.#fault(0, `it is longer than ${textLimit} characters`);
  }

  grants(): Grant[] {
    const grants: Grant[] = [];
    this.#skip(separators);
    while (this.#at < this.#text.length) {
      const grant = this.#grant();
      grants.push(grant);
      const next = this.#peek();
      if (next === "," && grant.names === undefined && isBare(this.#text[this.#at - 1])) {
        this.#at++;
      } else if (next !== "" && !separators.includes(next)) {
        throw this.#fault(this.#at, `found ${shown(next)} behind a ${this.#what}`, {
          hint: `Separate ${this.#what}s by a space`,
        });
      }
      this.#skip(separators);
    }
    return grants;
  }

  #grant(): Grant {
    const connection = this.#connection();
    const scope = this.#scope();
    const names = this.#take("@") ? this.#globs() : undefined;
    const labels: Glob[] = [];
    while (this.#take("#")) labels.push(this.#glob());
    const limits = this.#take("(") ? this.#limits(scope) : {};
    return {
      scope,
      ...(connection === undefined ? {} : { connection }),
      ...(names === undefined ? {} : { names }),
      ...(labels.length === 0 ? {} : { labels }),
      ...limits,
    };
  }

  #connection(): ConnectionScope | undefined {
    if (this.#take("<")) {
      const { glob, end } = Glob.read(this.#text, this.#at, `>${spaces}`);
      this.#at = end;
      if (!this.#take(">") || !this.#take("=")) throw this.#fault(this.#at, 'expected ">=" behind the URI');
      return { by: "uri", glob };
    }
    const end = indexOfAny(this.#text, `=:@#(,${separators}`, this.#at);
    if (this.#text[end] !== "=") return undefined;
    if (end === this.#at) {
      throw this.#fault(this.#at, "a connection's name is missing before the equals sign");
    }
    const { glob } = this.#readGlob("=");
    this.#at = end + 1;
    return { by: "name", glob };
  }

  #scope(): Scope {
    const start = this.#at;
    const word = this.#word();
    if (word === "all") {
      if (this.#peek() === ":") {
        throw this.#fault(this.#at, '"all" takes no verbs', { hint: 'Write "all" alone, or a class' });
      }
      return { kind: "all" };
    }
    const permissionClass = classes.find((each) => each === word);
    if (permissionClass === undefined) throw this.#unknownClass(word, start);
    const verbs = this.#take(":") ? this.#verbs(permissionClass) : verbsOf(permissionClass);
    return { kind: "verbs", permissionClass, verbs };
  }

  #verbs(permissionClass: PermissionClass): readonly string[] {
    if (this.#take("*")) return verbsOf(permissionClass);
    const known = verbsOf(permissionClass);
    const verbs: string[] = [];
    do {
      const start = this.#at;
      const verb = this.#word();
      if (!known.includes(verb)) throw this.#unknownVerb({ permissionClass, verb, start });
      if (!verbs.includes(verb)) verbs.push(verb);
    } while (this.#take(","));
    return verbs;
  }

  #limits(scope: Scope): { quota?: number; until?: number } {
    const limits: { quota?: number; until?: number } = {};
    do {
      const start = this.#at;
      const end = indexOfAny(this.#text, "=,)", start);
      const key = this.#text.slice(start, end).trim();
      const valueEnd = indexOfAny(this.#text, ",)", end);
      const value = this.#text.slice(end + 1, valueEnd).trim();
      if (this.#text[end] !== "=" || value === "") {
        throw this.#fault(start, "expected quota=COUNT, until=TIME or for=DURATION");
      }
      this.#at = valueEnd;
      if (key === "quota") {
        limits.quota = this.#quota(value, { at: end + 1, scope });
      } else if (key === "until") {
        limits.until = Math.min(limits.until ?? Infinity, this.#instant(value, end + 1));
      } else if (key === "for") {
        limits.until = Math.min(limits.until ?? Infinity, this.#duration(value, end + 1));
      } else {
        throw this.#fault(
          start,
          `there is no option ${shown(key)}`,
          didYouMean(key, ["quota", "until", "for"]),
        );
      }
    } while (this.#take(","));
    if (!this.#take(")")) throw this.#fault(this.#at, "the parenthesis is not closed");
    return limits;
  }

  #quota(value: string, where: { readonly at: number; readonly scope: Scope }): number {
    const { scope, at } = where;
    if (scope.kind === "verbs" && scope.permissionClass === "host") {
      throw this.#fault(at, "what a definition reaches is not counted", { hint: "Leave the quota out" });
    }
    const quota = Number(value);
    if (!/^\d{1,15}$/.test(value) || quota < 1) throw this.#fault(at, "a quota is a whole number from 1 on");
    return quota;
  }

  #instant(value: string, at: number): number {
    try {
      // A date alone means until its last moment.
      if (/^\d{4}-\d\d-\d\d$/.test(value)) {
        const next = Temporal.PlainDate.from(value).add({ days: 1 });
        return next.toZonedDateTime("UTC").epochMilliseconds;
      }
      return Temporal.Instant.from(value).epochMilliseconds;
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw this.#fault(at, `${shown(shortened(value))} is no point in time`, {
        hint: "Write a date, 2026-12-31, or an instant with its zone, 2026-12-31T18:00Z",
      });
    }
  }

  #duration(value: string, at: number): number {
    if (this.#now === undefined) {
      throw this.#fault(at, `a ${this.#what} here may not say "for"`, {
        hint: "Write until=, with a point in time",
      });
    }
    const match = /^(\d{1,9})(s|m|h|d)$/.exec(value);
    const unit = match?.[2];
    if (match === null || unit === undefined) {
      throw this.#fault(at, `${shown(shortened(value))} is no duration`, {
        hint: "Write a number with s, m, h or d: 90m",
      });
    }
    const ms = Number(match[1]) * ({ s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? 0);
    return Math.min(this.#now + ms, latestMoment);
  }

  #globs(): Glob[] {
    const globs = [this.#glob()];
    while (this.#take(",")) globs.push(this.#glob());
    return globs;
  }

  #glob(): Glob {
    const { glob, end } = this.#readGlob(globStops);
    this.#at = end;
    return glob;
  }

  #readGlob(stops: string): { readonly glob: Glob; readonly end: number } {
    try {
      return Glob.read(this.#text, this.#at, stops);
    } catch (error) {
      if (!(error instanceof VirtError)) throw error;
      const problem = problemOf(error);
      throw this.#fault(
        (error.at?.column ?? 1) - 1,
        problem,
        error.hint === undefined ? {} : { hint: error.hint },
      );
    }
  }

  #word(): string {
    const start = this.#at;
    while (/[A-Za-z0-9_.-]/.test(this.#peek())) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skip(characters: string): void {
    while (this.#at < this.#text.length && characters.includes(this.#peek())) this.#at++;
  }

  #unknownClass(word: string, start: number): VirtError {
    if (word === "") return this.#fault(start, "a class of objects is missing");
    const owner = classes.find((each) => verbsOf(each).includes(word));
    const suggestion = didYouMean(word, ["all", ...classes]);
    const hint = suggestion.hint === undefined && owner !== undefined
      ? { hint: `"${word}" is a verb: write ${owner}:${word}, and a space between two ${this.#what}s` }
      : suggestion;
    return this.#fault(start, `there is no class ${shown(shortened(word))}`, hint);
  }

  #unknownVerb(found: { permissionClass: PermissionClass; verb: string; start: number }): VirtError {
    const { permissionClass, verb, start } = found;
    if (verb === "") return this.#fault(start, `a verb of ${permissionClass} is missing`);
    if (classes.some((each) => each === verb) && this.#peek() === ":") {
      return this.#fault(start, `"${verb}" begins another ${this.#what}`, {
        hint: `Separate ${this.#what}s by a space`,
      });
    }
    const suggestion = didYouMean(verb, verbsOf(permissionClass));
    return this.#fault(start, `${permissionClass} has no verb ${shown(shortened(verb))}`, {
      hint: suggestion.hint ?? habits[`${permissionClass}:${verb}`] ??
        `Its verbs: ${verbsOf(permissionClass).join(", ")}`,
    });
  }

  #fault(index: number, problem: string, options: { readonly hint?: string } = {}): VirtError {
    const { line, column } = placeOf(this.#text, index);
    const where = line === 1 ? `column ${column}` : `line ${line}, column ${column}`;
    return new VirtError(
      "invalid-argument",
      `Cannot read ${this.#what} ${shown(shortened(this.#text.trim()))} at ${where}: ${problem}`,
      { at: { line, column }, detail: { problem, text: shortened(this.#text) }, ...options },
    );
  }
}

/** What people write by virsh's names, and libvirt's name for it. */
const habits: Readonly<Record<string, string>> = {
  "domain:shutdown": 'Shutting down and rebooting is "init_control", a hard stop is "stop"',
  "domain:reboot": 'Shutting down and rebooting is "init_control", a reset is "reset"',
  "domain:destroy": 'A hard stop is "stop"',
  "domain:define": 'Defining is "write" and "save"',
  "domain:undefine": 'Undefining is "delete"',
  "domain:list": 'Listing is "connect:search_domains" and "domain:getattr"',
  "domain:resume": 'Resuming is "suspend"',
  "domain:console": 'A console is "open_device"',
  "network:destroy": 'A stop is "stop"',
  "storage_pool:destroy": 'A stop is "stop"',
};

function isBare(last: string | undefined): boolean {
  return last !== undefined && /[a-z_]/.test(last);
}

function didYouMean(word: string, candidates: readonly string[]): { readonly hint?: string } {
  const found = nearest(word, candidates);
  return found === undefined ? {} : { hint: `Did you mean "${found}"?` };
}

/** What went wrong, without the sentence around it. */
function problemOf(error: VirtError): string {
  const { detail } = error;
  return typeof detail === "object" && detail !== null && "problem" in detail &&
      typeof detail.problem === "string"
    ? detail.problem
    : error.message;
}

function indexOfAny(text: string, characters: string, start: number): number {
  let at = start;
  while (at < text.length && !characters.includes(text[at] ?? "")) at++;
  return at;
}

function placeOf(text: string, index: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, index).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
