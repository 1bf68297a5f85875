/**
 * Operations on domains: what goes on inside the guest, mostly through its agent.
 *
 * @module
 */
import { z } from "zod";
import { operation } from "../operation.ts";
import { cpuSet, nothing, secretField } from "./shape.ts";

const mountpoints = z.array(z.string().startsWith("/").max(4096)).max(256).optional().describe(
  "Mount points; all where not given",
);

export const domainAddresses = operation("domain.addresses", {
  summary: "Show the network addresses of a running domain",
  permission: "domain:read",
  job: "query",
  effect: "read",
  aliases: ["domifaddr"],
  input: z.object({
    source: z.enum(["lease", "agent", "arp"]).default("lease").describe(
      "Ask the host's DHCP leases, the guest's agent, or the host's ARP table",
    ),
  }),
  output: z.array(z.object({
    interface: z.string(),
    mac: z.string().optional(),
    addresses: z.array(z.object({
      family: z.enum(["ipv4", "ipv6"]),
      address: z.string(),
      prefix: z.int().min(0).max(128),
    })),
  })),
});

/** How much of each output of a program in the guest an answer holds, in characters: it must fit into a message. */
export const guestOutputLength = 128 * 1024;

/** What is known of a program in the guest. */
const program = z.object({
  exitCode: z.int().optional(),
  signal: z.int().optional(),
  stdout: z.string(),
  stderr: z.string(),
  pid: z.int().optional().describe("Its process in the guest"),
  running: z.boolean().optional().describe("It has not ended, and runs on"),
  truncated: z.boolean().optional().describe("Not all that it printed is here"),
});

export const domainGuestExec = operation("domain.guestExec", {
  summary: "Run a program in the guest by its agent, and wait for it",
  permission: "domain:write",
  job: "agent",
  effect: "write",
  reconcile: "never",
  input: z.object({
    path: z.string().min(1).max(4096).describe("The program"),
    arguments: z.array(z.string().max(65_536)).max(1024).default([]),
    environment: z.array(z.string().max(65_536)).max(1024).default([]).describe("NAME=VALUE"),
    stdin: z.string().max(1024 * 1024).optional(),
    captureOutput: z.boolean().default(true).describe("Keep what it prints, for the answer"),
    waitMs: z.int().min(0).max(86_400_000).optional().describe(
      "How long it may run before the answer says that it still does; as long as the call may take where not given",
    ),
  }),
  output: program,
});

export const domainGuestExecStatus = operation("domain.guestExecStatus", {
  summary: "Show what became of a program in the guest; of one that has ended the agent tells once",
  permission: "domain:write",
  job: "agent",
  effect: "read",
  input: z.object({ pid: z.int().min(0).max(2 ** 53 - 1).describe("Its process in the guest") }),
  output: program,
});

export const domainGuestInfo = operation("domain.guestInfo", {
  summary: "Show what the guest's agent tells of its system",
  permission: "domain:write",
  job: "agent",
  effect: "read",
  aliases: ["guestinfo", "domhostname", "domfsinfo"],
  input: nothing,
  output: z.object({
    hostname: z.string().optional(),
    os: z.object({
      id: z.string().optional(),
      name: z.string().optional(),
      version: z.string().optional(),
      kernelRelease: z.string().optional(),
      machine: z.string().optional(),
    }),
    timezone: z.object({ name: z.string().optional(), offsetS: z.int().optional() }),
    users: z.array(z.object({ name: z.string(), loginTime: z.int().describe("Milliseconds since 1970") })),
    filesystems: z.array(z.object({
      mountpoint: z.string(),
      name: z.string(),
      type: z.string(),
      disks: z.array(z.string()),
      frozen: z.boolean(),
    })),
  }).describe("What the agent does not tell is left out"),
});

export const domainFreeze = operation("domain.freeze", {
  summary: "Freeze the guest's file systems by its agent",
  permission: "domain:fs_freeze",
  job: "agent",
  effect: "write",
  reconcile: "by-state",
  undo: "domain.thaw",
  aliases: ["domfsfreeze"],
  input: z.object({ mountpoints }),
  output: z.object({
    frozen: z.int().optional().describe("How many were frozen; absent where only the outcome is known"),
  }),
});

export const domainThaw = operation("domain.thaw", {
  summary: "Thaw the guest's file systems by its agent",
  permission: "domain:fs_freeze",
  job: "agent",
  effect: "write",
  reconcile: "by-state",
  aliases: ["domfsthaw"],
  input: z.object({ mountpoints }),
  output: z.object({
    thawed: z.int().optional().describe("How many were thawed; absent where only the outcome is known"),
  }),
});

export const domainTrim = operation("domain.trim", {
  summary: "Have the guest give back what its file systems do not use",
  permission: "domain:fs_trim",
  job: "agent",
  effect: "write",
  reconcile: "never",
  aliases: ["domfstrim"],
  input: z.object({
    mountpoint: z.string().startsWith("/").max(4096).optional().describe("All where not given"),
    minimumBytes: z.int().min(0).default(0).describe("Smaller pieces are left"),
  }),
  output: nothing,
});

export const domainSetPassword = operation("domain.setPassword", {
  summary: "Change a user's password in the guest by its agent",
  permission: "domain:set_password",
  job: "agent",
  effect: "write",
  reconcile: "never",
  secretInput: ["password"],
  aliases: ["set-user-password"],
  input: z.object({
    user: z.string().min(1).max(256),
    password: secretField(z.string().max(4096)),
    encrypted: z.boolean().default(false).describe("The password is encrypted already"),
  }),
  output: nothing,
});

export const domainTime = operation("domain.time", {
  summary: "Show the guest's clock",
  permission: "domain:read",
  job: "agent",
  effect: "read",
  aliases: ["domtime"],
  input: nothing,
  output: z.object({ seconds: z.int().describe("Seconds since 1970"), nanoseconds: z.int() }),
});

export const domainSetTime = operation("domain.setTime", {
  summary: "Set the guest's clock",
  permission: "domain:set_time",
  job: "agent",
  effect: "write",
  reconcile: "never",
  input: z.object({
    seconds: z.int().min(0).optional().describe("Seconds since 1970; the host's time where not given"),
    sync: z.boolean().default(false).describe("Set it from the guest's hardware clock"),
  }),
  output: nothing,
});

export const domainHostname = operation("domain.hostname", {
  summary: "Show the guest's host name",
  permission: "domain:write",
  job: "agent",
  effect: "read",
  input: z.object({
    source: z.enum(["lease", "agent"]).optional().describe(
      "Ask the host's DHCP leases or the guest's agent; the hypervisor chooses where not given",
    ),
  }),
  output: z.object({ hostname: z.string() }),
});

export const domainGuestVcpus = operation("domain.guestVcpus", {
  summary: "Show which virtual processors the guest uses, by its agent",
  permission: "domain:write",
  job: "agent",
  effect: "read",
  aliases: ["guestvcpus"],
  input: nothing,
  output: z.object({
    vcpus: z.string().describe("Those that there are: 0-3"),
    online: z.string().describe("Those that the guest uses"),
    offlinable: z.string().describe("Those that the guest can do without"),
  }),
});

export const domainSetGuestVcpus = operation("domain.setGuestVcpus", {
  summary: "Have the guest use virtual processors, or not, by its agent",
  permission: "domain:write",
  job: "agent",
  effect: "write",
  reconcile: "by-state",
  input: z.object({ vcpus: cpuSet.describe("Virtual processors: 0-3,8"), online: z.boolean() }),
  output: nothing,
});

/** A user in the guest. */
const user = z.string().min(1).max(256).describe("A user in the guest");

export const domainAuthorizedKeys = operation("domain.authorizedKeys", {
  summary: "Show which SSH keys may log in as a user in the guest, by its agent",
  permission: "domain:write",
  job: "agent",
  effect: "read",
  aliases: ["get-user-sshkeys"],
  input: z.object({ user }),
  output: z.array(z.string()),
});

export const domainSetAuthorizedKeys = operation("domain.setAuthorizedKeys", {
  summary: "Change which SSH keys may log in as a user in the guest, by its agent",
  permission: "domain:write",
  job: "agent",
  effect: "write",
  reconcile: "by-state",
  aliases: ["set-user-sshkeys"],
  input: z.object({
    user,
    keys: z.array(z.string().min(1).max(65_536)).max(2048).default([]).describe("Lines of authorized_keys"),
    how: z.enum(["replace", "append", "remove"]).default("replace").describe(
      "These alone, these as well, or without these",
    ),
  }),
  output: nothing,
});

export const domainSetAgentTimeout = operation("domain.setAgentTimeout", {
  summary: "Change how long the hypervisor waits for the guest's agent to answer",
  permission: "domain:write",
  job: "agent",
  effect: "write",
  reconcile: "never",
  aliases: ["guest-agent-timeout"],
  input: z.object({
    timeoutS: z.int().min(0).max(2 ** 31 - 1).optional().describe(
      "Seconds, 0 for not at all; the hypervisor's own time where not given",
    ),
    block: z.boolean().default(false).describe("As long as it takes"),
  }),
  output: nothing,
});

export const domainAgentCommand = operation("domain.agentCommand", {
  summary: "Give a command to the guest's agent as it stands, and show its answer",
  permission: "domain:write",
  job: "agent",
  effect: "write",
  reconcile: "never",
  aliases: ["qemu-agent-command"],
  input: z.object({
    command: z.string().min(2).max(4 * 1024 * 1024 - 1024).describe(
      'A document of the agent\'s protocol: {"execute":"guest-ping"}',
    ),
    timeoutS: z.int().min(0).max(2 ** 31 - 1).optional().describe(
      "Seconds to wait for the answer, 0 for not at all; the hypervisor's own time where not given",
    ),
  }),
  output: z.object({ answer: z.string().optional() }),
});
