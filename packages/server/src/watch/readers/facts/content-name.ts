/** Names of content that its place calls by another hash than SHA-256, as registries of npm and git do. */
import { createHash } from 'node:crypto';

/** The SHA-256, in hex, of a hash with the name of its algorithm. */
export function nameContent({ algorithm, hex }: { readonly algorithm: string; readonly hex: string }): string {
  return createHash('sha256').update(`${algorithm}:${hex}`).digest('hex');
}
