/**
 * Asks the person at the terminal for a permission that nothing grants, as Deno asks for its own.
 *
 * @module
 */
import process from "node:process";
import { isCancel, select } from "@clack/prompts";
import type { PermissionAnswer, Question } from "../../runtime/control/methods.ts";
import { plain } from "../output/plain.ts";
import type { Asking } from "./prompter.ts";

/** Puts the question; Ctrl-C is no. */
export async function askPermission(
  question: Question,
  { signal, interrupt }: Asking,
): Promise<PermissionAnswer> {
  if (signal.aborted) return "deny";
  const about = question.name === undefined ? "" : ` on "${plain(question.name)}"`;
  const reaching = question.reached === undefined ? "" : `, which reaches "${plain(question.reached)}"`;
  const answer = await select<PermissionAnswer>({
    message: `${plain(question.recipe)} asks for ${plain(question.permission)}${about}${reaching} (${
      plain(question.operation)
    })`,
    options: [
      { value: "once", label: "Allow once" },
      { value: "run", label: "Allow for this run", hint: `--allow ${plain(question.grant)}` },
      { value: "deny", label: "Deny" },
    ],
    initialValue: "deny",
    output: process.stderr,
    signal,
  });
  if (!isCancel(answer)) return answer;
  if (!signal.aborted) interrupt();
  return "deny";
}
