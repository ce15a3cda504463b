/** The readers of this server. An ecosystem that has none is told to whoever adds a source of it. */
import type { Readers } from './reader.ts';

/** By ecosystem. */
export function openReaders(): Partial<Readers> {
  return {};
}
