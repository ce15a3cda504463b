/** The channels of the planes, and who may hear them. */

/** Who may listen: everybody, or the members of the organisation. */
export type Visibility = 'public' | 'private';

/** By name. */
export const planeChannels: Readonly<Record<string, Visibility>> = {
  trust: 'public',
  releases: 'public',
  catalogue: 'public',
  certificates: 'private',
  evidence: 'private',
  watch: 'private',
  system: 'private',
};

/** Whether frames of a channel are not held up by the pace of a connection: what tells of keys. */
export function isUrgent(channel: string): boolean {
  return channel === 'trust';
}
