/**
 * `drover domain console`: a person at a guest's serial console.
 *
 * @module
 */
import { buildCommand, type Command } from "@stricli/core";
import type { DroverContext } from "../context.ts";
import { type PromptFlags, promptFlags, type StateFlags, stateFlags, text } from "../flags.ts";

/** Flags of `domain console`. */
export interface ConsoleFlags extends StateFlags, PromptFlags {
  readonly connect?: string;
  readonly devname?: string;
  readonly channel?: string;
  readonly force?: boolean;
  readonly safe?: boolean;
  readonly resume?: boolean;
  readonly escape?: string;
}

/** `drover domain console NAME`, and `drover console NAME`. */
export const consoleCommand: Command<DroverContext> = buildCommand<ConsoleFlags, [string], DroverContext>({
  docs: {
    brief: "Sit at the serial console of a running domain",
    fullDescription: "Sit at the serial console of a running domain.\n" +
      "What you type goes to the guest, Ctrl-C included; Ctrl-] leaves. Others may read the same console at the same\n" +
      "time, if they do so through Drover. Nothing of what is typed is kept on record.\n" +
      "Permission: domain:open_device.\n" +
      "In virsh: console.",
  },
  parameters: {
    flags: {
      devname: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "ALIAS",
        brief: "Another console than the first, by its alias: serial1",
      },
      channel: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "NAME",
        brief: "A channel instead, by its target's name: org.example.0",
      },
      force: {
        kind: "boolean",
        optional: true,
        brief: "Take it from somebody else who has it open",
        withNegated: false,
      },
      safe: {
        kind: "boolean",
        optional: true,
        brief: "Only where the hypervisor keeps others off",
        withNegated: false,
      },
      resume: {
        kind: "boolean",
        optional: true,
        brief: "Let the domain go on when the console is open, so that nothing is missed",
        withNegated: false,
      },
      escape: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "KEY",
        brief: "What leaves: ^] for Ctrl-], or one character [default = ^]]",
      },
      ...stateFlags,
      connect: { kind: "parsed", parse: text, optional: true, placeholder: "URI", brief: "Connection" },
      ...promptFlags,
    },
    aliases: { c: "connect", e: "escape" },
    positional: {
      kind: "tuple",
      parameters: [{
        brief: "Name of the domain",
        parse: text,
        placeholder: "DOMAIN",
        async proposeCompletions(this: DroverContext, partial: string): Promise<readonly string[]> {
          const { proposeObjects } = await import("../completion/names.ts");
          return proposeObjects(this, { classes: ["domain"], partial });
        },
      }],
    },
  },
  loader: async () => (await import("../actions/console.ts")).sitAtConsole,
});
