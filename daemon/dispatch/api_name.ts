/**
 * What libvirt's own library calls the function behind a procedure.
 *
 * @module
 */
import type { ProcedureName } from "../../protocol/procedures/mod.ts";

/** Words that libvirt writes in capitals, as they stand in our names. */
const capitals: Readonly<Record<string, string>> = {
  Xml: "XML",
  Uuid: "UUID",
  Id: "ID",
  Os: "OS",
  Cpu: "CPU",
  Uri: "URI",
  Nmi: "NMI",
  Fs: "FS",
  Fd: "FD",
  Pm: "PM",
  Dhcp: "DHCP",
  Ssh: "SSH",
  Sev: "SEV",
  Iothread: "IOThread",
  Nwfilter: "NWFilter",
  Nwfilters: "NWFilters",
  Scsi: "SCSI",
  Wwn: "WWN",
};

/**
 * The function's name, as errors have it.
 *
 * @example
 * ```ts
 * import { apiName } from "./api_name.ts";
 * apiName("domainGetXmlDesc"); // "virDomainGetXMLDesc"
 * ```
 */
export function apiName(procedure: ProcedureName): string {
  const words = procedure.replace(/^(qemu|lxc)?./, (start) => start.toUpperCase()).match(/[A-Z][a-z0-9]*/g);
  return `vir${(words ?? []).map((word) => Object.hasOwn(capitals, word) ? capitals[word] : word).join("")}`;
}
