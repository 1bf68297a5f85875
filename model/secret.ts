/**
 * Secrets as recipes know them: by name, never by value.
 *
 * @module
 */

/** What a recipe has in place of a secret value. */
export interface SecretHandle {
  /** Which one: `name:dbPassword` for a secret that the recipe has declared, `RUN/STEP/…` for one that it has read. */
  readonly $secret: string;
}

/** What a recipe says of a secret that it needs. */
export interface SecretDeclaration {
  /** What it is for, for whoever has to give it. */
  readonly description?: string | undefined;
}

/** What the handle of a declared secret begins with. */
export const declaredSecret = "name:";

/**
 * What stands in a definition for the value of a declared secret: `drover:secret:vncPassword`, as the password of
 * graphics and nowhere else.
 */
export const secretPlaceholder = "drover:secret:";

/** Whether a text has a placeholder in it. */
export function mentionsPlaceholder(text: unknown): text is string {
  return typeof text === "string" && text.includes(secretPlaceholder);
}

/** How secrets are named. */
export const secretName: RegExp = /^[A-Za-z]\w{0,63}$/;

/** What is shown in the place of a value. */
export function shownSecret(name: string): string {
  return `Secret(${name})`;
}
