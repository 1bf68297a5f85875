/**
 * Domains: what goes on inside the guest, mostly through its agent.
 *
 * @module
 */
import { z } from "zod";
import { isVirtError, VirtError } from "../../model/error.ts";
import { guestOutputLength } from "../../model/operations/domain_guest.ts";
import { sleep } from "../../runtime/clock.ts";
import type { DriverMap } from "../../runtime/driver.ts";
import { parseCpuSet } from "../cpu_set.ts";
import type { In, Out } from "../operation_types.ts";
import { actTogether, askTogether } from "./act.ts";
import { agentTimeouts, commandAgent } from "./agent.ts";
import type { Line } from "./line.ts";
import type { RemoteJob, RemoteObject } from "./object.ts";
import { asks, does, done, type Subject } from "./object_call.ts";
import { type Parameters, plainParameters } from "./parameters.ts";
import { nearest, wireDomain } from "./wire.ts";

/** The pauses between two looks at a program in a guest, in milliseconds. */
const firstPauseMs = 20;
const longestPauseMs = 1_000;
/** How much sooner than its call a wait ends, so that it is answered and not late; milliseconds. */
const marginMs = 500;

/** Source: the QEMU guest agent's protocol, guest-exec. */
const started = z.object({ pid: z.int() });

/** Source: the QEMU guest agent's protocol, guest-exec-status. */
const status = z.object({
  "exited": z.boolean(),
  "exitcode": z.int().optional(),
  "signal": z.int().optional(),
  "out-data": z.string().optional(),
  "err-data": z.string().optional(),
  "out-truncated": z.boolean().optional(),
  "err-truncated": z.boolean().optional(),
});

/** What an agent answered, checked: whoever rules the guest rules its agent. */
function understood<T>(answer: unknown, schema: z.ZodType<T>, { label }: RemoteObject): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw new VirtError(
    "protocol",
    `The agent of ${label} answered with something else than its protocol says`,
  );
}

function encoded(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

function decoded(data: string | undefined, { label }: RemoteObject): string {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(data ?? ""));
  } catch {
    throw new VirtError("protocol", `The agent of ${label} sent output that is not base64`);
  }
}

async function exec(job: RemoteJob, input: In<"domain.guestExec">): Promise<Out<"domain.guestExec">> {
  const { object, clock } = job;
  const { path, arguments: words, environment, stdin, captureOutput, waitMs } = input;
  const doing = "run a program in";
  const { pid } = await actTogether(job, "guest-exec", async (line) => {
    const answer = await commandAgent(line, object, {
      execute: "guest-exec",
      arguments: {
        path,
        "arg": words,
        "env": environment,
        "capture-output": captureOutput,
        ...(stdin === undefined ? {} : { "input-data": encoded(stdin) }),
      },
    });
    return understood(answer, started, object);
  }, { doing });
  const until = Math.min(clock.now() + (waitMs ?? Infinity), job.deadline - marginMs);
  const running = { stdout: "", stderr: "", pid, running: true };
  for (let pauseMs = firstPauseMs;; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    if (waitMs === 0) return running;
    let now: Out<"domain.guestExecStatus">;
    try {
      now = await execStatus(job, { pid });
    } catch (error) {
      // It was started, and what becomes of it can be asked for when the link is back.
      if (isVirtError(error, "unreachable")) return running;
      throw error;
    }
    if (now.running !== true || clock.now() >= until) return now;
    await job.hop(
      "wait for the program",
      (signal) => sleep(clock, Math.min(pauseMs, Math.max(1, until - clock.now())), signal),
      { acts: false, offline: true },
    );
  }
}

async function execStatus(
  job: RemoteJob,
  { pid }: In<"domain.guestExecStatus">,
): Promise<Out<"domain.guestExecStatus">> {
  const { object } = job;
  const now = await askTogether(job, "guest-exec-status", async (line) => {
    const answer = await commandAgent(line, object, { execute: "guest-exec-status", arguments: { pid } });
    return understood(answer, status, object);
  }, { doing: "look after a program in" });
  return now.exited ? ended(job, { pid, now }) : { stdout: "", stderr: "", pid, running: true };
}

function ended(
  { object }: RemoteJob,
  { pid, now }: { readonly pid: number; readonly now: z.infer<typeof status> },
): Out<"domain.guestExec"> {
  const stdout = decoded(now["out-data"], object);
  const stderr = decoded(now["err-data"], object);
  const truncated = now["out-truncated"] === true || now["err-truncated"] === true ||
    stdout.length > guestOutputLength || stderr.length > guestOutputLength;
  return {
    pid,
    stdout: stdout.slice(0, guestOutputLength),
    stderr: stderr.slice(0, guestOutputLength),
    ...(now.exitcode === undefined ? {} : { exitCode: now.exitcode }),
    ...(now.signal === undefined ? {} : { signal: now.signal }),
    ...(truncated ? { truncated } : {}),
  };
}

function textIn(info: Parameters, name: string): string | undefined {
  const value = info[name];
  return value === undefined ? undefined : `${value}`;
}

function numberIn(info: Parameters, name: string): number | undefined {
  const value = info[name];
  return typeof value === "number" ? value : undefined;
}

/** A numbered list within what an agent tells. */
function listIn<T>(info: Parameters, prefix: string, item: (prefix: string) => T): T[] {
  // The numbers come from the guest, and so does how many there are.
  const count = Math.min(numberIn(info, `${prefix}.count`) ?? 0, Object.keys(info).length);
  return Array.from({ length: count }, (_, index) => item(`${prefix}.${index}`));
}

/** Without what is not there. */
function given<T extends Record<string, unknown>>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** Source: libvirt, VIR_DOMAIN_GUEST_INFO_*. */
async function guestInfo(
  line: Line,
  { object }: Subject<"domain.guestInfo">,
): Promise<Out<"domain.guestInfo">> {
  const { params } = await line.call("domainGetGuestInfo", { dom: wireDomain(object), types: 0, flags: 0 });
  const info = plainParameters(params);
  return {
    ...given({ hostname: textIn(info, "hostname") }),
    os: given({
      id: textIn(info, "os.id"),
      name: textIn(info, "os.name"),
      version: textIn(info, "os.version"),
      kernelRelease: textIn(info, "os.kernel-release"),
      machine: textIn(info, "os.machine"),
    }),
    timezone: given({ name: textIn(info, "timezone.name"), offsetS: numberIn(info, "timezone.offset") }),
    users: listIn(info, "user", (user) => ({
      name: textIn(info, `${user}.name`) ?? "",
      loginTime: numberIn(info, `${user}.login-time`) ?? 0,
    })),
    filesystems: listIn(info, "fs", (fs) => ({
      mountpoint: textIn(info, `${fs}.mountpoint`) ?? "",
      name: textIn(info, `${fs}.name`) ?? "",
      type: textIn(info, `${fs}.fstype`) ?? "",
      disks: listIn(info, `${fs}.disk`, (disk) => textIn(info, `${disk}.alias`) ?? "").filter((alias) =>
        alias !== ""
      ),
      // While anything is frozen the agent does not tell of file systems at all.
      frozen: false,
    })),
  };
}

/** Whether any of a guest's file systems is frozen. Source: the QEMU guest agent's protocol, guest-fsfreeze-status. */
async function isFrozen(line: Line, domain: RemoteObject): Promise<boolean> {
  return await commandAgent(line, domain, { execute: "guest-fsfreeze-status" }) === "frozen";
}

/** How SSH keys are changed. Source: libvirt, virDomainAuthorizedSSHKeysSetFlags. */
const keyFlags = { replace: 0, append: 1, remove: 2 } as const;

async function authorizedKeys(line: Line, domain: RemoteObject, user: string): Promise<string[]> {
  const { keys } = await line.call("domainAuthorizedSshKeysGet", { dom: wireDomain(domain), user, flags: 0 });
  return [...keys];
}

/** Whether a user's keys are what they were to become. */
function areKeys(now: readonly string[], { keys, how }: In<"domain.setAuthorizedKeys">): boolean {
  const there = new Set(now);
  if (how === "remove") return keys.every((key) => !there.has(key));
  return keys.every((key) => there.has(key)) && (how === "append" || there.size === new Set(keys).size);
}

/** Source: libvirt, virDomainGetGuestVcpus. */
async function guestVcpus(line: Line, domain: RemoteObject): Promise<Out<"domain.guestVcpus">> {
  const { params } = await line.call("domainGetGuestVcpus", { dom: wireDomain(domain), flags: 0 });
  const found = plainParameters(params);
  return {
    vcpus: textIn(found, "vcpus") ?? "",
    online: textIn(found, "online") ?? "",
    offlinable: textIn(found, "offlinable") ?? "",
  };
}

export const domainGuest = {
  "domain.guestExec": { run: exec },
  "domain.guestExecStatus": { run: execStatus },
  "domain.guestInfo": asks<"domain.guestInfo">("ask the agent of", guestInfo),
  "domain.freeze": does<"domain.freeze">({
    doing: "freeze the file systems of",
    act: async (line, { object, input }) => {
      const args = { dom: wireDomain(object), mountpoints: input.mountpoints ?? [], flags: 0 };
      return { frozen: (await line.call("domainFsfreeze", args)).filesystems };
    },
    isSo: (line, { object }) => isFrozen(line, object),
    answer: {},
  }),
  "domain.thaw": does<"domain.thaw">({
    doing: "thaw the file systems of",
    act: async (line, { object, input }) => {
      const args = { dom: wireDomain(object), mountpoints: input.mountpoints ?? [], flags: 0 };
      return { thawed: (await line.call("domainFsthaw", args)).filesystems };
    },
    isSo: async (line, { object }) => !await isFrozen(line, object),
    answer: {},
  }),
  "domain.trim": does<"domain.trim">({
    doing: "trim the file systems of",
    act: (line, { object, input }) =>
      done(line.call("domainFstrim", {
        dom: wireDomain(object),
        mountPoint: input.mountpoint,
        minimum: BigInt(input.minimumBytes),
        flags: 0,
      })),
    answer: {},
  }),
  "domain.setPassword": does<"domain.setPassword">({
    doing: "set a password in",
    act: (line, { object, input: { user, password, encrypted } }) =>
      done(line.call("domainSetUserPassword", {
        dom: wireDomain(object),
        user,
        password,
        // Source: libvirt, VIR_DOMAIN_PASSWORD_ENCRYPTED.
        flags: encrypted ? 1 : 0,
      })),
    answer: {},
  }),
  "domain.time": asks<"domain.time">("ask for the time of", async (line, { object }) => {
    const { seconds, nseconds } = await line.call("domainGetTime", { dom: wireDomain(object), flags: 0 });
    return { seconds: nearest(seconds), nanoseconds: nseconds };
  }),
  "domain.setTime": does<"domain.setTime">({
    doing: "set the time of",
    act: (line, { job, object, input: { seconds, sync } }) => {
      const nowMs = job.clock.now();
      return done(line.call("domainSetTime", {
        dom: wireDomain(object),
        seconds: BigInt(sync ? 0 : seconds ?? Math.floor(nowMs / 1000)),
        nseconds: sync || seconds !== undefined ? 0 : Math.floor(nowMs % 1000) * 1_000_000,
        // Source: libvirt, VIR_DOMAIN_TIME_SYNC.
        flags: sync ? 1 : 0,
      }));
    },
    answer: {},
  }),
  "domain.hostname": asks<"domain.hostname">("ask for the host name of", async (line, { object, input }) => {
    // Source: libvirt, virDomainGetHostnameFlags.
    const flags = input.source === undefined ? 0 : { lease: 1, agent: 2 }[input.source];
    return await line.call("domainGetHostname", { dom: wireDomain(object), flags });
  }),
  "domain.guestVcpus": asks<"domain.guestVcpus">(
    "ask for the processors of",
    (line, { object }) => guestVcpus(line, object),
  ),
  "domain.setGuestVcpus": does<"domain.setGuestVcpus">({
    doing: "change the processors inside",
    act: (line, { object, input: { vcpus, online } }) =>
      done(line.call("domainSetGuestVcpus", {
        dom: wireDomain(object),
        cpumap: vcpus,
        state: online ? 1 : 0,
        flags: 0,
      })),
    isSo: async (line, { object, input }) => {
      const online = parseCpuSet((await guestVcpus(line, object)).online);
      return [...parseCpuSet(input.vcpus)].every((vcpu) => online.has(vcpu) === input.online);
    },
    answer: {},
  }),
  "domain.authorizedKeys": asks<"domain.authorizedKeys">(
    "read the SSH keys in",
    (line, { object, input }) => authorizedKeys(line, object, input.user),
  ),
  "domain.setAuthorizedKeys": does<"domain.setAuthorizedKeys">({
    doing: "change the SSH keys in",
    act: (line, { object, input: { user, keys, how } }) =>
      done(line.call("domainAuthorizedSshKeysSet", {
        dom: wireDomain(object),
        user,
        keys,
        flags: keyFlags[how],
      })),
    isSo: async (line, { object, input }) => areKeys(await authorizedKeys(line, object, input.user), input),
    answer: {},
  }),
  "domain.setAgentTimeout": does<"domain.setAgentTimeout">({
    doing: "change the patience with the agent of",
    act: (line, { object, input: { timeoutS, block } }) =>
      done(line.call("domainAgentSetResponseTimeout", {
        dom: wireDomain(object),
        timeout: block ? agentTimeouts.block : timeoutS ?? agentTimeouts.default,
        flags: 0,
      })),
    answer: {},
  }),
  "domain.agentCommand": does<"domain.agentCommand">({
    doing: "command the agent of",
    act: async (line, { object, input: { command, timeoutS } }) => {
      const { result } = await line.call("qemuDomainAgentCommand", {
        dom: wireDomain(object),
        cmd: command,
        timeout: timeoutS ?? agentTimeouts.default,
        flags: 0,
      });
      return result === undefined ? {} : { answer: result };
    },
    answer: {},
  }),
} satisfies DriverMap;
