import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parsePolicy } from '@signpost/protocol/policy/policy';
import fc from 'fast-check';
import { TrustError } from '../../src/errors.ts';
import { identity, pem } from './facts.ts';

suite('a policy', () => {
  test('has each section as it was written', () => {
    const policy = parsePolicy({
      policy: 1,
      mode: 'observe',
      signature: { identities: [identity], keys: [{ name: 'build', public_key: pem }], timestamps: 1, max_age: '30d' },
      provenance: { builders: ['https://builder.example'], minimum_level: 2 },
      sbom: { formats: ['spdx'], complete: true, vulnerabilities: { deny_at: 'high', snapshot_max_age: '12h' } },
      scan: { max_age: '45m' },
      approvals: 2,
    });
    assert.equal(policy.mode, 'observe');
    assert.equal(policy.signature?.maxAgeMs, 30 * 86_400_000);
    assert.deepEqual([policy.signature?.logEntries, policy.signature?.timestamps], [1, 1]);
    assert.match(policy.signature?.keys[0]?.keyId ?? '', /^[0-9a-f]{64}$/);
    assert.deepEqual(policy.provenance?.builders, ['https://builder.example']);
    assert.deepEqual(policy.sbom, {
      formats: ['spdx'],
      complete: true,
      vulnerabilities: { denyAt: 'high', snapshotMaxAgeMs: 43_200_000 },
    });
    assert.deepEqual(policy.scan, { maxAgeMs: 2_700_000 });
    assert.equal(policy.approvals, 2);
  });

  test('takes the signers of signatures for those of provenance, unless it names others', () => {
    const signature = { identities: [identity] };
    const shared = parsePolicy({ policy: 1, signature, provenance: { minimum_level: 1 } });
    assert.deepEqual(shared.provenance?.identities, shared.signature?.identities);
    const own = parsePolicy({ policy: 1, signature, provenance: { keys: [{ name: 'build', public_key: pem }] } });
    assert.deepEqual([own.provenance?.identities.length, own.provenance?.keys.length], [0, 1]);
  });

  test('enforces unless it says otherwise, and asks for vulnerability data of the last week', () => {
    const policy = parsePolicy({ policy: 1, sbom: { vulnerabilities: { deny_at: 'low' } } });
    assert.equal(policy.mode, 'enforce');
    assert.deepEqual(policy.sbom?.formats, ['cyclonedx', 'spdx']);
    assert.equal(policy.sbom?.vulnerabilities?.snapshotMaxAgeMs, 7 * 86_400_000);
  });

  const refused: Readonly<Record<string, unknown>> = {
    'of another version': { policy: 2, approvals: 1 },
    'that is no object': ['policy'],
    'that demands nothing': { policy: 1 },
    'with a misspelt section': { policy: 1, signatures: {}, approvals: 1 },
    'with a misspelt rule': { policy: 1, sbom: { complet: true } },
    'with an unknown mode': { policy: 1, mode: 'warn', approvals: 1 },
    'whose signature section names nobody': { policy: 1, signature: { timestamps: 1 } },
    'whose provenance section names nobody': { policy: 1, provenance: { minimum_level: 1 } },
    'with an empty list of identities': { policy: 1, signature: { identities: [] } },
    'with an empty list of builders': {
      policy: 1,
      signature: { identities: [identity] },
      provenance: { builders: [] },
    },
    'with a level of 4': { policy: 1, signature: { identities: [identity] }, provenance: { minimum_level: 4 } },
    'with a fraction of an approval': { policy: 1, approvals: 1.5 },
    'with a duration in another unit': { policy: 1, scan: { max_age: '3w' } },
    'with a duration of nothing': { policy: 1, scan: { max_age: '0d' } },
    'with an unknown form of SBOM': { policy: 1, sbom: { formats: ['swid'] } },
    'with text for true': { policy: 1, sbom: { complete: 'yes' } },
    'with an unknown severity': { policy: 1, sbom: { vulnerabilities: { deny_at: 'severe' } } },
    'with a private key': {
      policy: 1,
      signature: { keys: [{ name: 'a', public_key: pem.replaceAll('PUBLIC', 'PRIVATE') }] },
    },
    'with a key without a name': { policy: 1, signature: { keys: [{ public_key: pem }] } },
  };
  for (const [name, value] of Object.entries(refused)) {
    test(`${name} is refused`, () => {
      assert.throws(
        () => parsePolicy(value),
        (error) => error instanceof TrustError && error.code === 'malformed',
      );
    });
  }

  test('is refused by type, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), (value) => {
        for (const one of [value, { policy: 1, signature: value }, { policy: 1, sbom: value, scan: value }]) {
          try {
            parsePolicy(one);
          } catch (error) {
            assert.ok(error instanceof TrustError, String(error));
          }
        }
      }),
    );
  });
});
