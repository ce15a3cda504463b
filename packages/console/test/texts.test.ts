/** Every text of the console exists in both languages, with the same places to fill. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chooseLocale, formatMessage, listPlaces } from '../src/language/message.ts';

const source = join(import.meta.dirname, '../src');
const folders = globSync('**/texts.en.ts', { cwd: source }).map((path) => dirname(path));

suite('the catalogues', () => {
  for (const folder of folders) {
    test(`${folder} says the same in English and German`, async () => {
      const [english, german] = await Promise.all([readTexts(folder, 'en'), readTexts(folder, 'de')]);
      assert.deepEqual(placesOf(german), placesOf(english));
    });
  }
});

test('places are filled, numbers written as the language does, and one is not many', () => {
  const message = 'In {place}: {count|# file|# files}';
  assert.equal(formatMessage(message, { place: 'a', count: 1 }, 'en'), 'In a: 1 file');
  assert.equal(formatMessage(message, { place: 'a', count: 12_000 }, 'de'), 'In a: 12.000 files');
  assert.equal(formatMessage('{left} alone', {}, 'en'), '{left} alone');
});

test('the language is the one chosen here, else the first of the browser that is spoken, else English', () => {
  assert.equal(chooseLocale('de', ['en-GB']), 'de');
  assert.equal(chooseLocale(null, ['fr', 'de-AT', 'en']), 'de');
  assert.equal(chooseLocale('xx', ['fr']), 'en');
});

async function readTexts(folder: string, locale: string): Promise<Readonly<Record<string, string>>> {
  const module = (await import(pathToFileURL(join(source, folder, `texts.${locale}.ts`)).href)) as {
    readonly texts: Readonly<Record<string, string>>;
  };
  return module.texts;
}

function placesOf(texts: Readonly<Record<string, string>>) {
  return Object.entries(texts).map(([key, message]) => [key, listPlaces(message)]);
}
