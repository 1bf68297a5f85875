/**
 * Claims or releases a file and is killed at one of its hops: `mortal_claim.ts claim|release PATH OWNER HOP before|after`.
 * Where the hop does not come it ends with 0.
 *
 * @module
 */
import { systemClock } from "../../../runtime/clock.ts";
import type { Job } from "../../../runtime/driver.ts";
import { HostFiles } from "../../../runtime/posix/host_files.ts";
import { claimFiles, releaseFiles } from "../../../runtime/remember_owner.ts";

const [does, path = "", owner = "", at, when] = Deno.args;

function die(): void {
  Deno.kill(Deno.pid, "SIGKILL");
}

let hops = 0;
const job: Pick<Job, "hop"> = {
  hop: async (_where, fn) => {
    const fatal = hops++ === Number(at);
    if (fatal && when === "before") die();
    const result = await fn(new AbortController().signal, undefined);
    if (fatal && when === "after") die();
    return result;
  },
};
const change = does === "claim" ? claimFiles : releaseFiles;
await change(job, [{ path, owner }], { files: new HostFiles({ clock: systemClock }) });
