/**
 * Asks the person at the terminal who they are, for a daemon that wants to know.
 *
 * @module
 */
import process from "node:process";
import { password, text } from "@clack/prompts";
import type { Credentials, CredentialsQuestion } from "../../runtime/person.ts";
import { plain } from "../output/plain.ts";
import type { Asking } from "./prompter.ts";

/** Puts the questions; nothing where the person does not say, or nobody waits for it any more. */
export async function askForCredentials(
  { uri, user, mechanism }: CredentialsQuestion,
  { signal, interrupt }: Asking,
): Promise<Credentials | undefined> {
  if (signal.aborted) return undefined;
  const common = { output: process.stderr, signal };
  const needed = (value: string | undefined): string | undefined =>
    value === undefined || value === "" ? "It is needed to connect" : undefined;
  const answered = async (ask: () => Promise<string | symbol>): Promise<string | undefined> => {
    const answer = await ask();
    if (typeof answer === "string") return answer;
    if (!signal.aborted) interrupt();
    return undefined;
  };
  const who = user ??
    await answered(() => text({ ...common, message: `User for ${plain(uri)}`, validate: needed }));
  if (who === undefined) return undefined;
  const clear = mechanism === "PLAIN" ? " (the host will see it)" : "";
  const secret = await answered(() =>
    password({
      ...common,
      message: `Password of ${plain(who)} for ${plain(uri)}${clear}`,
      validate: needed,
    })
  );
  return secret === undefined ? undefined : { user: who, password: secret };
}
