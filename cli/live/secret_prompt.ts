/**
 * Has the values of secrets that only whoever runs a recipe has: in their environment, or typed without echo.
 *
 * @module
 */
import process from "node:process";
import { password } from "@clack/prompts";
import type { SecretQuestion } from "../../runtime/secret/fetch.ts";
import { plain } from "../output/plain.ts";
import type { Asking } from "./prompter.ts";

/** Puts the question; nothing where the person does not say, or nobody waits for it any more. */
export async function askForSecret(
  { name, description, recipe }: SecretQuestion,
  { signal, interrupt }: Asking,
): Promise<string | undefined> {
  if (signal.aborted) return undefined;
  const about = description === undefined ? "" : ` (${plain(description)})`;
  const answer = await password({
    output: process.stderr,
    signal,
    message: `Secret ${plain(name)}${about} for ${plain(recipe)}`,
    validate: (value) => value === undefined || value === "" ? "It is needed to go on" : undefined,
  });
  if (typeof answer === "string") return answer;
  if (!signal.aborted) interrupt();
  return undefined;
}
