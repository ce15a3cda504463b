import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describePlugin, type FeedSource } from '../../../src/wordpress/updates/feed.ts';

test('the names of sections, which WordPress prints as they come, hold no markup', () => {
  const sections = [
    { kind: 'other', title: '<img src=x onerror="alert(1)">Notes', text: 'a <b>bold</b> claim' },
    { kind: 'faq', title: 'FAQ', text: 'why' },
  ];
  const source = {
    ...{ project: { slug: 'acme-forms' }, manifest: { version: '1.0.0', main: { url: '/acme-forms/1.0.0/a.zip' } } },
    ...{ reading: { header: null, shown: { sections }, folder: null, mainFile: null, findings: [] } },
    ...{ pictures: new Set(), activatedAt: 0, validUntil: 1 },
  } as unknown as FeedSource;
  assert.deepEqual(describePlugin(source, 'https://example.org').sections, {
    'img src=x onerror=alert(1)Notes': '<p>a &lt;b&gt;bold&lt;/b&gt; claim</p>',
    faq: '<p>why</p>',
  });
});
