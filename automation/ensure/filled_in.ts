/**
 * What a hypervisor makes of what somebody wrote: other words for the same.
 *
 * @module
 */
/** Whether two values differ only in words: memory in whole MiB, the version of a machine type. */
export function isSameInOtherWords(
  path: string,
  { from, to }: { readonly from: string; readonly to: string },
): boolean {
  switch (path) {
    case "memory":
    case "currentMemory":
      return Number(from) === Math.ceil(Number(to) / 1024) * 1024;
    case "devices/console/target@port":
      // Consoles are numbered by their order, whatever is written.
      return true;
    case "devices/hostdev/source@name":
      return from === `${to}/0`;
    case "devices/controller@model":
      return to === "auto";
    case "os/type@machine":
      return isVersionOf(from, to);
    default:
      return false;
  }
}

/** `q35` is `pc-q35-7.2`, `pc` is `pc-i440fx-7.2`, `virt` is `virt-7.2`. Source: QEMU's aliases of machine types. */
function isVersionOf(machine: string, alias: string): boolean {
  const family = alias === "pc" ? "pc-i440fx" : alias;
  return machine.startsWith(`${family}-`) || machine.startsWith(`pc-${family}-`);
}
