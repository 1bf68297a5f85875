/**
 * A playbook that has been read and checked: what the sandbox is given to carry out. Plain data, with every expression as
 * a tree and every place of the source kept.
 *
 * @module
 */

/** Where something stands in a playbook: file, line, column; lines and columns from 1. */
export type Place = readonly [file: string, line: number, column: number];

/** Plain data, as YAML and JSON have it. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Two operands and what is made of them. */
export type Sign =
  | "and"
  | "or"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "in"
  | "+"
  | "-"
  | "*"
  | "/"
  | "//"
  | "%"
  | "**"
  | "~";

/** What a filter, a test or a function is given beside its subject. */
export interface Arguments {
  readonly args: readonly Expression[];
  readonly named: Readonly<Record<string, Expression>>;
}

/** An expression, as Jinja's users write them. */
export type Expression =
  | { readonly is: "literal"; readonly value: Json }
  | { readonly is: "name"; readonly name: string }
  | { readonly is: "list"; readonly items: readonly Expression[] }
  | { readonly is: "map"; readonly entries: readonly (readonly [Expression, Expression])[] }
  | { readonly is: "get"; readonly of: Expression; readonly key: Expression }
  | {
    readonly is: "slice";
    readonly of: Expression;
    readonly from: Expression | null;
    readonly to: Expression | null;
  }
  | { readonly is: "call"; readonly name: string; readonly with: Arguments }
  | { readonly is: "method"; readonly of: Expression; readonly name: string; readonly with: Arguments }
  | { readonly is: "filter"; readonly of: Expression; readonly name: string; readonly with: Arguments }
  | {
    readonly is: "test";
    readonly of: Expression;
    readonly name: string;
    readonly negated: boolean;
    readonly with: Arguments;
  }
  | { readonly is: "not"; readonly of: Expression }
  | { readonly is: "negative"; readonly of: Expression }
  | { readonly is: "binary"; readonly sign: Sign; readonly left: Expression; readonly right: Expression }
  | {
    readonly is: "if";
    readonly test: Expression;
    readonly then: Expression;
    readonly else: Expression | null;
  };

/** An expression with its place in the source. */
export interface Placed {
  readonly expression: Expression;
  /** As it was written. */
  readonly text: string;
  readonly at: Place;
}

/** A value of a playbook: plain, or with expressions in it that are looked at when the value is used. */
export type Value =
  | { readonly k: "plain"; readonly value: Json }
  | { readonly k: "expression"; readonly value: Placed }
  | { readonly k: "text"; readonly parts: readonly (string | Placed)[] }
  | { readonly k: "template"; readonly nodes: readonly TemplateNode[] }
  | { readonly k: "list"; readonly items: readonly Value[] }
  | { readonly k: "map"; readonly entries: Readonly<Record<string, Value>> };

/** A part of a template. */
export type TemplateNode =
  | { readonly n: "text"; readonly text: string }
  | { readonly n: "put"; readonly value: Placed }
  | { readonly n: "set"; readonly name: string; readonly value: Placed }
  | {
    readonly n: "if";
    readonly branches: readonly {
      /** Nothing: else. */
      readonly test: Placed | null;
      readonly body: readonly TemplateNode[];
    }[];
  }
  | {
    readonly n: "for";
    readonly names: readonly string[];
    readonly items: Placed;
    readonly body: readonly TemplateNode[];
    readonly otherwise: readonly TemplateNode[];
  };

/** Variables. */
export type Vars = Readonly<Record<string, Value>>;

/** One entry of the inventory: a host, or a domain on one. */
export interface Target {
  readonly name: string;
  /** The run's name for its connection. */
  readonly connection: string;
  readonly uri: string;
  /** The domain that it stands for, where it stands for one. */
  readonly domain?: string;
  readonly groups: readonly string[];
  readonly vars: Vars;
}

/** A number, or a share of all in percent. */
export type Share = number | { readonly percent: number };

/** What a task does. */
export type Action =
  | {
    readonly do: "operation";
    readonly operation: string;
    /** The class whose handle offers it. */
    readonly on: string;
    /** Its method there. */
    readonly method: string;
    readonly effect: "read" | "write";
    /** Names of the objects that lead to its target, by class. */
    readonly target: Readonly<Record<string, Value>>;
    readonly input: Readonly<Record<string, Value>>;
    /** Its input's field that names the other connection. */
    readonly peer?: string;
  }
  | { readonly do: "ensure"; readonly kind: string; readonly spec: Readonly<Record<string, Value>> }
  | {
    readonly do: "recipe";
    /** Its place among the playbook's recipes. */
    readonly recipe: number;
    readonly file: string;
    readonly input: Readonly<Record<string, Value>>;
  }
  | { readonly do: "wait"; readonly until: string; readonly input: Readonly<Record<string, Value>> }
  | {
    readonly do: "debug";
    readonly message?: Value;
    readonly variable?: Placed;
    /** It is meant for those who want to read more. */
    readonly quiet?: boolean;
  }
  | { readonly do: "set_fact"; readonly facts: Vars }
  | {
    readonly do: "assert";
    readonly that: readonly Placed[];
    readonly failure?: Value;
    readonly success?: Value;
  }
  | { readonly do: "fail"; readonly message: Value }
  | { readonly do: "pause"; readonly time: Value }
  | {
    readonly do: "meta";
    readonly what: "flush_handlers" | "noop" | "end_host" | "end_batch" | "end_play" | "clear_host_errors";
  };

/** A loop. */
export interface Loop {
  readonly items: Value;
  /** How the items are made of what is given. */
  readonly as: "list" | "items" | "flattened" | "dict" | "together" | "nested" | "indexed" | "sequence";
  readonly variable: string;
  readonly indexVariable?: string;
  readonly label?: Value;
  readonly pause?: Value;
}

/** Trying again until something holds. */
export interface Retrying {
  readonly until: readonly Placed[];
  readonly retries: Value;
  readonly delay: Value;
}

/** A task, with what it has from the blocks and the play around it. */
export interface Task {
  readonly item: "task";
  readonly name?: Value;
  /** What it is called where it has no name. */
  readonly module: string;
  readonly at: Place;
  readonly action: Action;
  readonly vars: readonly Vars[];
  readonly when: readonly Placed[];
  readonly loop?: Loop;
  readonly retrying?: Retrying;
  readonly register?: string;
  readonly notify: readonly Value[];
  readonly changedWhen?: readonly Placed[];
  readonly failedWhen?: readonly Placed[];
  readonly ignoreErrors?: Value;
  readonly ignoreUnreachable?: Value;
  readonly delegate?: Value;
  /** What it sets is the delegate's. */
  readonly delegateFacts?: boolean;
  readonly runOnce?: Value;
  readonly check?: Value;
  readonly diff?: Value;
  readonly noLog?: Value;
  /** How long its operations may take. */
  readonly within?: Value;
  readonly forks?: number;
  /** Hears these when it is a handler, beside its name. */
  readonly listen: readonly string[];
  readonly tags: readonly string[];
  readonly anyErrorsFatal: boolean;
}

/** Tasks that belong together. */
export interface Block {
  readonly item: "block";
  readonly tasks: readonly Item[];
  readonly rescue: readonly Item[];
  readonly always: readonly Item[];
}

/** What stands in a list of tasks. */
export type Item = Task | Block;

/** One play. */
export interface Play {
  readonly name: string;
  readonly at: Place;
  /** The targets that it is for, by name, in their order. */
  readonly targets: readonly string[];
  readonly vars: Vars;
  /** Sizes of its batches; the last one goes on. Empty: all at once. */
  readonly serial: readonly Share[];
  readonly forks: number;
  readonly strategy: "linear" | "free";
  /** Targets that may fail: a number over the whole play, a percentage of a batch. */
  readonly maxFail?: Share;
  /** In one batch there is only one target of each value of this; `host` is the hypervisor. */
  readonly antiAffinity?: string;
  readonly anyErrorsFatal: boolean;
  /** Targets that fail run their handlers all the same. */
  readonly forceHandlers: boolean;
  /** Lists of tasks, with the handlers run after each. */
  readonly sections: readonly (readonly Item[])[];
  readonly handlers: readonly Task[];
}

/** A playbook, ready to run. */
export interface Program {
  /** What people call it. */
  readonly name: string;
  readonly check: boolean;
  readonly diff: boolean;
  readonly targets: readonly Target[];
  /** Members by group. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** `-e`: above everything else. */
  readonly extra: Vars;
  readonly plays: readonly Play[];
  /** The secrets that it needs, by name; whoever runs it says where they come from. */
  readonly secrets?: Readonly<Record<string, { readonly description?: string }>>;
  /** The permissions that it needs. */
  readonly needs: readonly string[];
  /** The run's names for its connections. */
  readonly connections: readonly string[];
}
