/**
 * Pages as `deno fmt` would have them, so that what is made and what is kept can be compared.
 *
 * @module
 */

/** A page, formatted by the settings of the project in `root`. */
export async function formatted(root: string, text: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext", "md", "-"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  const written = writer.write(new TextEncoder().encode(text)).then(() => writer.close());
  const [{ success, stdout }] = await Promise.all([child.output(), written]);
  if (!success) throw new Error("Cannot format a page");
  return new TextDecoder().decode(stdout);
}
