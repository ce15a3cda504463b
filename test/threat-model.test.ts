/** Holds docs/threat-model.md to the tree: every defence names a test that exists. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const top = join(import.meta.dirname, '..');
const page = readFileSync(join(top, 'docs/threat-model.md'), 'utf8');

test('every threat names at least one test file, and each of them exists', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| who'));
  assert.ok(rows.length > 20, `expected the table of threats, got ${rows.length} rows`);
  const unproved = rows.filter((row) => findTestFiles(row).length === 0);
  assert.deepEqual(unproved, []);
  assert.deepEqual(
    findTestFiles(page).filter((path) => !existsSync(join(top, path))),
    [],
  );
});

test('the page says what is not defended', () => {
  const [, undefended = ''] = page.split('\n## Not defended\n');
  assert.ok(undefended.split('\n').filter((line) => line.startsWith('- ')).length > 5);
});

function findTestFiles(text: string): readonly string[] {
  return [...text.matchAll(/`((?:packages|test)\/[^`]*\.test\.ts)`/g)].map(([, path = '']) => path);
}
