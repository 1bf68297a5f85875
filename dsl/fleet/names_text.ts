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

/** A member by what it is called in a list. */
interface Named {
  readonly name: string;
  readonly host: string;
}

/** How members of a fleet are called in messages: by name, and with their host where there are several hosts. */
export function namesIn(fleet: readonly Named[]): (members: readonly Named[]) => string {
  const isWide = new Set(fleet.map(({ host }) => host)).size > 1;
  return (members) =>
    namesText(
      isWide
        ? members.map(({ host, name }) => ({ name: host === name ? name : `${host}/${name}` }))
        : members,
    );
}
