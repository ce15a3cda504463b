/** Messages with places to fill: `{name}`, and `{count|one|other}` where the other form shows the number as `#`. */

/** The languages of the console. */
export const locales = ['en', 'de'] as const;

/** One of them. */
export type Locale = (typeof locales)[number];

/** What fills the places of a message. */
export type Values = Readonly<Record<string, string | number>>;

/** The texts of an area in another language: the same keys. */
export type Translation<Texts> = { readonly [Key in keyof Texts]: string };

/** A text in every language, for the little that must be known before an area is loaded. */
export type Named = Readonly<Record<Locale, string>>;

const place = /\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g;

/** Fills `message`; a place that no value is given for stays as it is, so that it is seen. Numbers are written as `locale` writes them. */
export function formatMessage(message: string, values: Values, locale: Locale): string {
  return message.replace(place, (whole, name: string, one: string | undefined, other: string | undefined) => {
    const value = values[name];
    if (value === undefined) return whole;
    const written = typeof value === 'number' ? new Intl.NumberFormat(locale).format(value) : value;
    if (one === undefined || other === undefined) return written;
    const form = new Intl.PluralRules(locale).select(Number(value)) === 'one' ? one : other;
    return form.replace('#', written);
  });
}

/** The names of the places in `message`, sorted: two languages of a text must have the same. */
export function listPlaces(message: string): readonly string[] {
  return [...new Set([...message.matchAll(place)].map(([, name]) => name ?? ''))].sort();
}

/** The first language of the browser that the console speaks; English otherwise. */
export function chooseLocale(stored: string | null, preferred: readonly string[]): Locale {
  const wanted = [stored ?? '', ...preferred].map((tag) => tag.toLowerCase().split('-', 1)[0]);
  return wanted.map((tag) => locales.find((locale) => locale === tag)).find((locale) => locale !== undefined) ?? 'en';
}
