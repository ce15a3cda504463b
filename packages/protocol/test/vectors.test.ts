/** The vector files hold for this implementation, are what the generator writes, and leave no code out. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { trustErrorCodes } from '@signpost/protocol/errors';
import { createVectorFiles } from '../vectors/generate.ts';
import { readVectorFiles } from './portable/bundle.ts';
import { decideVectors } from './portable/decide-vectors.ts';

/** What only a client with a server meets; everything else stands in a vector. */
const clientCodes = [
  ...[
    'trust_missing',
    'manifest_missing',
    'catalogue_missing',
    'author_changed',
    'author_replayed',
    'fetch_failed',
    'state_invalid',
    'log_inconsistent',
  ],
];

/** What certificates, timestamps and key files are refused with; test/x509, test/cms and test/conformance hold them. */
const certificateCodes = [
  'algorithm_unsupported',
  'certificate_invalid',
  'certificate_expired',
  'certificate_untrusted',
  'certificate_revoked',
  'revocation_unknown',
  'name_mismatch',
  'password_wrong',
  'timestamp_invalid',
];

/** What evidence and TUF metadata are refused with; the tests of their folders and test/conformance hold them. */
const evidenceCodes = [
  'trusted_root_invalid',
  'log_entry_missing',
  'log_entry_mismatch',
  'sct_invalid',
  'signed_time_missing',
  'signed_time_invalid',
  'identity_mismatch',
  'subject_mismatch',
  'format_unsupported',
  'source_replayed',
  'policy_denied',
  'metadata_expired',
  'metadata_replayed',
  'metadata_mismatch',
  'target_unknown',
];

test('the committed vector files are what the generator writes', async () => {
  for (const [name, text] of await createVectorFiles()) {
    assert.equal(await readFile(new URL(`../vectors/${name}`, import.meta.url), 'utf8'), text, name);
  }
});

test('the published package holds the vectors, for whoever writes a client in another language', () => {
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const cwd = join(import.meta.dirname, '..');
  const [packed] = JSON.parse(execFileSync('npm', words, { cwd, encoding: 'utf8', timeout: 60_000 }));
  const paths = packed.files.map(({ path }: { path: string }) => path);
  for (const name of readdirSync(join(cwd, 'vectors')).filter((name) => name.endsWith('.json'))) {
    assert.ok(paths.includes(`vectors/${name}`), name);
  }
});

test('every vector holds', async () => {
  const { decided, disagreements } = await decideVectors(await readVectorFiles());
  assert.deepEqual(disagreements, []);
  assert.ok(decided > 150);
});

test('every code that a document can be refused with stands in a vector, and no name twice', async () => {
  const codes = new Set([...clientCodes, ...certificateCodes, ...evidenceCodes]);
  for (const text of Object.values(await readVectorFiles())) {
    const vectors = JSON.parse(text) as { name: string; expect: { refused?: string } }[];
    assert.equal(new Set(vectors.map(({ name }) => name)).size, vectors.length);
    for (const { expect } of vectors) if (expect.refused) codes.add(expect.refused);
  }
  assert.deepEqual([...codes].sort(), [...trustErrorCodes].sort());
});
