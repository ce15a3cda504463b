/** Which language a page speaks, and which of a text's languages it shows (RFC 9110, 12.5.4; RFC 4647, 3.4). */
import type { LocaleMap } from '@signpost/protocol/updates/manifest';
import { localePattern } from '@signpost/protocol/updates/names';

/** The languages of the pages. */
export const languages = ['en', 'de'] as const;

/** One of them. */
export type Language = (typeof languages)[number];

/** What a visitor would like to read. */
export interface Preference {
  /** What the page itself says is in this one. */
  readonly language: Language;
  /** What projects say of themselves may be in any: the best first. */
  readonly locales: readonly string[];
  /** What the address asks for; its links go on asking for it. */
  readonly chosen: string | undefined;
}

/** A text in one of its languages. */
export interface PickedText {
  readonly text: string;
  readonly locale: string;
}

/** Longer ones are those of nobody who reads. */
const maxHeaderLength = 1000;
const maxTags = 20;

/** Reads the `Accept-Language` header; `chosen` in the address comes before all that it names. */
export function readPreference(header: string, chosen: string | undefined): Preference {
  const locales = [...(chosen === undefined ? [] : [chosen]), ...parseAcceptLanguage(header)];
  const named = locales.map((locale) => languages.find((language) => language === primaryOf(locale)));
  return { language: named.find((language) => language !== undefined) ?? 'en', locales, chosen };
}

/** The locales of the header by weight; what is malformed or refused by `q=0` is left out. */
function parseAcceptLanguage(header: string): readonly string[] {
  if (header.length > maxHeaderLength) return [];
  return header
    .split(',')
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';').map((part) => part.trim());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
      return { tag, weight: /^(?:0(?:\.\d{1,3})?|1(?:\.0{1,3})?)$/.test(weight) ? Number(weight) : 0 };
    })
    .filter(({ tag, weight }) => weight > 0 && localePattern.test(tag))
    .sort((one, other) => other.weight - one.weight)
    .slice(0, maxTags)
    .map(({ tag }) => tag);
}

/** The text that a visitor would rather read: by exact locale, by language, the project's own, or whichever there is. */
export function pickText(
  mapText: string,
  { locales }: Pick<Preference, 'locales'>,
  primaryLocale: string,
): PickedText | undefined {
  const map = JSON.parse(mapText) as LocaleMap;
  const offered = Object.keys(map);
  const locale = [...locales, primaryLocale].map((wanted) => findLocale(offered, wanted)).find(Boolean) ?? offered[0];
  const text = locale === undefined ? undefined : map[locale];
  return locale === undefined || text === undefined || text === '' ? undefined : { text, locale };
}

function findLocale(offered: readonly string[], wanted: string): string | undefined {
  return (
    offered.find((candidate) => candidate.toLowerCase() === wanted.toLowerCase()) ??
    offered.find((candidate) => primaryOf(candidate) === primaryOf(wanted))
  );
}

function primaryOf(locale: string): string {
  return locale.toLowerCase().split('-', 1)[0] ?? '';
}
