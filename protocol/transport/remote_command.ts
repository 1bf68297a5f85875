/**
 * What is run on the far side of ssh: a line that every login shell passes on to `sh` unharmed.
 *
 * @module
 */
import type { SshLink } from "../link.ts";

/**
 * The command line for the far side: `virt-ssh-helper`, which comes with libvirt and finds the daemon's socket on its
 * own, or netcat.
 *
 * @example
 * ```ts
 * import { endpointOf } from "../endpoint.ts";
 * import { remoteCommand } from "./remote_command.ts";
 * import { parseUri } from "../../model/uri.ts";
 * const { link } = endpointOf(parseUri("qemu+ssh://host/system"));
 * if (link.kind === "ssh") remoteCommand(link); // sh -c '…'
 * ```
 */
export function remoteCommand(link: SshLink): string {
  const helper = `exec virt-ssh-helper${link.readonly ? " -r" : ""} ${quote(link.helperUri)}`;
  switch (link.proxy) {
    case "native":
      return throughEveryShell(helper);
    case "netcat":
      return throughEveryShell(netcat(link));
    case "auto":
      return throughEveryShell(
        `if command -v virt-ssh-helper >/dev/null 2>&1; then ${helper}; else ${netcat(link)}; fi`,
      );
  }
}

/** Some netcats stay after their input has ended unless `-q` is given; others do not know it. */
function netcat({ netcat, socket }: SshLink): string {
  const [program, path] = [quote(netcat), quote(socket)];
  return `case "$(${program} -q 2>&1 </dev/null)" in *"requires an argument"*) exec ${program} -q 0 -U ${path};; ` +
    `*) exec ${program} -U ${path};; esac`;
}

/**
 * One word of `sh`, written without any character that could mean something to it or to a login shell: csh replaces
 * `!` even in quotes, fish takes `\'` and `\\` for something else. `printf` puts the others back.
 */
function quote(word: string): string {
  const bytes = [...new TextEncoder().encode(word)];
  const safe = bytes.map((byte) => {
    const character = String.fromCharCode(byte);
    return /[\w@%+=:,./-]/.test(character) ? character : `\\0${byte.toString(8).padStart(3, "0")}`;
  }).join("");
  return safe.includes("\\") ? `"$(printf %b "${safe}")"` : `"${safe}"`;
}

/** A script without quotes of this kind in it, as one word of a login shell. */
function throughEveryShell(script: string): string {
  return `sh -c '${script}'`;
}
