import assert from "node:assert/strict";
import { domainCapabilities } from "../../../model/documents/mod.ts";
import { parseDocument } from "../../../model/xml/mod.ts";
import { refusal, testRoundTrip } from "./round_trip.ts";

/** A device that has a choice, by the names of its attributes. */
function choice(name: string, attributes: Readonly<Record<string, readonly string[]>>): string {
  const enums = Object.entries(attributes).map(([attribute, words]) =>
    `<enum name='${attribute}'>${words.map((word) => `<value>${word}</value>`).join("")}</enum>`
  );
  return `<${name} supported='yes'>${enums.join("")}</${name}>`;
}

const whole = `
<domainCapabilities>
  <path>/usr/bin/qemu-system-x86_64</path>
  <domain>kvm</domain>
  <machine>pc-q35-9.2</machine>
  <arch>x86_64</arch>
  <vcpu max='4096'/>
  <iothreads supported='yes'/>
  <os supported='yes'>
    <enum name='firmware'><value>bios</value><value>efi</value></enum>
    <loader supported='yes'>
      <value>/usr/share/OVMF/OVMF_CODE_4M.fd</value>
      <enum name='type'><value>rom</value><value>pflash</value></enum>
      <enum name='secure'><value>no</value></enum>
    </loader>
  </os>
  <cpu>
    <mode name='host-passthrough' supported='yes'>
      <enum name='hostPassthroughMigratable'><value>on</value><value>off</value></enum>
    </mode>
    <mode name='maximum' supported='yes'>
      <enum name='maximumMigratable'><value>on</value></enum>
    </mode>
    <mode name='host-model' supported='yes'>
      <model fallback='forbid'>EPYC-Rome</model>
      <vendor>AMD</vendor>
      <maxphysaddr mode='passthrough' limit='48'/>
      <feature policy='require' name='x2apic'/>
      <feature policy='disable' name='rdpid'/>
    </mode>
    <mode name='custom' supported='yes'>
      <model usable='no' deprecated='no' vendor='AMD' canonical='EPYC-v1'>EPYC</model>
      <blockers model='EPYC'><feature name='monitor'/><feature name='svm'/></blockers>
      <model usable='yes' vendor='unknown'>qemu64</model>
      <model usable='unknown' vendor='Intel'>pentium</model>
    </mode>
  </cpu>
  ${choice("memoryBacking", { sourceType: ["file", "anonymous", "memfd"] })}
  <devices>
    ${choice("disk", { diskDevice: ["disk", "cdrom"], bus: ["virtio", "sata"], model: ["virtio"] })}
    ${choice("graphics", { type: ["vnc", "egl-headless"] })}
    ${choice("video", { modelType: ["vga", "none"] })}
    ${choice("hostdev", { mode: ["subsystem"], startupPolicy: ["default"], pciBackend: [] })}
    ${choice("rng", { model: ["virtio"], backendModel: ["random", "egd"] })}
    ${choice("filesystem", { driverType: ["path", "virtiofs"] })}
    ${choice("tpm", { model: ["tpm-tis"], backendVersion: ["2.0"] })}
    ${choice("redirdev", { bus: ["usb"] })}
    ${choice("channel", { type: ["pty", "unix"] })}
    ${choice("crypto", { model: ["virtio"], type: ["qemu"] })}
    ${choice("interface", { backendType: ["default", "passt"] })}
    ${choice("panic", { model: ["isa", "hyperv"] })}
    ${choice("console", { type: ["pty", "null"] })}
  </devices>
  <features>
    <gic supported='no'/>
    <vmcoreinfo supported='yes'/>
    <genid supported='yes'/>
    <backingStoreInput supported='yes'/>
    <backup supported='yes'/>
    <async-teardown supported='yes'/>
    <s390-pv supported='no'/>
    <ps2 supported='yes'/>
    <tdx supported='no'/>
    <sev supported='yes'>
      <cbitpos>47</cbitpos>
      <reducedPhysBits>1</reducedPhysBits>
      <maxGuests>59</maxGuests>
      <maxESGuests>450</maxESGuests>
      <cpu0Id>AbC+/=</cpu0Id>
    </sev>
    <sgx supported='yes'>
      <flc>no</flc>
      <sgx1>yes</sgx1>
      <sgx2>no</sgx2>
      <section_size unit='KiB'>524288</section_size>
      <sections><section node='0' size='262144' unit='KiB'/><section node='1' size='262143' unit='KiB'/></sections>
    </sgx>
    <hyperv supported='yes'>
      <enum name='features'><value>relaxed</value><value>vapic</value></enum>
      <defaults>
        <spinlocks>4095</spinlocks>
        <stimer_direct>on</stimer_direct>
        <tlbflush_direct>on</tlbflush_direct>
        <tlbflush_extended>off</tlbflush_extended>
        <vendor_id>Linux KVM Hv</vendor_id>
      </defaults>
    </hyperv>
    ${choice("launchSecurity", { sectype: ["sev", "sev-snp"] })}
  </features>
</domainCapabilities>`;

testRoundTrip("domain capabilities with all that there can be", {
  description: domainCapabilities,
  text: whole,
});

testRoundTrip("domain capabilities of an emulator that says little", {
  description: domainCapabilities,
  text: `<domainCapabilities>
    <path>/usr/sbin/bhyve</path><domain>bhyve</domain><arch>x86_64</arch>
    <os supported='no'/>
    <cpu><mode name='host-passthrough' supported='no'/><mode name='maximum' supported='no'/>
      <mode name='host-model' supported='no'/><mode name='custom' supported='no'/></cpu>
    <devices><disk supported='no'/></devices>
    <features><sev supported='no'/><sgx supported='no'/><hyperv supported='no'/></features>
  </domainCapabilities>`,
});

Deno.test("domain capabilities tell which models are usable, and why others are not", () => {
  const { value } = parseDocument(domainCapabilities, whole);
  const custom = value.cpu?.modes.find((mode) => mode.name === "custom");
  assert.ok(custom?.name === "custom");
  const models = custom.models.flatMap((each) => "model" in each ? [each.model] : []);
  const blockers = custom.models.flatMap((each) => "blockers" in each ? [each.blockers] : []);
  assert.deepEqual(models.filter((each) => each.usable === "yes").map((each) => each.name), ["qemu64"]);
  assert.deepEqual(blockers.map((each) => [each.model, each.features.map(({ name }) => name)]), [
    ["EPYC", ["monitor", "svm"]],
  ]);
});

Deno.test("domain capabilities that cannot be are refused where they stand", () => {
  const refused = (inner: string): string =>
    refusal(
      domainCapabilities,
      `<domainCapabilities><domain>kvm</domain><arch>x86_64</arch>${inner}</domainCapabilities>`,
    );
  assert.match(refusal(domainCapabilities, "<domainCapabilities/>"), /<domain> is missing/);
  assert.match(
    refused("<vcpu max='-1'/>"),
    /vcpu\/@max\): Found "-1", expected a whole number between 0 and/,
  );
  assert.match(refused("<os/>"), /os\): The attribute "supported" is missing/);
  assert.match(
    refused("<cpu><mode name='some' supported='yes'/></cpu>"),
    /mode\/@name\): Found "some", expected one of "host-passthrough"/,
  );
  assert.match(
    refused("<cpu><mode name='custom' supported='yes'><model usable='perhaps'>a</model></mode></cpu>"),
    /model\/@usable\): Found "perhaps", expected one of "yes", "no" or "unknown"/,
  );
  assert.match(refused("<features><ps2 supported='on'/></features>"), /ps2\/@supported\): Found "on"/);
});
