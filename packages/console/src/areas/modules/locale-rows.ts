/** Texts of a module or a collection as a form has them: a row for each language. */
import type { Module } from './wording.ts';

/** What is said of it in one language; empty where nothing is. */
export interface LocaleRow {
  readonly locale: string;
  name: string;
  description: string;
  category: string;
}

type Texts = Pick<Module, 'name' | 'description' | 'category'>;
/** A collection has no category. */
type Described = Omit<Texts, 'category'> & Partial<Texts> & Pick<Module, 'primary_locale'>;

/** A row for each language that anything is said in, the primary one first. */
export function rowsOf({ name, description, category = {}, primary_locale: primary }: Described): LocaleRow[] {
  const locales = new Set([primary, ...[name, description, category].flatMap((texts) => Object.keys(texts))]);
  return [...locales].map((locale) => ({
    locale,
    name: name[locale] ?? '',
    description: description[locale] ?? '',
    category: category[locale] ?? '',
  }));
}

/** The maps that the API takes; a language in which nothing is said of a thing is left out of its map. */
export function mapsOf(rows: readonly LocaleRow[]): Texts {
  const mapOf = (field: 'name' | 'description' | 'category') =>
    Object.fromEntries(rows.flatMap((row) => (row[field].trim() === '' ? [] : [[row.locale, row[field].trim()]])));
  return { name: mapOf('name'), description: mapOf('description'), category: mapOf('category') };
}
