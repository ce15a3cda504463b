/** How commands are told which roots to believe. */

import { quoteWord } from '@signpost/protocol/bytes/shell-word';
import type { Answer } from '../api/client.ts';

/** The options by which a command pins these roots; empty while there are none. */
export function pinOptions({ roots, threshold }: Pick<Answer<'GET /api/trust'>, 'roots' | 'threshold'>): string {
  const pins = roots.map(({ pubkey_b64 }) => `--root ${quoteWord(pubkey_b64)}`);
  return [...pins, ...(roots.length > 1 ? [`--threshold ${threshold}`] : [])].join(' ');
}
