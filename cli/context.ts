/**
 * What every command works with.
 *
 * @module
 */
import type { CommandContext } from "@stricli/core";
import type { ExitCode } from "../model/exit_code.ts";
import type { Control } from "../runtime/control/control.ts";
import type { CompletionWords } from "./completion/names.ts";
import type { Io } from "./io.ts";
import type { RecipeToLaunch } from "./launch.ts";

/** How to reach, or become, a kernel. */
export interface OpenControlOptions {
  readonly stateDirectory: string;
  readonly io: Io;
  /** The recipe that is about to be run: it is put into its sandbox while the kernel comes up. */
  readonly recipe?: RecipeToLaunch;
  /** The connections that it will open: their drivers are loaded meanwhile. */
  readonly uris?: readonly string[];
}

/** Attaches to the kernel of a state directory, or becomes it. */
export type OpenControl = (options: OpenControlOptions) => Promise<Control>;

/** A command's `this`. */
export interface DroverContext extends CommandContext {
  readonly io: Io;
  readonly openControl: OpenControl;
  /** The exit code to leave with, where the command ends without an error but not with 0. */
  leaveWith(code: ExitCode): void;
  /** Set while words are being completed: those before the one in question. */
  readonly completing?: CompletionWords;
  /** Ends the process at once. */
  endNow(code: ExitCode): void;
}
