/** The texts of shell and parts. */
import { textsOf } from './language.svelte.ts';
import type { texts } from './texts.en.ts';

/** A text of shell and parts by its key. */
export const t = textsOf<typeof texts>('console');
