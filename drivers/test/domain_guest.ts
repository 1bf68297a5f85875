/**
 * Domains: screen, keyboard, and what goes on inside the guest.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { guestOutputLength } from "../../model/operations/domain_guest.ts";
import { sleep } from "../../runtime/clock.ts";
import type { DriverMap, Job } from "../../runtime/driver.ts";
import { act, inspect } from "./act.ts";
import { connectionOf } from "./connection.ts";
import { dhcpOf } from "./network_definition.ts";
import { nicsOf } from "../device.ts";
import { type DomainJob, needGuest, wrongState } from "./domain.ts";
import type { In, Nothing, Out } from "./operation_types.ts";
import { domainByState } from "./reconcile.ts";
import { picture } from "./screen.ts";
import { guestFilesystems } from "./world/agent_effects.ts";
import { badValue } from "./domain.ts";
import { attributeOf } from "../xml_span.ts";

async function screenshot(
  job: DomainJob,
  { screen }: In<"domain.screenshot">,
): Promise<Out<"domain.screenshot">> {
  const { object } = job;
  needGuest(object, "take a picture of");
  if (screen !== 0) {
    throw badValue(object, `Cannot take a picture of screen ${screen} of ${object.label}: it has one`);
  }
  await inspect(job, "host.look", { input: { id: object.id, kind: "domain" } });
  return { mime: "image/png", image: picture(object.id) };
}

async function sendKey(job: DomainJob, { keys }: In<"domain.sendKey">): Promise<Nothing> {
  const { state } = needGuest(job.object, "press keys of");
  if (state !== "running") throw wrongState(job.object, { doing: "press keys of", found: `it is ${state}` });
  await act(job, "domain.signal", { input: { id: job.object.id, what: "keys", values: keys } });
  return {};
}

async function sendSignal(job: DomainJob, { pid, signal }: In<"domain.sendSignal">): Promise<Nothing> {
  needGuest(job.object, "send a signal to");
  if (pid !== 1) {
    throw badValue(
      job.object,
      `Cannot send a signal to process ${pid} of ${job.object.label}: only 1 is known`,
    );
  }
  await act(job, "domain.signal", { input: { id: job.object.id, what: "signal", values: [pid, signal] } });
  return {};
}

/** How much sooner than its call a wait ends, so that it is answered and not late; milliseconds. */
const marginMs = 500;

/** The agent answers only while its guest runs. */
function needAgent(job: DomainJob, doing: string): void {
  const { state, booting } = needGuest(job.object, doing);
  if (state !== "running") {
    throw wrongState(job.object, { doing, found: `it is ${state}, so its agent does not answer` });
  }
  if (booting === true) {
    throw new VirtError(
      "operation-failed",
      `Cannot ${doing} ${job.object.label}: its agent is not connected`,
      {
        target: job.object.label,
        hint: "Wait for it: vm.until.agent()",
      },
    );
  }
}

/** The addresses of a guest. The host gives them out by the guest's id, from the start of the network's range. */
export function addressesOf(job: Job, domain: DomainJob["object"]): Out<"domain.addresses"> {
  const { live } = domain;
  if (live === undefined) return [];
  const isUp = live.booting !== true;
  return nicsOf(domain.config).map((nic, index) => {
    const mac = attributeOf(nic, "address", "mac");
    const name = attributeOf(nic, "network", "source");
    const network = name === undefined ? undefined : connectionOf(job).table.byName("network", name);
    const range = network?.live === undefined ? undefined : dhcpOf(network.config);
    const first = range?.first ?? [192, 168, 0, 0] as const;
    const number = first[2] * 256 + first[3] + live.id + index;
    return {
      interface: attributeOf(nic, "dev", "target") ?? `vnet${index}`,
      ...(mac === undefined ? {} : { mac }),
      addresses: !isUp || (name !== undefined && network?.live === undefined) ? [] : [{
        family: "ipv4" as const,
        address: `${first[0]}.${first[1]}.${(number >> 8) & 255}.${number & 255}`,
        prefix: range?.prefix ?? 24,
      }],
    };
  });
}

async function addresses(
  job: DomainJob,
  { source }: In<"domain.addresses">,
): Promise<Out<"domain.addresses">> {
  needGuest(job.object, "find the addresses of");
  if (source === "agent") needAgent(job, "find the addresses of");
  await inspect(job, "host.look", { input: { id: job.object.id, kind: "domain" } });
  return addressesOf(job, job.object);
}

async function exec(job: DomainJob, input: In<"domain.guestExec">): Promise<Out<"domain.guestExec">> {
  needAgent(job, "run a program in");
  const { path, arguments: words, environment, stdin = "", captureOutput, waitMs } = input;
  const { pid, takesMs } = await act(job, "agent.exec", {
    input: { id: job.object.id, path, arguments: words, environment, stdin, keep: captureOutput },
  });
  const patienceMs = Math.min(waitMs ?? Infinity, job.deadline - job.clock.now() - marginMs);
  // What runs goes on whether somebody waits for it or not.
  await job.hop("agent", (signal) => waitInGuest(job, { ms: Math.min(takesMs, patienceMs), signal }), {
    acts: false,
  });
  if (waitMs === 0) return { stdout: "", stderr: "", pid, running: true };
  return await execStatus(job, { pid });
}

async function execStatus(
  job: DomainJob,
  { pid }: In<"domain.guestExecStatus">,
): Promise<Out<"domain.guestExecStatus">> {
  needAgent(job, "look after a program in");
  const end = await act(job, "agent.exec-status", { input: { id: job.object.id, pid }, acts: false });
  if (end === undefined) return { stdout: "", stderr: "", pid, running: true };
  const { exitCode, stdout, stderr } = end;
  return {
    exitCode,
    stdout: stdout.slice(0, guestOutputLength),
    stderr,
    pid,
    ...(stdout.length > guestOutputLength ? { truncated: true } : {}),
  };
}

/** Waits for what goes on in a guest; it ends with the guest. */
async function waitInGuest(
  { object, clock, connection }: DomainJob,
  { ms, signal }: { readonly ms: number; readonly signal: AbortSignal },
): Promise<void> {
  const guestId = object.live?.id;
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  using _watching = connectionOf({ connection }).table.watch((id, record) => {
    if (id === object.id && record?.guest?.id !== guestId) resolve();
  });
  const over = new AbortController();
  try {
    await Promise.race([gone, sleep(clock, ms, AbortSignal.any([signal, over.signal]))]);
  } finally {
    over.abort();
  }
}

async function info(job: DomainJob): Promise<Out<"domain.guestInfo">> {
  needAgent(job, "ask the agent of");
  await inspect(job, "host.look", { input: { id: job.object.id, kind: "domain" } });
  const guest = needGuest(job.object, "ask the agent of");
  return {
    hostname: job.object.name,
    os: { id: "test", name: "Simulated guest", version: "1", kernelRelease: "1.0.0", machine: "i686" },
    timezone: { name: "UTC", offsetS: 0 },
    users: [{ name: "root", loginTime: guest.startedAt }],
    filesystems: guestFilesystems.map(({ mountpoint, name, type, disks }) => ({
      mountpoint,
      name,
      type,
      disks: [...disks],
      frozen: guest.frozen.includes(mountpoint),
    })),
  };
}

async function hostname(
  job: DomainJob,
  { source }: In<"domain.hostname">,
): Promise<Out<"domain.hostname">> {
  if (source === "agent") needAgent(job, "ask for the host name of");
  needGuest(job.object, "ask for the host name of");
  await inspect(job, "host.look", { input: { id: job.object.id, kind: "domain" } });
  return { hostname: job.object.name };
}

/** What an agent is told of mount points; all where nothing is said. */
function where(mountpoints: readonly string[] | undefined): { mountpoints?: string[] } {
  return mountpoints === undefined ? {} : { mountpoints: [...mountpoints] };
}

async function freeze(job: DomainJob, { mountpoints }: In<"domain.freeze">): Promise<Out<"domain.freeze">> {
  needAgent(job, "freeze the file systems of");
  return { frozen: await act(job, "agent.freeze", { input: { id: job.object.id, ...where(mountpoints) } }) };
}

async function thaw(job: DomainJob, { mountpoints }: In<"domain.thaw">): Promise<Out<"domain.thaw">> {
  needAgent(job, "thaw the file systems of");
  return { thawed: await act(job, "agent.thaw", { input: { id: job.object.id, ...where(mountpoints) } }) };
}

async function trim(job: DomainJob, { mountpoint }: In<"domain.trim">): Promise<Nothing> {
  needAgent(job, "trim the file systems of");
  await act(job, "agent.trim", {
    input: { id: job.object.id, ...where(mountpoint === undefined ? undefined : [mountpoint]) },
  });
  return {};
}

async function setPassword(job: DomainJob, { user, password }: In<"domain.setPassword">): Promise<Nothing> {
  needAgent(job, "set a password in");
  await act(job, "agent.set-password", { input: { id: job.object.id, user, password } });
  return {};
}

async function time(job: DomainJob): Promise<Out<"domain.time">> {
  needAgent(job, "ask for the time of");
  return await inspect(job, "agent.read-time", { input: { id: job.object.id } });
}

async function setTime(job: DomainJob, { seconds }: In<"domain.setTime">): Promise<Nothing> {
  needAgent(job, "set the time of");
  await act(job, "agent.set-time", {
    input: { id: job.object.id, ...(seconds === undefined ? {} : { seconds }) },
  });
  return {};
}

/** The mount points that a freeze or a thaw concerns. */
function concerned(mountpoints: readonly string[] | undefined): readonly string[] {
  const all: readonly string[] = guestFilesystems.map(({ mountpoint }) => mountpoint);
  return mountpoints === undefined ? all : mountpoints.filter((each) => all.includes(each));
}

export const domainGuest = {
  "domain.screenshot": { run: screenshot },
  "domain.sendKey": { run: sendKey },
  "domain.sendSignal": { run: sendSignal },
  "domain.addresses": { run: addresses },
  "domain.guestExec": { run: exec },
  "domain.guestExecStatus": { run: execStatus },
  "domain.guestInfo": { run: info },
  "domain.hostname": { run: hostname },
  "domain.freeze": {
    run: freeze,
    reconcile: domainByState<"domain.freeze">({
      done: ({ object }, { mountpoints }) =>
        concerned(mountpoints).every((each) => object.live?.frozen.includes(each) === true),
      value: (_job, { mountpoints }) => ({ frozen: concerned(mountpoints).length }),
    }),
  },
  "domain.thaw": {
    run: thaw,
    reconcile: domainByState<"domain.thaw">({
      done: ({ object }, { mountpoints }) =>
        concerned(mountpoints).every((each) => object.live?.frozen.includes(each) !== true),
      value: (_job, { mountpoints }) => ({ thawed: concerned(mountpoints).length }),
    }),
  },
  "domain.trim": { run: trim },
  "domain.setPassword": { run: setPassword },
  "domain.time": { run: time },
  "domain.setTime": { run: setTime },
} satisfies DriverMap;
