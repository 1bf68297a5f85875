/**
 * `drover daemon …`: a long-lived kernel that libvirt's clients talk to.
 *
 * @module
 */
import { buildCommand, buildRouteMap, type RouteMap } from "@stricli/core";
import { type Right, rights } from "../../daemon/http/rights.ts";
import type { DroverContext } from "../context.ts";
import { type StateFlags, stateFlags, text } from "../flags.ts";

/** Flags of `drover daemon`. */
export interface DaemonFlags extends StateFlags {
  readonly config?: string;
  readonly listen?: readonly string[];
  readonly timeout?: number;
}

/** Flags of `drover daemon token …`. */
export interface TokenFlags extends StateFlags {
  readonly config?: string;
  readonly file?: string;
}

/** Flags of `drover daemon token create`. */
export interface CreateTokenFlags extends TokenFlags {
  readonly allow?: readonly string[];
  readonly right?: readonly Right[];
  readonly expires?: number;
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
      "Places to listen: unix:/path, unix-ro:/path, tcp:HOST:PORT, tls:HOST:PORT, and for the HTTP API\n" +
      "http:HOST:PORT, http+unix:/path; where none is given, those of the\n" +
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

const tokenFlags = {
  ...stateFlags,
  config,
  file: {
    kind: "parsed",
    parse: text,
    optional: true,
    placeholder: "FILE",
    brief: "The file of tokens, instead of the settings' http_token_file",
  },
} as const;

const tokenName = {
  kind: "tuple",
  parameters: [{ brief: "The token's name", parse: text, placeholder: "NAME" }],
} as const;

/** How long a token is good, in milliseconds. */
function duration(input: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,5})([smhd])$/.exec(input) ?? [];
  const ms = Number(digits) * ({ s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? NaN);
  if (!(ms > 0)) throw new SyntaxError(`"${input}" is no time such as 90d, 12h, 30m`);
  return ms;
}

const createToken = buildCommand<CreateTokenFlags, [string], DroverContext>({
  docs: {
    brief: "Make a token for the HTTP API, and print it",
    fullDescription: "Make a token for the HTTP API, and print it: it cannot be shown again.\n" +
      "What operations it may call is granted as for drover run. Beside that it may have rights: observe (see all\n" +
      "runs, jobs, the audit log and the metrics), run (start recipes), manage (cancel what others do).",
  },
  parameters: {
    flags: {
      ...tokenFlags,
      allow: {
        kind: "parsed",
        parse: text,
        optional: true,
        variadic: true,
        placeholder: "GRANTS",
        brief: "What it may do, for instance domain:start@web-*",
      },
      right: { kind: "enum", values: rights, optional: true, variadic: true, brief: "What else it may do" },
      expires: {
        kind: "parsed",
        parse: duration,
        optional: true,
        placeholder: "TIME",
        brief: "How long it is good: 90d, 12h (default: until it is revoked)",
      },
    },
    positional: tokenName,
  },
  loader: async () => (await import("../actions/daemon_token.ts")).createToken,
});

const listTokens = buildCommand<TokenFlags, [], DroverContext>({
  docs: { brief: "List the tokens for the HTTP API" },
  parameters: { flags: tokenFlags },
  loader: async () => (await import("../actions/daemon_token.ts")).listTokens,
});

const revokeToken = buildCommand<TokenFlags, [string], DroverContext>({
  docs: { brief: "Revoke a token: it is of no use from now on" },
  parameters: { flags: tokenFlags, positional: tokenName },
  loader: async () => (await import("../actions/daemon_token.ts")).revokeToken,
});

const token = buildRouteMap<string, DroverContext>({
  routes: { create: createToken, list: listTokens, revoke: revokeToken },
  docs: { brief: "Make, list and revoke tokens for the HTTP API" },
});

const openapi = buildCommand<Record<never, never>, [], DroverContext>({
  docs: { brief: "Print the description of the HTTP API, as OpenAPI 3.1" },
  parameters: {},
  loader: async () => (await import("../actions/daemon_openapi.ts")).printOpenApi,
});

/** `drover daemon`. */
export const daemonRoutes: RouteMap<DroverContext> = buildRouteMap<string, DroverContext>({
  routes: { serve, password, token, openapi },
  defaultCommand: "serve",
  docs: { brief: "Serve libvirt's clients: virsh, libvirt-python and everything built on them" },
});
