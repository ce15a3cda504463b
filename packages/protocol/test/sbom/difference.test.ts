/** What changed from one SBOM to the next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ComparedComponent, compareComponents, compareSboms } from '@signpost/protocol/sbom/difference';
import { parseSbom } from '@signpost/protocol/sbom/parse-sbom';
import fc from 'fast-check';
import { cycloneDx, encodeDraft } from './documents.ts';

function component(purl: string, licences: readonly string[] = []): ComparedComponent {
  const [name = '', version] = purl.split('@');
  return { name, version, purl: purl.startsWith('pkg:') ? purl : undefined, licences };
}

test('added, removed, upgraded, downgraded, changed and relicensed components are told apart', () => {
  const before = [
    'pkg:npm/up@1.9.0',
    'pkg:npm/down@2.0.0',
    'pkg:npm/gone@1.0.0',
    'pkg:conan/b@1',
    'pkg:npm/same@1.0.0',
    'plain@1',
  ];
  const after = [
    'pkg:npm/up@1.10.0',
    'pkg:npm/down@1.0.0',
    'pkg:npm/new@1.0.0',
    'pkg:conan/b@2',
    'pkg:npm/same@1.0.0',
    'plain@2',
  ];
  const difference = compareComponents(
    before.map((purl) => component(purl, ['MIT'])),
    after.map((purl) => component(purl, purl.includes('same') ? ['GPL-2.0-only'] : ['MIT'])),
  );
  assert.deepEqual(difference.added, [{ name: 'new', ecosystem: 'npm', versions: ['1.0.0'], licences: ['MIT'] }]);
  assert.deepEqual(
    difference.removed.map(({ name }) => name),
    ['gone'],
  );
  assert.deepEqual(difference.upgraded, [{ name: 'up', ecosystem: 'npm', before: ['1.9.0'], after: ['1.10.0'] }]);
  assert.deepEqual(
    difference.downgraded.map(({ name }) => name),
    ['down'],
  );
  assert.deepEqual(
    difference.changed.map(({ name, ecosystem }) => [name, ecosystem]),
    [
      ['b', 'conan'],
      ['plain', undefined],
    ],
  );
  assert.deepEqual(difference.relicensed, [
    { name: 'same', ecosystem: 'npm', before: ['MIT'], after: ['GPL-2.0-only'] },
  ]);
});

test('several versions at once count as an upgrade only if all new ones are later than all old ones', () => {
  const compare = (before: readonly string[], after: readonly string[]) =>
    compareComponents(
      before.map((version) => component(`pkg:npm/a@${version}`)),
      after.map((version) => component(`pkg:npm/a@${version}`)),
    );
  assert.equal(compare(['1.0.0', '1.5.0'], ['2.0.0', '1.6.0']).upgraded.length, 1);
  assert.equal(compare(['1.0.0', '3.0.0'], ['2.0.0']).changed.length, 1);
  assert.equal(compare(['1.0.0', 'odd'], ['2.0.0']).changed.length, 1);
  assert.deepEqual(compare(['1.0.0', '2.0.0'], ['2.0.0']).changed, [
    { name: 'a', ecosystem: 'npm', before: ['1.0.0'], after: [] },
  ]);
});

test('what documents are about is no difference between them', () => {
  const next = encodeDraft(
    cycloneDx,
    (draft) => void Object.assign(draft.metadata.component ?? {}, { version: '3.0.0' }),
  );
  const difference = compareSboms(parseSbom(encodeDraft(cycloneDx)), parseSbom(next));
  assert.ok(Object.values(difference).every((list) => list.length === 0));
});

const components = fc.array(
  fc
    .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1.0.0', '1.1.0', '2.0.0', 'odd'))
    .map(([name, version]) => component(`pkg:npm/${name}@${version}`)),
  { maxLength: 6 },
);

test('the other way round, what was added is removed and what was upgraded is downgraded; nothing differs from itself', () => {
  fc.assert(
    fc.property(components, components, (before, after) => {
      const [there, back] = [compareComponents(before, after), compareComponents(after, before)];
      assert.deepEqual(there.added, back.removed);
      assert.deepEqual(
        there.upgraded.map(({ name }) => name),
        back.downgraded.map(({ name }) => name),
      );
      assert.ok(Object.values(compareComponents(before, before)).every((list) => list.length === 0));
    }),
    { numRuns: 500 },
  );
});
