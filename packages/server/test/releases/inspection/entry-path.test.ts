/** Properties of paths; each rule has its archive in hostile-archives.ts. */
import assert from 'node:assert/strict';
import { join, normalize, win32 } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { codePoint } from '../../../../protocol/test/code-points.ts';
import { Refusal } from '../../../src/errors.ts';
import { PathSet, parseEntryPath } from '../../../src/releases/inspection/entry-path.ts';
import { uploadRules } from '../../../src/releases/inspection/rules.ts';

const piece = fc.constantFrom(
  '..',
  '.',
  '/',
  '\\',
  'a',
  'B',
  'con',
  ' ',
  ':',
  'C:',
  '\0',
  'é',
  'e\u0301',
  '\u202e',
  'x'.repeat(200),
);
const path = fc.oneof(
  fc.string({ unit: codePoint }),
  fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
);

function parse(text: string): string[] | undefined {
  try {
    return parseEntryPath(text);
  } catch (error) {
    assert.ok(error instanceof Refusal && (error.rule ?? '') in uploadRules);
    return undefined;
  }
}

test('a path that is taken stays inside its folder on every system', () => {
  fc.assert(
    fc.property(path, (text) => {
      const parts = parse(text);
      if (!parts) return;
      assert.ok(normalize(join('/target', text)).startsWith('/target/'));
      assert.ok(win32.normalize(win32.join('C:\\target', text)).startsWith('C:\\target\\'));
      assert.equal(parts.join('/'), text.replace(/\/$/, ''));
    }),
    { numRuns: 2000 },
  );
});

test('no two paths that are taken together meet when case and form are ignored', () => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 12 }), (texts) => {
      const paths = new PathSet();
      const taken = texts
        .filter((text) => isAdded(paths, text))
        .map((text) => text.replace(/\/$/, '').normalize('NFC').toLowerCase());
      assert.equal(new Set(taken).size, taken.length);
    }),
  );
});

function isAdded(paths: PathSet, text: string): boolean {
  try {
    paths.add(text, text.endsWith('/') ? 'directory' : 'file');
    return true;
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return false;
  }
}

test('names that Windows can hold and that only look odd are taken', () => {
  for (const name of [
    'console.txt',
    'com10',
    'a b',
    '.htaccess',
    'a..b',
    '...a',
    'nul-1',
    'über/日本語.txt',
    'emoji 🚀',
  ]) {
    assert.ok(parse(name), name);
  }
});
