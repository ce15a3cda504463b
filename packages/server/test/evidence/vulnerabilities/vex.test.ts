/** VEX documents: whatever they hold, they are read or refused with a code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrustError } from '@signpost/protocol/errors';
import fc from 'fast-check';
import { parseVex } from '../../../src/evidence/vulnerabilities/vex.ts';
import { createOpenVex } from './records.ts';

const context = {
  maxBytes: 100_000,
  artifacts: new Set(['ab'.repeat(32), 'cd'.repeat(32)]),
  findPurl: () => undefined,
};

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
    statements.map(({ vulnerability: name, purl, artifactSha256, statedAt }) => [name, purl, artifactSha256, statedAt]),
    ['CVE-1', 'GHSA-1'].map((name) => [name, undefined, 'ab'.repeat(32), Date.parse('2026-11-12T00:00:00Z')]),
  );
});

test("a component of one file is that of this file, one of no file that of each, one of a strange file nobody's", () => {
  const subcomponents = [{ '@id': 'pkg:npm/a' }];
  const products = [
    { '@id': 'https://x.example/1', hashes: { 'sha-256': 'cd'.repeat(32) }, subcomponents },
    { '@id': 'pkg:generic/rocket@1.0.0', subcomponents: ['pkg:npm/b'] },
    { '@id': 'pkg:generic/other@1.0.0', hashes: { 'sha-256': 'ef'.repeat(32) }, subcomponents: ['pkg:npm/c'] },
    { '@id': 'pkg:npm/d@1', hashes: { 'sha-256': 'ef'.repeat(32) } },
  ];
  const { statements } = parse(createOpenVex({ vulnerability: 'CVE-1', products, status: 'fixed' }));
  assert.deepEqual(
    statements.map(({ purl, artifactSha256 }) => [purl, artifactSha256]),
    [
      ['pkg:npm/a', 'cd'.repeat(32)],
      ['pkg:npm/b', undefined],
      ['pkg:npm/d@1', undefined],
    ],
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
