/**
 * Two rules of the kernel that a reader cannot see at a glance:
 *
 * - `drover/kernel-time`: in `runtime/` and `drivers/`, time and chance come from the kernel's clock, so that a
 *   simulation owns them.
 * - `drover/hops-only`: a driver function, one with a parameter `job`, awaits nothing but `job.hop(...)` or another
 *   function that it hands its job to; whatever slept must have been looked at again.
 *
 * @module
 */

const clocks: ReadonlySet<string> = new Set([
  "Date.now",
  "performance.now",
  "Math.random",
  "crypto.randomUUID",
  "crypto.getRandomValues",
  "Temporal.Now",
]);
const timers: ReadonlySet<string> = new Set(["setTimeout", "setInterval", "setImmediate", "Date"]);

/** Files that stand at the edge: the machine's own clock, and processes that have no kernel. */
const edges: readonly RegExp[] = [/\/runtime\/clock\.ts$/, /\/runtime\/sandbox\//];

function isGoverned(filename: string): boolean {
  return /\/(runtime|drivers)\//.test(filename) && !edges.some((edge) => edge.test(filename));
}

function memberName(node: Deno.lint.Node): string | undefined {
  if (
    node.type !== "MemberExpression" || node.object.type !== "Identifier" ||
    node.property.type !== "Identifier"
  ) {
    return undefined;
  }
  return `${node.object.name}.${node.property.name}`;
}

const kernelTime: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (!isGoverned(context.filename)) return {};
    const message = "Time and chance come from the kernel";
    const hint = "Use the clock that the kernel hands out: job.clock, environment.clock";
    return {
      MemberExpression(node): void {
        const name = memberName(node);
        if (name !== undefined && clocks.has(name)) context.report({ node, message, hint });
      },
      CallExpression(node): void {
        if (node.callee.type === "Identifier" && timers.has(node.callee.name)) {
          context.report({ node, message, hint });
        }
      },
      NewExpression(node): void {
        const isNow = node.callee.type === "Identifier" && node.callee.name === "Date" &&
          node.arguments.length === 0;
        if (isNow) context.report({ node, message, hint });
      },
    };
  },
};

type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

function isFunction(node: AnyNode): node is FunctionNode {
  return node.type === "FunctionDeclaration" || node.type === "FunctionExpression" ||
    node.type === "ArrowFunctionExpression";
}

type AnyNode = Deno.lint.Node | Deno.lint.TSParameterProperty;

function parentOf(node: AnyNode): AnyNode | undefined {
  return "parent" in node ? node.parent : undefined;
}

function enclosingFunction(node: Deno.lint.Node): FunctionNode | undefined {
  let current = parentOf(node);
  while (current !== undefined && current.type !== "Program") {
    if (isFunction(current)) return current;
    current = parentOf(current);
  }
  return undefined;
}

function takesJob(node: FunctionNode): boolean {
  return node.params.some((parameter) => parameter.type === "Identifier" && parameter.name === "job");
}

function isJob(node: Deno.lint.Node): boolean {
  if (node.type === "Identifier") return node.name === "job";
  return node.type === "MemberExpression" && isJob(node.object) && node.property.type === "Identifier" &&
    node.property.name === "peer";
}

function leavesByHop(node: Deno.lint.Node): boolean {
  if (node.type !== "CallExpression") return false;
  if (
    node.callee.type === "MemberExpression" && node.callee.property.type === "Identifier" &&
    node.callee.property.name === "hop"
  ) return true;
  return node.arguments.some(isJob);
}

const hopsOnly: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (!/\/drivers\//.test(context.filename)) return {};
    return {
      AwaitExpression(node): void {
        const around = enclosingFunction(node);
        if (around === undefined || !takesJob(around) || leavesByHop(node.argument)) return;
        context.report({
          node,
          message: "A driver function awaits nothing but a hop",
          hint:
            'Wrap it: await job.hop("where", (signal, live) => …), or hand the job to the function that you await',
        });
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "drover",
  rules: { "kernel-time": kernelTime, "hops-only": hopsOnly },
};

export default plugin;
