/** What the public pages say, by language. */
import type { Language } from './language.ts';
import { german } from './texts.de.ts';
import { english, type Texts } from './texts.en.ts';

const catalogues: Readonly<Record<Language, Texts>> = { en: english, de: german };

/** The texts of `language`. */
export function textsOf(language: Language): Texts {
  return catalogues[language];
}
