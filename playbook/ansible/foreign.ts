/**
 * What is said of modules of Ansible that do not act on a hypervisor's objects: why they have no place here, and what to do.
 *
 * @module
 */

const onMachine = "keep it in a playbook of Ansible, for the machine itself";

/** What to do instead, by module. */
const instead: Readonly<Record<string, string>> = {
  template: "it writes a file on a machine; a definition that is a template is taken with xml_template: FILE",
  copy:
    "it writes a file on a machine; a definition in a file beside the playbook is taken with xml_file: FILE",
  get_url: "it writes a file on a machine; images are fetched by recipes, see the guide to first boot",
  wait_for: "guests are waited for with wait: { for: ip } or wait: { for: agent }",
  wait_for_connection: "guests are waited for with wait: { for: agent }",
  add_host: "the hosts are known before anything runs; a connection as inventory (-i URI) has its domains",
  group_by:
    "the groups are known before anything runs; take conditions, or a connection as inventory (-i URI)",
  include_vars: "take the file in with vars_files of the play",
  include_role: "take the role's files of tasks in with import_tasks, and its defaults with vars_files",
  import_role: "take the role's files of tasks in with import_tasks, and its defaults with vars_files",
  setup: "nothing is gathered; what is known of an object says domain.info",
  gather_facts: "nothing is gathered; what is known of an object says domain.info",
  virt_install: "write what shall be as ensure.domain",
};

const programs: readonly (readonly [RegExp, string])[] = [
  [/\bvirsh\b/, "what virsh does is an operation: drover help lists them by virsh's names"],
  [/\bvirt-install\b/, "write what shall be as ensure.domain"],
  [/\bqemu-img\b/, "images are made with ensure.volume, in a pool"],
  [/\bvirt-clone\b/, "clones are made with the recipe of golden images"],
];

const runsPrograms = ["command", "shell", "raw", "script", "expect"];

/** Why a module has no place in a playbook of Drover, and what to do. */
export function foreignModule(name: string, given: string): string {
  const bare = name.replace(/^.*\./, "");
  const said = Object.hasOwn(instead, bare) ? instead[bare] : undefined;
  if (said !== undefined) return `${name} is not converted: ${said}`;
  if (runsPrograms.includes(bare)) {
    const program = programs.find(([pattern]) => pattern.test(given))?.[1];
    return `${name} is not converted: it runs a program on a machine; ${program ?? onMachine}`;
  }
  return `${name} is not converted: it does not act on a hypervisor; ${onMachine}`;
}
