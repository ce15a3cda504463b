/** The texts of the area. */
import { textsOf } from '../../language/language.svelte.ts';
import type { texts } from './texts.en.ts';

/** A text by its key. */
export const t = textsOf<typeof texts>('system');
