/**
 * What simulated guests say on their consoles: a line when they boot, a login prompt, and a shell with the few programs
 * that they have. What a guest says of its own is in the metadata of its definition.
 *
 * @module
 */
import { attributeOf, childOf, childrenOf, readXml, type XmlElement } from "../../xml_span.ts";
import { runProgram } from "./programs.ts";
import type { GuestConsole } from "./record.ts";

/** The namespace of what a definition says about its simulated guest. */
export const guestNamespace = "urn:drover:simulated-guest";

/** The name of a guest's first console. */
export const firstConsole = "console:";

/** How much of what was printed is kept, in characters. */
const keptText = 16_384;

/** How long a typed line may be, in characters. */
const longestLine = 4096;

/** What a guest says and understands beside what all of them do. */
export interface Script {
  /** What it prints when it boots, instead of one line. */
  readonly boot: readonly string[];
  /** Who may log in; anybody where not given. */
  readonly user?: string;
  /** It is asked for where it is given. */
  readonly password?: string;
  /** What it answers to lines that are typed. */
  readonly answers: ReadonlyMap<string, string>;
}

/** Something that the guest does to itself, because it was told to. */
export type Deed = "power-off" | "reboot";

/** What came of typing. */
export interface Typed {
  readonly console: GuestConsole;
  readonly deed?: Deed;
}

/** What a definition says about its guest. */
export function scriptOf(xml: string): Script {
  const bare: Script = { boot: [], answers: new Map() };
  if (!xml.includes(guestNamespace)) return bare;
  const guest = childOf(readXml(xml), "metadata")?.children.find(isGuest);
  if (guest === undefined) return bare;
  const named = (name: string): readonly XmlElement[] =>
    guest.children.filter((child) => localName(child) === name);
  const [login] = named("login");
  const user = attributeOf(login, "user");
  const password = attributeOf(login, "password");
  return {
    boot: named("boot").map(({ text }) => text),
    answers: new Map(named("answer").map((each) => [attributeOf(each, "to") ?? "", each.text])),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
  };
}

function localName({ name }: XmlElement): string {
  return name.slice(name.indexOf(":") + 1);
}

function isGuest(element: XmlElement): boolean {
  const prefix = element.name.includes(":") ? `xmlns:${element.name.split(":")[0]}` : "xmlns";
  return localName(element) === "guest" && element.attributes.get(prefix) === guestNamespace;
}

/** A console on which nothing has been said. */
export function silent(port: string): GuestConsole {
  return { printed: 0, text: "", typed: "", at: port.startsWith("channel") ? "echo" : "login" };
}

/** A guest has booted: what it says first. Whoever has the console open keeps it. */
export function booted(console: GuestConsole, { name, xml }: { name: string; xml: string }): GuestConsole {
  const { user: _user, ...kept } = console;
  const fresh: GuestConsole = { ...kept, typed: "", at: console.at === "echo" ? "echo" : "login" };
  if (fresh.at === "echo") return fresh;
  const { boot } = scriptOf(xml);
  const lines = boot.length > 0 ? boot : [`Booting ${name}`];
  return printed(fresh, `${lines.map((line) => `${line}\r\n`).join("")}\r\n${name} login: `);
}

/** Somebody types; a guest that is paused or has not booted yet hears nothing. */
export function type(
  console: GuestConsole,
  { text, name, xml }: { readonly text: string; readonly name: string; readonly xml: string },
): Typed {
  const script = scriptOf(xml);
  let present = console;
  for (const character of text.replaceAll("\r\n", "\n").replaceAll("\r", "\n")) {
    if (character !== "\n") {
      present = echo(present, character);
      continue;
    }
    const { console: next, deed } = enter(present, { name, script });
    present = next;
    if (deed !== undefined) return { console: present, deed };
  }
  return { console: present };
}

function echo(console: GuestConsole, character: string): GuestConsole {
  const { typed, at } = console;
  const longer = { ...console, typed: `${typed}${character}`.slice(0, longestLine) };
  return at === "password" || at === "echo" ? longer : printed(longer, character);
}

function enter(
  before: GuestConsole,
  { name, script }: { readonly name: string; readonly script: Script },
): Typed {
  const { typed } = before;
  const console: GuestConsole = { ...before, typed: "" };
  const prompt = `${name}:~# `;
  switch (console.at) {
    case "echo":
      return { console: printed(console, `${script.answers.get(typed) ?? typed}\n`) };
    case "login":
      if (typed === "") return { console: printed(console, `\r\n${name} login: `) };
      if (script.password !== undefined) {
        return { console: printed({ ...console, at: "password", user: typed }, "\r\nPassword: ") };
      }
      if (script.user !== undefined && typed !== script.user) return { console: refused(console, name) };
      return { console: printed({ ...console, at: "shell", user: typed }, `\r\n${prompt}`) };
    case "password": {
      const isHim = typed === script.password && (script.user ?? console.user) === console.user;
      return {
        console: isHim ? printed({ ...console, at: "shell" }, `\r\n${prompt}`) : refused(console, name),
      };
    }
    case "shell":
      return shell(console, { typed, name, script, prompt });
  }
}

function refused(console: GuestConsole, name: string): GuestConsole {
  return printed({ ...console, at: "login" }, `\r\nLogin incorrect\r\n${name} login: `);
}

function shell(
  console: GuestConsole,
  { typed, name, script, prompt }: {
    readonly typed: string;
    readonly name: string;
    readonly script: Script;
    readonly prompt: string;
  },
): Typed {
  const line = typed.trim();
  const answer = script.answers.get(line);
  let output = answer === undefined ? "" : `${answer}\n`;
  let status = answer === undefined ? console.status ?? 0 : 0;
  for (const command of answer === undefined ? line.split(/\s*;\s*/) : []) {
    const [path = "", ...words] = command.split(/\s+/);
    if (path === "poweroff" || path === "reboot") {
      const deed = path === "reboot" ? "reboot" : "power-off";
      return { console: printed(console, `\r\n${output.replaceAll("\n", "\r\n")}`), deed };
    }
    if (path === "exit" || path === "logout") {
      return { console: printed({ ...console, at: "login", status: 0 }, `\r\n\r\n${name} login: `) };
    }
    if (path === "") continue;
    const given = words.map((word) => word.replaceAll("$?", `${status}`).replaceAll(/['"]/g, ""));
    const end = runProgram({ path, arguments: given, environment: [], stdin: "", hostname: name });
    output += end?.stdout ?? `sh: ${path}: not found\n`;
    status = end?.exitCode ?? 127;
  }
  return { console: printed({ ...console, status }, `\r\n${output.replaceAll("\n", "\r\n")}${prompt}`) };
}

/** A guest has printed something. */
export function printed(console: GuestConsole, text: string): GuestConsole {
  return {
    ...console,
    printed: console.printed + text.length,
    text: `${console.text}${text}`.slice(-keptText),
  };
}

/** Whether a definition has a console or channel; every guest has a first console. */
export function hasPort(xml: string, port: string): boolean {
  const colon = port.indexOf(":");
  const kind = port.slice(0, colon);
  const name = port.slice(colon + 1);
  const devices = childOf(readXml(xml), "devices");
  if (kind === "channel") {
    const names = childrenOf(devices, "channel").map((each) => attributeOf(each, "name", "target"));
    return name === "" ? names.length > 0 : names.includes(name);
  }
  if (name === "" || name === "serial0" || name === "console0") return true;
  return [...childrenOf(devices, "console"), ...childrenOf(devices, "serial")]
    .some((each) => attributeOf(each, "name", "alias") === name);
}
