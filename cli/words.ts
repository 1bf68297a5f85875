/**
 * Names of code as words of the command line and of tables.
 *
 * @module
 */

/** `createVolume` as `create-volume`. */
export function kebab(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1-$2").replace(/([A-Z])([A-Z][a-z])/g, "$1-$2").toLowerCase();
}

/** `maxMemory` as `Max memory`. */
export function title(name: string): string {
  const words = kebab(name).replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `createVolume` as `create volume`. */
export function spoken(name: string): string {
  return kebab(name).replaceAll("-", " ");
}
