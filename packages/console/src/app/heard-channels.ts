/** Which channels a page listens to: a subscription has room for so many. */
import { maxChannels } from '@signpost/protocol/frames/payload';

/** The channels that are heard, the server's own before those of applications, and the names of those that are not. */
export function chooseHeard<C extends { readonly name: string }>(
  channels: readonly C[],
): { readonly heard: readonly C[]; readonly unheard: readonly string[] } {
  const weigh = ({ name }: C) => (name.startsWith('app.') ? 1 : 0);
  const ordered = channels.toSorted((one, other) => weigh(one) - weigh(other) || one.name.localeCompare(other.name));
  return { heard: ordered.slice(0, maxChannels), unheard: ordered.slice(maxChannels).map(({ name }) => name) };
}
