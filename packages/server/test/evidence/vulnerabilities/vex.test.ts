/** VEX documents: whatever they hold, they are read or refused with a code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import fc from 'fast-check';
import { parseVex } from '../../../src/evidence/vulnerabilities/vex.ts';
import { createOpenVex } from './records.ts';

const context = { maxBytes: 100_000, artifactSha256: 'ab'.repeat(32), findPurl: () => undefined };

function parse(document: unknown) {
  return parseVex(Buffer.from(JSON.stringify(document)), context);
}

test('a statement about the file itself is about all its components', () => {
  const products = [{ '@id': 'https://rockets.example/rocket', hashes: { 'sha-256': 'AB'.repeat(32) } }];
  const vulnerability = { name: 'CVE-1', aliases: ['GHSA-1'] };
  const { statements } = parse(
    createOpenVex({ vulnerability, products, status: 'fixed', timestamp: '2026-11-12T00:00:00Z' }),
  );
  assert.deepEqual(
    statements.map(({ vulnerability: name, purl, statedAt }) => [name, purl, statedAt]),
    ['CVE-1', 'GHSA-1'].map((name) => [name, undefined, Date.parse('2026-11-12T00:00:00Z')]),
  );
});

test('any statement is read or refused with a code', () => {
  const base = { vulnerability: 'CVE-1', products: ['pkg:npm/a'], status: 'fixed' };
  fc.assert(
    fc.property(fc.constantFrom('vulnerability', 'products', 'status', 'timestamp'), fc.jsonValue(), (name, value) => {
      try {
        parse(createOpenVex({ ...base, [name]: value }));
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test('a document above the limit is refused', () => {
  assert.throws(() => parse(createOpenVex({ detail: 'x'.repeat(200_000) })), { code: 'too_large' });
});
