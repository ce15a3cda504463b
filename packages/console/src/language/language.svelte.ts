/** The language in force, and the texts of the areas that are loaded in it. Read in a template, they follow a switch. */
import { chooseLocale, formatMessage, type Locale, type Named, type Translation, type Values } from './message.ts';

/** The texts of one area, by language; each is loaded when it is first needed. */
export type Catalogue<Texts> = {
  readonly [L in Locale]: () => Promise<{ readonly texts: Translation<Texts> }>;
};

type Texts = Readonly<Record<string, string>>;

const storageKey = 'signpost language';
const state = $state<{ locale: Locale; texts: Record<string, Texts> }>({ locale: 'en', texts: {} });
const catalogues = new Map<string, Catalogue<Texts>>();

/** The language in force. */
export function locale(): Locale {
  return state.locale;
}

/** Takes up the language that was chosen here before, or the browser's. */
export function openLanguage(): void {
  setLocale(chooseLocale(localStorage.getItem(storageKey), navigator.languages));
}

/** Switches the language: loads every catalogue that is in use, then changes all texts at once. */
export async function switchLocale(next: Locale): Promise<void> {
  localStorage.setItem(storageKey, next);
  const loaded = await Promise.all([...catalogues].map(async ([name, from]) => [name, (await from[next]()).texts]));
  state.texts = Object.fromEntries(loaded);
  setLocale(next);
}

function setLocale(next: Locale): void {
  state.locale = next;
  document.documentElement.lang = next;
}

/** Loads the texts of `area` in the language in force, once. */
export async function loadTexts(area: string, catalogue: Catalogue<Texts>): Promise<void> {
  if (catalogues.has(area)) return;
  const { texts } = await catalogue[state.locale]();
  catalogues.set(area, catalogue);
  state.texts[area] = texts;
}

/** A function that gives the texts of `area` by key, filled with values: `t('releases', { count: 3 })`. */
export function textsOf<T extends Texts>(area: string): (key: keyof T & string, values?: Values) => string {
  return (key, values) => {
    const message = state.texts[area]?.[key] ?? key;
    return values === undefined ? message : formatMessage(message, values, state.locale);
  };
}

/** A text that is there in every language. */
export function say(named: Named): string {
  return named[state.locale];
}

/** A language by its tag, in the reader's own: `de` is "German". */
export function nameLanguage(tag: string): string {
  try {
    return new Intl.DisplayNames([locale()], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
