/**
 * Names in messages.
 *
 * @module
 */

/** How many names a message lists. */
const namesTold = 20;

/** Names in quotes, and of many the number of the rest. */
export function namesText(items: readonly { readonly name: string }[]): string {
  const told = items.slice(0, namesTold).map(({ name }) => `"${name}"`).join(", ");
  return items.length <= namesTold ? told : `${told} and ${items.length - namesTold} more`;
}
