/**
 * `drover daemon password`: sets the password of a user who proves himself by SASL.
 *
 * @module
 */
import process from "node:process";
import { isCancel, password as askPassword } from "@clack/prompts";
import { parseUsers, storePassword, userLine } from "../../daemon/authentication/user_file.ts";
import { VirtError } from "../../model/error.ts";
import { saslPrep } from "../../protocol/authentication/saslprep.ts";
import { replaceFile } from "../../runtime/state/durable_file.ts";
import type { PasswordFlags } from "../commands/daemon.ts";
import type { DroverContext } from "../context.ts";
import { readDaemonSettings } from "../daemon_settings.ts";
import type { Io } from "../io.ts";

/** Writes the file anew, with the user's line added or changed; whoever reads it sees the one or the other. */
export async function setPassword(this: DroverContext, flags: PasswordFlags, name: string): Promise<void> {
  const { io } = this;
  const file = flags.file ?? readDaemonSettings(io, flags.config).settings.sasl_user_file;
  if (file === "") {
    throw new VirtError("invalid-argument", "Cannot set a password: no file of users is named", {
      hint: "Name it with --file, or sasl_user_file in the settings",
    });
  }
  const user = saslPrep(name, "user name");
  const line = userLine(user, storePassword(await readPassword(io, user)));
  const before = io.machine.readText(file) ?? "";
  parseUsers(before, file);
  const others = before.split("\n").filter((row) => row !== "" && !row.startsWith(`${user}:`));
  await replaceFile(file, `${[...others, line].join("\n")}\n`);
}

async function readPassword(io: Io, user: string): Promise<string> {
  if (!io.stdin.terminal) {
    const [first = ""] = new TextDecoder().decode(await io.stdin.readAll()).split(/\r?\n/);
    return first;
  }
  const answer = await askPassword({ message: `Password for ${user}`, output: process.stderr });
  if (isCancel(answer)) throw new VirtError("cancelled", "No password was set");
  return answer;
}
