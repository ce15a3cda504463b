/** readme.txt as the directory reads it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseReadme } from '../../../src/wordpress/plugin/readme.ts';

const parse = (text: string) => parseReadme(new TextEncoder().encode(text));

test('a readme is read: head, short description, sections, notices', () => {
  const readme = parse(`\ufeff\r
=== Acme Forms ===\r
Contributors: acme, bob ,\r
Donate link: https://example.org/\r
Tags: a, b, c, d, e, f\r
Requires at least: 6.0\r
Tested up to: 6.4\r
Stable tag: 1.2.0\r
Requires PHP: 7.4\r
License: GPLv2 or later\r
License URI: https://example.org/gpl\r
\r
Forms for\r
everybody.\r
\r
== Description ==\r
Long: words.\r
= A heading inside =\r
== Frequently Asked Questions ==\r
Why?\r
== My own ==\r
x\r
== Upgrade Notice ==\r
= 1.2.0 =\r
Urgent.\r
= 1.1.0 =\r
Old.\r
`);
  assert.ok(readme);
  const { sections, upgradeNotices, ...head } = readme;
  assert.deepEqual(head, {
    ...{ name: 'Acme Forms', stableTag: '1.2.0', requiresWordpress: '6.0', testedUpTo: '6.4', requiresPhp: '7.4' },
    ...{ license: 'GPLv2 or later', licenseUri: 'https://example.org/gpl', donateLink: 'https://example.org/' },
    ...{
      contributors: ['acme', 'bob'],
      tags: ['a', 'b', 'c', 'd', 'e', 'f'],
      shortDescription: 'Forms for everybody.',
    },
  });
  assert.deepEqual(
    sections.map(({ kind, title }) => `${kind}: ${title}`),
    ['description: Description', 'faq: Frequently Asked Questions', 'other: My own', 'upgrade_notice: Upgrade Notice'],
  );
  assert.deepEqual(upgradeNotices, { '1.2.0': 'Urgent.', '1.1.0': 'Old.' });
});

test('Markdown, right halves that are missing, and fields in bold are read too', () => {
  const readme = parse('# Acme #\n**Stable tag:** 2.0\n- Tested: 6.4\n\n## Description\nx\n## changelog');
  assert.ok(readme);
  assert.deepEqual([readme.name, readme.stableTag, readme.testedUpTo], ['Acme', '2.0', '6.4']);
  assert.deepEqual(
    readme.sections.map(({ kind }) => kind),
    ['description', 'changelog'],
  );
  assert.equal(parse('=== Half\nStable tag: 1')?.name, 'Half');
});

test('what does not begin with a name is no readme, and what stands in a text is no field', () => {
  for (const text of ['', '\n\n', 'Acme\n====\n', '== Acme ==\n', '==== Acme ====', '===  ===', 'Stable tag: 1.0']) {
    assert.equal(parse(text), undefined, JSON.stringify(text));
  }
  const readme = parse(
    '=== A ===\nStable tag: 1.0\nStable tag: 2.0\n\nText: with a colon\nStable tag: 3.0\n== D ==\nStable tag: 4.0',
  );
  assert.equal(readme?.stableTag, '1.0');
  assert.equal(readme?.shortDescription, 'Text: with a colon Stable tag: 3.0');
  assert.equal(parse('=== A ===\nconstructor: x\n__proto__: y\n== __proto__ ==\nz')?.sections[0]?.kind, 'other');
});

test('a readme that was written is read as it was meant', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9äö.-]{1,12}$/);
  const line = fc.array(word, { minLength: 1, maxLength: 5 }).map((words) => words.join(' '));
  const model = fc.record({
    name: line,
    stableTag: word,
    tags: fc.array(word, { maxLength: 7 }),
    lead: line,
    sections: fc.array(fc.tuple(line, line), { maxLength: 4 }),
  });
  fc.assert(
    fc.property(model, fc.constantFrom('\n', '\r\n', '\r'), ({ name, stableTag, tags, lead, sections }, end) => {
      const lines = [`=== ${name} ===`, `Stable tag: ${stableTag}`, `Tags: ${tags.join(', ')}`, '', lead, ''];
      for (const [title, text] of sections) lines.push(`== ${title} ==`, text, '');
      const readme = parse(lines.join(end));
      assert.deepEqual(
        [readme?.name, readme?.stableTag, readme?.tags, readme?.shortDescription],
        [name, stableTag, tags, lead],
      );
      assert.deepEqual(
        readme?.sections.map(({ title, text }) => [title, text]),
        sections,
      );
    }),
  );
});

test('whatever comes, reading ends, and never throws', () => {
  const piece = fc.constantFrom(
    '=',
    '==',
    '===',
    '#',
    ' ',
    '\n',
    '\r',
    ':',
    'Tags',
    'Stable tag',
    '*',
    '-',
    'x',
    '\0',
    '\ud800',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 80 }), (parts) => {
      parse(`=== a ===\n${parts.join('')}`);
      parse(parts.join(''));
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void parseReadme(bytes)));
});
