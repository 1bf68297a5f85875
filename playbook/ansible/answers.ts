/**
 * What the collection's modules answer, made of what operations answer: conditions of a converted playbook find what they ask
 * for.
 *
 * Source of names and words: the documentation of the collection's modules virt, virt_net and virt_pool.
 *
 * @module
 */

const names = (objectClass: string) => (of: string): string =>
  `${of}.result | map(attribute='${objectClass}.name') | list`;

const isActive = (of: string): string => `'active' if ${of}.active else 'inactive'`;
const whole = (of: string): string => `${of}.result`;

/** The states of `list_vms`, in Drover's words. */
const listed: Readonly<Record<string, readonly string[]>> = {
  running: ["running", "blocked"],
  paused: ["paused"],
  shutdown: ["shutdown", "shutoff"],
  destroyed: ["shutoff"],
};

const domainState = (of: string): string =>
  `{'blocked': 'running', 'shutoff': 'shutdown'}[${of}.state] | default(${of}.state)`;

/** By module and command: of the registered name the value of the field that is called like the command. */
const answers: Readonly<Record<string, (of: string) => string>> = {
  "virt list_vms": names("domain"),
  "virt status": domainState,
  "virt get_xml": whole,
  "virt_net list_nets": names("network"),
  "virt_net status": isActive,
  "virt_net get_xml": whole,
  "virt_pool list_pools": names("pool"),
  "virt_pool status": (of) => `'active' if ${of}.state == 'running' else 'inactive'`,
  "virt_pool get_xml": whole,
  "virt_volume list_volumes": names("volume"),
};

/** The expression that makes of what an operation answers what the module would have; nothing where none is known. */
export function answerOf(
  module: string,
  { command, state, register }: {
    readonly command: string;
    readonly state: string | undefined;
    readonly register: string;
  },
): string | undefined {
  const key = `${module} ${command}`;
  const made = Object.hasOwn(answers, key) ? answers[key] : undefined;
  if (made === undefined) return undefined;
  const states = state === undefined ? undefined : listed[state];
  const value = command === "list_vms" && states !== undefined
    ? `${register}.result | selectattr('state', 'in', ${`[${
      states.map((each) => `'${each}'`).join(", ")
    }]`}) | map(attribute='domain.name') | list`
    : made(register);
  return `{{ ${register} | combine({'${command}': ${value}}) }}`;
}

/** What `facts` sets: the objects by name. */
export interface FactsAnswer {
  /** The operation that lists them. */
  readonly operation: string;
  /** The variable that the module sets. */
  readonly variable: string;
  /** Makes the variable of what the operation answered under its name. */
  readonly value: string;
}

/** The facts of a module; nothing where it has none. */
export function factsOf(module: string): FactsAnswer | undefined {
  const kinds: Readonly<Record<string, readonly [objectClass: string, variable: string]>> = {
    virt_net: ["network", "ansible_libvirt_networks"],
    virt_pool: ["pool", "ansible_libvirt_pools"],
  };
  const found = Object.hasOwn(kinds, module) ? kinds[module] : undefined;
  if (found === undefined) return undefined;
  const [objectClass, variable] = found;
  return {
    operation: `${objectClass}.list`,
    variable,
    value:
      `{{ ${variable}.result | items2dict(key_name='${objectClass}.name', value_name='${objectClass}') }}`,
  };
}
