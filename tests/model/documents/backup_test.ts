import assert from "node:assert/strict";
import { backup, type DomainDisk } from "../../../model/documents/mod.ts";
import { parseDocument } from "../../../model/xml/mod.ts";
import { testConformance } from "./conformance.ts";
import { refusal, testRoundTrip } from "./round_trip.ts";

/** The domain that libvirt's test made up has each disk that a file names, and one more. */
function disksOf(names: readonly string[]): readonly DomainDisk[] {
  return [...names, "vdextradisk"].map((name) => ({ name, path: `/fake/${name}.qcow2` }));
}

const named: Readonly<Record<string, readonly string[]>> = {
  "backup-pull-fd.xml": ["vda", "hda", "vdc", "vdd", "vde", "vdf"],
  "backup-pull-seclabel.xml": ["vda", "vdb"],
  "backup-pull-unix.xml": ["vda", "hda", "vdc", "vdd", "vde", "vdf"],
  "backup-pull.xml": ["vda", "hda", "vdc", "vdd", "vde", "vdf"],
  "backup-push-encrypted.xml": ["vda", "vdb", "vdc"],
  "backup-push.xml": ["vda", "vdb", "vdc", "vdd", "hda"],
};

const refused = { "backup-pull-internal-invalid.xml": /"privateData" is not a known part of a backup/ };

testConformance({
  set: "backup",
  inputs: "domainbackupxml2xmlin",
  outputs: "domainbackupxml2xmlout",
  description: backup,
  context: (name) => ({ domainDisks: disksOf(named[name] ?? []), backupSuffix: "SUFFIX" }),
  refused,
});

testConformance({ set: "backup", inputs: "domainbackupxml2xmlout", description: backup, refused });

testRoundTrip("a backup that is pulled over TLS, encrypted", {
  description: backup,
  text: `<domainbackup mode='pull'>
    <incremental>c1</incremental>
    <server transport='tcp' tls='yes' name='::' port='10809'/>
    <disks>
      <disk name='vda' backup='yes' type='block' backupmode='incremental' incremental='c1' exportname='n'
        exportbitmap='b'>
        <driver type='qcow2'/>
        <scratch dev='/dev/a'>
          <seclabel model='dac' relabel='yes'><label>a:b</label></seclabel>
          <encryption format='luks' engine='qemu'><secret type='passphrase' usage='u'/>
            <cipher name='aes' size='256' mode='cbc' hash='sha256'/><ivgen name='plain64' hash='sha256'/>
          </encryption>
        </scratch>
      </disk>
      <disk name='vdb' backup='no'/>
    </disks>
  </domainbackup>`,
});

Deno.test("a backup's disks begin at its checkpoint, or at their own, or are saved as a whole", () => {
  const disks =
    "<disks><disk name='a'/><disk name='b' incremental='y'/><disk name='c' backupmode='full'/></disks>";
  const modes = (inner: string): unknown =>
    parseDocument(backup, `<domainbackup>${inner}</domainbackup>`).value.disks?.disks
      .map((disk) => [disk.backupmode, disk.incremental]);
  const own = [["incremental", "y"], ["full", undefined]];
  assert.deepEqual(modes(`<incremental>x</incremental>${disks}`), [["incremental", "x"], ...own]);
  assert.deepEqual(modes(disks), [["full", undefined], ...own]);
});

Deno.test("what libvirt refuses of backups is refused where it stands", () => {
  const push = (inner: string): string =>
    refusal(backup, `<domainbackup><disks>${inner}</disks></domainbackup>`);
  const pull = (inner: string): string =>
    refusal(backup, `<domainbackup mode='pull'>${inner}</domainbackup>`);
  assert.match(
    refusal(backup, "<domainbackup mode='copy'/>"),
    /@mode\): Found "copy", expected one of "push"/,
  );
  assert.match(pull(""), /The element <server> is missing/);
  assert.match(
    refusal(backup, "<domainbackup><server name='a'/></domainbackup>"),
    /"server" is not a known part/,
  );
  assert.match(pull("<server/>"), /server\): The attribute "name" is missing/);
  assert.match(pull("<server transport='unix'/>"), /"socket" is missing, expected an absolute path/);
  assert.match(pull("<server transport='fd'/>"), /"fdgroup" is missing/);
  assert.match(pull("<server transport='rdma'/>"), /@transport\): Found "rdma"/);
  assert.match(pull("<server name='a' port='65536'/>"), /@port\): Found "65536"/);
  const server = "<server name='a'/>";
  assert.match(pull(`${server}<disks/>`), /The element <disk> is missing/);
  assert.match(
    pull(`${server}<disks><disk name='a'><target file='/a'/></disk></disks>`),
    /target\): A backup of the mode "pull" has no <target>, expected <scratch>/,
  );
  assert.match(
    pull(`${server}<disks><disk name='a'><driver type='raw'/></disk></disks>`),
    /driver\/@type\): Found "raw", expected "qcow2"/,
  );
  assert.match(push("<disk name='a'><scratch file='/a'/></disk>"), /scratch\): .* expected <target>/);
  assert.match(push("<disk name='a' exportname='x'/>"), /@exportname\): Only a backup that is pulled/);
  assert.match(push("<disk name='a' type='block'/>"), /The block device is missing, expected <target>/);
  assert.match(push("<disk name='a' type='network'/>"), /@type\): Found "network", expected one of "file"/);
  assert.match(
    push("<disk name='a'><target file='a'/></disk>"),
    /@file\): Found "a", expected an absolute path/,
  );
  assert.match(
    push("<disk name='a' backup='no'><target file='/a'/></disk>"),
    /target\): A disk that is left out/,
  );
  assert.match(push("<disk name='a' backupmode='incremental'/>"), /@backupmode\): Nothing says since when/);
  assert.match(push("<disk name='a' backupmode='full' incremental='x'/>"), /@incremental\): A full backup/);
  assert.match(
    push("<disk name='a'><target file='/a'><encryption format='qcow'/></target></disk>"),
    /encryption\/@format\): Found "qcow", expected "luks"/,
  );
});
