/** What an application pays for the client, as the README says it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { bundleForWeb, withBuiltPackage } from './bundle.ts';

test('the client is as small as the README says', async (context) => {
  const script = await withBuiltPackage((folder) => bundleForWeb(join(folder, 'main.js'), folder));
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const [, plain, packed] = /(\d+\.\d) kB minified, (\d+\.\d) kB with gzip/.exec(readme) ?? [];
  for (const [name, bytes, stated] of [
    ['minified', script.length, Number(plain)],
    ['with gzip', gzipSync(script, { level: 9 }).length, Number(packed)],
  ] as const) {
    context.diagnostic(`the client is ${(bytes / 1000).toFixed(1)} kB ${name}, stated ${stated} kB`);
    assert.ok(bytes / 1000 <= stated * 1.1, `expected at most ${stated} kB and a tenth, got ${bytes} bytes`);
    assert.ok(bytes / 1000 >= stated * 0.8, `expected the README to be mended: ${bytes} bytes ${name}`);
  }
});
