/**
 * `drover daemon …`: a long-lived kernel that libvirt's clients talk to.
 *
 * @module
 */
import { buildCommand, buildRouteMap, type RouteMap } from "@stricli/core";
import type { DroverContext } from "../context.ts";
import { type StateFlags, stateFlags, text } from "../flags.ts";

/** Flags of `drover daemon`. */
export interface DaemonFlags extends StateFlags {
  readonly config?: string;
  readonly listen?: readonly string[];
  readonly timeout?: number;
}

/** Flags of `drover daemon password`. */
export interface PasswordFlags {
  readonly config?: string;
  readonly file?: string;
}

const config = {
  kind: "parsed",
  parse: text,
  optional: true,
  placeholder: "FILE",
  brief: "Settings, with libvirtd.conf's names",
} as const;

function seconds(input: string): number {
  if (!/^\d{1,7}$/.test(input)) throw new SyntaxError(`"${input}" is no number of seconds`);
  return Number(input);
}

const serve = buildCommand<DaemonFlags, [], DroverContext>({
  docs: {
    brief: "Serve libvirt's clients, and be the kernel of the state directory",
    fullDescription: "Serve libvirt's clients, and be the kernel of the state directory, until stopped.\n" +
      "Places to listen: unix:/path, unix-ro:/path, tcp:HOST:PORT, tls:HOST:PORT; where none is given, those of the\n" +
      "settings. What happens is told on standard error, a line of JSON each. Settings: docs/daemon.md.",
  },
  parameters: {
    flags: {
      ...stateFlags,
      config,
      listen: {
        kind: "parsed",
        parse: text,
        optional: true,
        variadic: true,
        placeholder: "PLACE",
        brief: "Where to listen, instead of where the settings say",
      },
      timeout: {
        kind: "parsed",
        parse: seconds,
        optional: true,
        placeholder: "SECONDS",
        brief: "Leave when nobody has been there for so long",
      },
    },
  },
  loader: async () => (await import("../actions/daemon.ts")).serveClients,
});

const password = buildCommand<PasswordFlags, [string], DroverContext>({
  docs: {
    brief: "Set the password of a user who proves himself by SASL",
    fullDescription:
      "Set the password of a user who proves himself by SASL: asked for on a terminal, else the first\n" +
      "line of standard input.",
  },
  parameters: {
    flags: {
      config,
      file: {
        kind: "parsed",
        parse: text,
        optional: true,
        placeholder: "FILE",
        brief: "The file of users, instead of the settings' sasl_user_file",
      },
    },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The user's name", parse: text, placeholder: "NAME" }],
    },
  },
  loader: async () => (await import("../actions/daemon_password.ts")).setPassword,
});

/** `drover daemon`. */
export const daemonRoutes: RouteMap<DroverContext> = buildRouteMap<string, DroverContext>({
  routes: { serve, password },
  defaultCommand: "serve",
  docs: { brief: "Serve libvirt's clients: virsh, libvirt-python and everything built on them" },
});
