import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderMarkdown } from '../../../src/releases/public/markdown.ts';
import { assertHarmless, xssCorpus } from '../../xss-corpus.ts';

test('Markdown of any kind becomes HTML without script, picture or foreign scheme', () => {
  for (const text of [...xssCorpus, xssCorpus.join(' '), xssCorpus.join('\n')]) assertHarmless(renderMarkdown(text));
  assert.equal(
    renderMarkdown('[x](https://good.example/?a=1&b=2)').includes('href="https://good.example/?a=1&amp;b=2"'),
    true,
  );
  assert.equal(renderMarkdown('a\u2028b\ud800c').isWellFormed(), true);
});
