import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { holdsText, someTextHolds } from '../../src/storage/text-search.ts';
import { forEachEngine } from './engines.ts';

forEachEngine((_engine, open) => {
  test('a text is found by each part of it, in either case of any script', async () => {
    const { engine, query } = await open();
    const text = 'Äpfel & Öl [50%_*?]\\d \u{1f600} ΔΙΑ “Ж” ß ǆ';
    const holds = async (search: string) => {
      const found = holdsText(sql<string>`cast(${text} as text)`, { engine, search });
      const { rows } = await sql<{ one: number }>`select 1 as one where ${found}`.execute(query);
      return rows.length === 1;
    };
    for (const search of ['äPFEL', 'öl [50%_*?]\\d', '\u{1f600} δια', '“ж”', 'ß', 'Ǆ', '', ' & ', '?]\\']) {
      assert.equal(await holds(search), true, search);
    }
    for (const search of ['apfel', 'ö%l', 'ö.l', '[5]', '5_%', '\\w', '?]\\\\d', '^ä', 'ǆ$', '.', '*ä', '\u{1f601}']) {
      assert.equal(await holds(search), false, search);
    }
  });

  test('texts by locale are found by what they say, not by their locales', async () => {
    const { engine, query } = await open();
    const texts = JSON.stringify({ en: 'Compass', 'de-AT': 'Kompaß “Ü”' });
    const holds = async (search: string) => {
      const found = someTextHolds(sql<string>`cast(${texts} as text)`, { engine, search });
      return (await sql`select 1 as one where ${found}`.execute(query)).rows.length === 1;
    };
    for (const search of ['COMPASS', 'kompaß', '“ü']) assert.equal(await holds(search), true, search);
    for (const search of ['en', 'de-at', 'AT"', '{', 'compasskompaß']) assert.equal(await holds(search), false, search);
  });
});
