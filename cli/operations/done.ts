/**
 * What is said of something that was done.
 *
 * @module
 */
import { type ExitCode, exitCode } from "../../model/exit_code.ts";
import type { Operation } from "../../model/operation.ts";
import type { Io, Sink } from "../io.ts";
import type { PrintOptions } from "../output/format.ts";
import { plain, plainJson, plainLines } from "../output/plain.ts";
import { formatSize } from "../units.ts";
import { spoken } from "../words.ts";
import type { Answer } from "./answer.ts";
import { cell, isItem, isReference, type Item } from "./cell.ts";

/** Fields that are for programs. */
const forPrograms: ReadonlySet<string> = new Set([
  ...["phase", "generation", "sha256", "dataBytes", "session", "at", "reader", "state", "bytes"],
]);

/** One line: what was done, and in what state the object is now. What a program in the guest said is printed as it is. */
export function tellDone(
  operation: Operation,
  { value, label, verb }: Answer,
  { io }: PrintOptions,
): ExitCode | undefined {
  if (isItem(value) && "stdout" in value && "exitCode" in value) return programEnd(value, io);
  if (isItem(value) && "answer" in value) {
    // What an agent answers is JSON already.
    const answer = value["answer"];
    io.stdout.write(`${typeof answer === "string" ? plainLines(answer) : plainJson(answer, 2)}\n`);
    return undefined;
  }
  const about = isReference(value) ? `${spoken(operation.objectClass)} "${value.name}"` : label;
  io.stdout.write(`${plainLines(`${about}: ${verb} done${facts(value)}`)}\n`);
  return undefined;
}

function facts(value: unknown): string {
  if (!isItem(value) || isReference(value)) return "";
  const { state, bytes } = value;
  const others = Object.entries(value)
    .filter(([name, one]) => !forPrograms.has(name) && (typeof one === "number" || typeof one === "string"))
    .map(([name, one]) => `, ${spoken(name)} ${cell(name, one)}`);
  const size = typeof bytes === "number" ? `, ${formatSize(bytes)}` : "";
  const now = typeof state === "string" ? `, now ${state}` : "";
  return `${size}${others.join("")}${now}`;
}

/** What a program in the guest said, and how it ended. */
function programEnd(
  { stdout, stderr, exitCode: code, signal, running, pid }: Item,
  io: Io,
): ExitCode | undefined {
  pass(stdout, io.stdout);
  pass(stderr, io.stderr);
  if (running === true) {
    io.stderr.write(`It goes on in the guest as process ${plain(String(pid))}\n`);
    return undefined;
  }
  if (code === 0) return undefined;
  const how = typeof signal === "number"
    ? `was ended by signal ${signal}`
    : `ended with ${plain(String(code))}`;
  io.stderr.write(`The program in the guest ${how}\n`);
  return exitCode.error;
}

/** Text of a guest is made harmless on a terminal. */
function pass(said: unknown, sink: Sink): void {
  const bytes = said instanceof Uint8Array
    ? said
    : new TextEncoder().encode(typeof said === "string" ? said : "");
  if (bytes.length === 0) return;
  if (sink.terminal) sink.write(plainLines(new TextDecoder().decode(bytes)));
  else sink.writeBytes(bytes);
}
