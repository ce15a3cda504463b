/** Headers of plugins, read by our parser and by PHP's patterns, as WordPress uses them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parsePluginHeader } from '../../packages/server/src/wordpress/plugin/header.ts';

const program = join(import.meta.dirname, 'plugin-header.php');

const pieces = fc.constantFrom(
  ...['Plugin Name:', 'plugin name:', 'Version:', 'VERSION :', 'Text Domain:', 'Requires PHP:', 'Plugin URI:', 'x'],
  ...[
    '<?php',
    ' ',
    '\t',
    '/',
    '*',
    '#',
    '@',
    '/**',
    '*/',
    '?>',
    '\n',
    '\r\n',
    '\r',
    '\v',
    '\f',
    '\0',
    '0',
    '1.0',
    'Acme',
    'é',
    '\u00a0',
    '\u2028',
  ],
);
const texts = fc.array(pieces, { maxLength: 40 }).map((parts) => Buffer.from(parts.join('')));
const bytes = fc
  .uint8Array({ maxLength: 60 })
  .map((noise) => Buffer.concat([Buffer.from('\n * Plugin Name: A'), noise]));
const long = fc.nat(8300).map((length) => Buffer.from(`${' '.repeat(length)}\nPlugin Name: at the end`));

test('three thousand headers say the same to PHP and to us', () => {
  const samples = [
    ...fc.sample(texts, { numRuns: 2000, seed: 7 }),
    ...fc.sample(bytes, { numRuns: 800, seed: 8 }),
    ...fc.sample(long, { numRuns: 200, seed: 9 }),
  ];
  const input = JSON.stringify(samples.map((sample) => Buffer.from(sample).toString('base64')));
  const output = execFileSync('php', ['-n', program], { input, maxBuffer: 2 ** 26, encoding: 'utf8' });
  const answers: Record<string, string>[] = JSON.parse(output);
  assert.equal(answers.length, samples.length);
  let plugins = 0;
  for (const [index, answer] of answers.entries()) {
    const texts = Object.fromEntries(
      Object.entries(answer).map(([name, text]) => [name, Buffer.from(text, 'base64').toString('utf8')]),
    );
    const header = parsePluginHeader(samples[index] ?? new Uint8Array());
    const shown = JSON.stringify(samples[index]?.toString('latin1').slice(-300));
    assert.equal(header?.name ?? '', texts['Plugin Name'], shown);
    if (!header) continue;
    plugins += 1;
    assert.deepEqual(
      [header.version, header.textDomain, header.requiresPhp],
      [texts.Version, texts['Text Domain'], texts['Requires PHP']],
      shown,
    );
  }
  assert.ok(plugins > 1000, `expected headers that name plugins, got ${plugins}`);
});
