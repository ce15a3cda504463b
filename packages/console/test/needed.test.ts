/** What needs a person, in which order, and where it leads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listNeeds } from '../src/areas/overview/needed.ts';

type Asked = Parameters<typeof listNeeds>[0];

function waitFor(severity: Asked['waiting'][number]['severity'], version: string): Asked['waiting'][number] {
  return { severity, since: '2026-11-22T00:00:00Z', subject: { kind: 'approval', project: 'compass', version } };
}

function find(level: Asked['findings'][number]['level'], code: string): Asked['findings'][number] {
  return { level, code, message: code, hint: 'mend it' };
}

test('the gravest stands first whoever told of it, and nothing grave is hidden by many lesser things', () => {
  const waiting = [waitFor('critical', '1'), ...Array.from({ length: 9 }, (_, at) => waitFor('high', `2.${at}`))];
  const findings = [find('error', 'vault-locked'), find('warning', 'disk-low'), find('info', 'blob-orphans')];
  const { needs, more } = listNeeds({ waiting, total: 30, findings }, 8);
  assert.deepEqual(
    needs.map(({ word }) => word),
    ['waits', 'level_error', ...Array(6).fill('waits')],
  );
  assert.equal(more, 30 + 2 - 8);
});

test('everything leads to the page where it is decided or mended', () => {
  const findings = ['trust-root-expired', 'trust-red', 'webhook-disabled', 'disk-low'].map((code) =>
    find('error', code),
  );
  const { needs } = listNeeds({ waiting: [waitFor('medium', '1.0.0')], total: 1, findings }, 8);
  assert.deepEqual(
    needs.map(({ link }) => link.path),
    ['evidence', 'trust', 'push/webhooks', 'system', 'releases/{project}/{version}'],
  );
});

test('nothing is said to be left out where all is shown', () => {
  assert.deepEqual(listNeeds({ waiting: [], total: 0, findings: [find('info', 'blob-orphans')] }, 8), {
    ...{ needs: [], more: 0 },
  });
});
