/**
 * What is said when the command line itself is wrong.
 *
 * @module
 */
import {
  type ApplicationText,
  ArgumentScannerError,
  formatMessageForArgumentScannerError,
  text_en,
} from "@stricli/core";
import { VirtError } from "../model/error.ts";
import type { Painter } from "./output/colour.ts";
import { errorText } from "./output/error.ts";

/** Backquoted suggestions of the parser, as a hint of its own. */
function suggestion(corrections: readonly string[]): { hint?: string } {
  const names = corrections.map((name) => name.replaceAll("`", "")).filter((name) => !name.startsWith("__"));
  return names.length === 0 ? {} : { hint: `Did you mean ${names.join(" or ")}?` };
}

function usageError(error: ArgumentScannerError): VirtError {
  const [message = "", hint] = formatMessageForArgumentScannerError(error, {
    FlagNotFoundError: ({ input, corrections }) =>
      `No flag --${input}${corrections.length === 0 ? "" : `\n--${corrections.join(" or --")}`}`,
    AliasNotFoundError: ({ input }) => `No flag -${input}`,
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, input, exception }) =>
      `Cannot use "${input}" for ${name.startsWith("-") ? name : flagOrPlaceholder(name)}: ${
        exception instanceof Error ? exception.message : String(exception)
      }`,
    EnumValidationError: ({ externalFlagName, input, values }) =>
      `Cannot use "${input}" for --${externalFlagName}: it is one of ${values.join(", ")}`,
    UnsatisfiedFlagError: ({ externalFlagName }) => `--${externalFlagName} needs a value`,
    UnexpectedPositionalError: ({ expectedCount, input }) =>
      `Too many arguments: ${expectedCount} expected, "${input}" is one more`,
    UnsatisfiedPositionalError: ({ placeholder }) => `${placeholder} is missing`,
    InvalidNegatedFlagSyntaxError: ({ externalFlagName, valueText }) =>
      `--${externalFlagName} takes no value, and got "${valueText}"`,
    UnexpectedFlagError: ({ externalFlagName, previousInput, input }) =>
      `--${externalFlagName} is given twice: "${previousInput}" and "${input}"`,
  }).split("\n");
  return new VirtError(
    "invalid-argument",
    message,
    hint === undefined ? {} : { hint: `Did you mean ${hint}?` },
  );
}

/** Placeholders are in capitals, flags are not. */
function flagOrPlaceholder(name: string): string {
  return name === name.toUpperCase() ? name : `--${name}`;
}

/** The texts of the command line parser, in our way of telling errors. */
export function applicationText(paint: Painter): ApplicationText {
  const told = (error: unknown): string => errorText(error, paint);
  const parsing = (error: unknown): string =>
    told(error instanceof ArgumentScannerError ? usageError(error) : error);
  return {
    ...text_en,
    briefs: {
      ...text_en.briefs,
      help: "Show this help",
      helpAll: "Show this help with what is hidden",
      version: "Show the version",
      argumentEscapeSequence: "Take everything that follows as arguments",
    },
    noCommandRegisteredForInput: ({ input, corrections }) =>
      told(
        new VirtError("invalid-argument", `No command "${input}"`, {
          hint: "See: drover --help",
          ...suggestion(corrections),
        }),
      ),
    exceptionWhileParsingArguments: parsing,
    exceptionWhileLoadingCommandFunction: told,
    exceptionWhileLoadingCommandContext: told,
    exceptionWhileRunningCommand: told,
    commandErrorResult: told,
    exceptionWhileRunningIntegrationHook: ({ exception }) => told(exception),
    exceptionWhileRunningIntegrationFlag: ({ exception }) => told(exception),
  };
}
