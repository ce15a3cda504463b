import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { parseManifest } from '@signpost/protocol/updates/manifest';
import {
  describeManifest,
  describeTrustList,
  describeUnknown,
  escapeText,
} from '@signpost/protocol/updates/signing-text';
import { parseTrustList, type TrustList } from '@signpost/protocol/updates/trust-list';
import { createManifestDocument } from '@signpost/protocol/updates/write-manifest';
import { createTrustListDocument } from '@signpost/protocol/updates/write-trust-list';
import fc from 'fast-check';
import { codePoint } from '../code-points.ts';
import {
  aliceKey,
  bobKey,
  describeKey,
  logKey,
  manifestDocument,
  rootA,
  rootB,
  serverKey,
  trustDocument,
  trustedKeyEntry,
  trustedLogEntry,
} from '../documents.ts';

const revoked = { key_id: serverKey.keyId, reason: 'laptop stolen', revoked_at: '2027-01-14T00:00:00Z' };

async function createPrevious(): Promise<TrustList> {
  return parseTrustList(
    trustDocument({
      root_keys: [describeKey(rootA)],
      threshold: 1,
      valid_keys: [trustedKeyEntry(serverKey), trustedKeyEntry(bobKey, { label: 'bob' })],
      projects: [
        { project: 'demo', approvals: 2, counter_epoch: 0 },
        { project: 'old', approvals: 1, counter_epoch: 0 },
      ],
    }),
  );
}

test('every change that a new trust list makes is said', async () => {
  const list = await parseTrustList(
    trustDocument({
      trust_version: 4,
      root_keys: [describeKey(rootB)],
      threshold: 1,
      valid_keys: [
        trustedKeyEntry(serverKey, { scope: ['project:demo'] }),
        trustedKeyEntry(aliceKey, { custody: 'maintainer', label: 'alice', not_after: '2028-01-01T00:00:00Z' }),
      ],
      revoked_keys: [revoked],
      projects: [{ project: 'demo', approvals: 1, counter_epoch: 1 }],
    }),
  );
  assert.deepEqual(describeTrustList(list, await createPrevious()), [
    'trust list version 4, after version 3',
    '  issued 2027-01-01T00:00:00Z, expires 2029-01-01T00:00:00Z: clients then refuse every update',
    '  roots: 1 of 1 must sign',
    `    root ${rootB.keyId} is NEW and will be pinned`,
    `    root ${rootA.keyId} is REMOVED`,
    `  key ${serverKey.keyId} "a key" may sign project demo`,
    '    held by the server, without end',
    '    CHANGED, before: EVERY project, server custody, without end',
    '    but is revoked below, which wins',
    `  key ${aliceKey.keyId} "alice" may sign EVERY project (NEW)`,
    '    held by a maintainer, until 2028-01-01T00:00:00Z',
    `  key ${bobKey.keyId} "bob" is REMOVED`,
    `  key ${serverKey.keyId} is REVOKED from now on: laptop stolen`,
    '  project demo: 1 maintainers must sign, counter epoch 1 (before: 2 maintainers, epoch 0)',
    '  WARNING: project old no longer has a rule: any key in scope may sign',
  ]);
});

test('a log is named, and whoever takes it away or exchanges it is warned', async () => {
  const lists = { log: trustedLogEntry(), other: trustedLogEntry(bobKey), revoked: trustedLogEntry(serverKey) };
  const parse = (log?: SignableObject) =>
    parseTrustList(trustDocument({ log, revoked_keys: [revoked], ...(log === lists.revoked && { valid_keys: [] }) }));
  const describe = async (log?: SignableObject, before?: SignableObject) =>
    describeTrustList(await parse(log), await parse(before)).filter(
      (line) => line.includes(' log ') || line.includes('CHANGED'),
    );
  const named = `log updates.example/log of key ${logKey.keyId}`;
  assert.deepEqual(await describe(lists.log, lists.log), [`  ${named}`]);
  assert.deepEqual(await describe(lists.log), [`  ${named} (NEW)`]);
  assert.deepEqual(await describe(undefined, lists.log), [
    `  WARNING: no longer names ${named}: clients ask for no more proofs`,
  ]);
  const [, warning] = await describe(lists.other, lists.log);
  assert.equal(warning, `    WARNING: CHANGED, before: ${named.slice(4)}: clients compare nothing of the two`);
  const lines = describeTrustList(await parse(lists.revoked));
  assert.ok(lines.includes('    WARNING: but its key is revoked below: clients refuse every release'));
});

test('what a careful signer must not miss is a warning', async () => {
  const previous = await parseTrustList(
    trustDocument({ root_keys: [describeKey(rootA)], threshold: 1, revoked_keys: [revoked] }),
  );
  const lines = describeTrustList(await parseTrustList(trustDocument()), previous).filter((line) =>
    line.includes('WARNING'),
  );
  assert.deepEqual(lines, [
    '  WARNING: version 3 is not above 3: clients will refuse this list',
    '  WARNING: no longer names its roots: clients keep those that they have',
    `  WARNING: key ${serverKey.keyId} is no longer revoked`,
  ]);
});

test('a manifest says what will be installed where', () => {
  const lines = describeManifest(
    parseManifest(manifestDocument({ min_version: '1.0.0', changelog: { en: 'new\n\u001b[2Jclean' } })),
  );
  assert.deepEqual(lines, [
    'release 1.2.0 of project demo, channel stable',
    '  counter 7 of epoch 0: clients that see it refuse lower counters',
    `  signed as 2027-01-10T00:00:00Z by key ${serverKey.keyId}`,
    '  expires 2027-02-10T00:00:00Z: clients then refuse it',
    '  can be installed over version 1.0.0 or later only',
    `  main file /demo/1.2.0/demo.zip, 24 bytes, SHA-256 ${String(manifestDocument().sha256)}`,
    '  says nothing about a malware scan',
    '  changelog (en): new\\u{a}\\u{1b}[2Jclean',
  ]);
});

test('escaped text holds nothing that moves, hides or reorders, and says which character it was', () => {
  assert.equal(escapeText('a\u202eb\u200bc\u0007\\d ä😀'), 'a\\u{202e}b\\u{200b}c\\u{7}\\u{5c}d ä😀');
  fc.assert(
    fc.property(fc.string({ unit: codePoint }), (text) => {
      const escaped = escapeText(text);
      assert.doesNotMatch(escaped, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      const back = escaped.replaceAll(/\\u\{([0-9a-f]+)\}/g, (_, hex: string) =>
        String.fromCodePoint(Number.parseInt(hex, 16)),
      );
      assert.equal(back, text);
    }),
  );
});

test('what would be signed unseen is named, however deep it stands', async () => {
  const trust = trustDocument({
    root_keys: [{ ...describeKey(rootA), uses: 'everything' }],
    threshold: 1,
    projects: [{ project: 'demo', approvals: 2, counter_epoch: 0, unless: ['x'] }],
    delegations: [{ to: 'mallory' }],
    toString: 'x',
    'line\u202ebreak': 1,
  });
  assert.deepEqual(describeUnknown(trust, createTrustListDocument(await parseTrustList(trust))), [
    '  WARNING: also signs what this version does not know: root_keys[0].uses, projects[0].unless, delegations, toString, line\\u{202e}break',
  ]);
  const manifest = manifestDocument({ scan: { status: 'not_scanned', run: 'this' } });
  assert.deepEqual(describeUnknown(manifest, createManifestDocument(parseManifest(manifest))), [
    '  WARNING: also signs what this version does not know: scan.run',
  ]);
  const honest = trustDocument({ projects: [] });
  assert.deepEqual(describeUnknown(honest, createTrustListDocument(await parseTrustList(honest))), []);
});

test('numbers that can never be taken back are warned of', async () => {
  const list = await parseTrustList(trustDocument({ trust_version: 9_007_199_254_740_991 }));
  const [, , warning] = describeTrustList(list, await createPrevious());
  assert.match(warning ?? '', /WARNING: skips 9007199254740987 versions/);
  const lines = describeManifest(
    parseManifest(manifestDocument({ counter: 9_007_199_254_740_991, expires_at: '9999-01-01T00:00:00Z' })),
  ).join('\n');
  assert.match(lines, /WARNING: counters end at/);
  assert.match(lines, /WARNING: stays in force for more than two years/);
  assert.doesNotMatch(describeManifest(parseManifest(manifestDocument())).join('\n'), /WARNING/);
});
