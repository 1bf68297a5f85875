/**
 * Backups of domains' disks.
 *
 * @module
 */
import { VirtError } from "../../model/error.ts";
import { textOf } from "../../drivers/xml_span.ts";
import { rootIn } from "../dispatch/document.ts";
import { calls, type Family } from "../dispatch/row.ts";

/** The files that it writes into are there already. Source: libvirt, virDomainBackupBeginFlags. */
const reuse = 1;

/**
 * The name of the checkpoint that is set together with a backup.
 *
 * @throws {VirtError} `unsupported` where its document says more than that: which disks it is of follows from the backup.
 */
function checkpointName(xml: string): string {
  const root = rootIn(xml);
  const name = root === undefined ? undefined : textOf(root, "name");
  if (root?.name !== "domaincheckpoint" || name === undefined || name === "") {
    throw new VirtError("invalid-document", "expecting a 'domaincheckpoint' with a name", {
      remoteCode: "VIR_ERR_XML_ERROR",
    });
  }
  const more = root.children.find((child) => !["name", "description"].includes(child.name));
  if (more === undefined) return name;
  throw new VirtError("unsupported", `a checkpoint of a backup cannot have <${more.name}> here`, {
    remoteCode: "VIR_ERR_CONFIG_UNSUPPORTED",
  });
}

/** The rows. */
export const backup = {
  domainBackupBegin: calls("domain.beginBackup", {
    flags: reuse,
    input: ({ backupXml: xml, checkpointXml, flags }) => ({
      xml,
      reuseFiles: (flags & reuse) !== 0,
      ...(checkpointXml === undefined ? {} : { checkpoint: checkpointName(checkpointXml) }),
    }),
  }),
  domainBackupGetXmlDesc: calls("domain.backupXml", { result: (xml) => ({ xml }) }),
} satisfies Family;
