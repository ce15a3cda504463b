import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { evaluatePolicy } from '@signpost/protocol/policy/evaluate';
import { parsePolicy } from '@signpost/protocol/policy/policy';
import fc from 'fast-check';
import type { ArtifactEvidence } from '../../src/policy/evidence.ts';
import { managedKeyId } from '../../src/policy/managed-key.ts';
import { findAcceptedLevel } from '../../src/policy/rules/provenance.ts';
import { isBlocking, type Override, type PolicyRule, policyRules } from '../../src/policy/verdict.ts';
import { day, identity, now, pem, provenance, releaseOf, sbom, signature, verified } from './facts.ts';

const full = {
  policy: 1,
  signature: { identities: [identity], trust_roots: ['sigstore'], max_age: '7d' },
  provenance: {
    builders: [provenance.builder],
    sources: [identity.repository],
    build_types: [provenance.buildType],
    minimum_level: 2,
  },
  sbom: { complete: true, vulnerabilities: { deny_at: 'high' } },
  scan: { max_age: '7d' },
  approvals: 2,
};

const looked = { found: [], snapshotAt: now - day, lookedUp: 3, missing: [] };

test('a release that shows everything passes, with one finding for each rule', () => {
  const verdict = evaluatePolicy(parsePolicy(full), releaseOf({}, 2), { now });
  assert.equal(verdict.result, 'passed');
  assert.deepEqual(verdict.findings.map(({ rule }) => rule).toSorted(), [...policyRules].toSorted());
});

suite('what is missing or wrong is one finding', () => {
  const cases: Readonly<Record<string, readonly [Partial<ArtifactEvidence>, PolicyRule, 'unmet' | 'unknown']>> = {
    'no signature': [{ signatures: [] }, 'signature', 'unmet'],
    'a refused signature': [{ signatures: [refused('refused')] }, 'signature', 'unmet'],
    'a signature that could not be judged': [{ signatures: [refused('unknown')] }, 'signature', 'unknown'],
    'a signature by another workflow': [
      { signatures: [verified(signedBy('https://github.com/acme/tool/.github/workflows/test.yml@refs/heads/main'))] },
      'signature',
      'unmet',
    ],
    'the right identity under another trust root': [
      { signatures: [verified({ ...signature, trustRoot: 'private' })] },
      'signature',
      'unmet',
    ],
    'too few log entries': [{ signatures: [verified({ ...signature, logEntries: 0 })] }, 'signature', 'unmet'],
    'a certificate that nobody promised to log': [
      { signatures: [verified({ ...signature, scts: 0 })] },
      'signature',
      'unmet',
    ],
    'an old signature': [
      { signatures: [verified({ ...signature, signedAt: now - 8 * day })] },
      'signature-age',
      'unmet',
    ],
    'a signature without a time': [
      { signatures: [verified({ ...signature, signedAt: undefined })] },
      'signature-age',
      'unmet',
    ],
    'no provenance': [{ provenance: [] }, 'provenance', 'unmet'],
    'another builder': [{ provenance: [verified({ ...provenance, builder: 'https://else' })] }, 'builder', 'unmet'],
    'no source': [{ provenance: [verified({ ...provenance, source: undefined })] }, 'source', 'unmet'],
    'a source that only begins the same': [
      { provenance: [verified({ ...provenance, source: `${identity.repository}-fork` })] },
      'source',
      'unmet',
    ],
    'another build type': [{ provenance: [verified({ ...provenance, buildType: 'x' })] }, 'build-type', 'unmet'],
    'a lower level': [{ provenance: [verified({ ...provenance, level: 1 })] }, 'build-level', 'unmet'],
    'no SBOM': [{ sboms: [] }, 'sbom', 'unmet'],
    'a gap in the SBOM': [{ sboms: [verified({ ...sbom, gaps: ['no supplier'] })] }, 'sbom-complete', 'unmet'],
    'no vulnerability data': [
      { sboms: [verified({ ...sbom, vulnerabilities: undefined })] },
      'vulnerability-data',
      'unknown',
    ],
    'old vulnerability data': [
      {
        sboms: [
          verified({ ...sbom, vulnerabilities: { found: [], snapshotAt: now - 8 * day, lookedUp: 3, missing: [] } }),
        ],
      },
      'vulnerability-data',
      'unknown',
    ],
    'an ecosystem without vulnerability data': [
      {
        sboms: [verified({ ...sbom, vulnerabilities: { found: [], snapshotAt: now, lookedUp: 3, missing: ['npm'] } })],
      },
      'vulnerability-data',
      'unknown',
    ],
    'vulnerability data of the future, which would never grow old': [
      { sboms: [verified({ ...sbom, vulnerabilities: { ...looked, snapshotAt: now + day } })] },
      'vulnerability-data',
      'unknown',
    ],
    'an SBOM with nothing to look its components up by': [
      { sboms: [verified({ ...sbom, vulnerabilities: { ...looked, snapshotAt: undefined, lookedUp: 0 } })] },
      'vulnerability-data',
      'unknown',
    ],
    'a vulnerable component': [{ sboms: [vulnerable('critical')] }, 'vulnerabilities', 'unmet'],
    'a vulnerability that nobody rated': [{ sboms: [vulnerable('unknown')] }, 'vulnerabilities', 'unmet'],
    'a vulnerable component that a second SBOM leaves out': [
      { sboms: [vulnerable('high'), verified(sbom)] },
      'vulnerabilities',
      'unmet',
    ],
    'a scan of the future': [{ scan: { state: 'clean', scannedAt: now + day } }, 'scan', 'unmet'],
    'a signature of the future': [
      { signatures: [verified({ ...signature, signedAt: now + day })] },
      'signature-age',
      'unmet',
    ],
    'no scan': [{ scan: { state: 'unknown' } }, 'scan', 'unknown'],
    'an old scan': [{ scan: { state: 'clean', scannedAt: now - 8 * day } }, 'scan', 'unmet'],
    'a scan without a time': [{ scan: { state: 'clean', scannedAt: undefined } }, 'scan', 'unmet'],
  };
  for (const [name, [change, rule, outcome]] of Object.entries(cases)) {
    test(name, () => {
      const verdict = evaluatePolicy(parsePolicy(full), releaseOf(change, 2), { now });
      const [finding, ...others] = verdict.findings.filter((one) => one.outcome !== 'met');
      assert.deepEqual([finding?.rule, finding?.outcome, others], [rule, outcome, []]);
      assert.ok(finding?.hint);
      assert.equal(verdict.result, 'denied');
    });
  }

  test('too few approvals', () => {
    const verdict = evaluatePolicy(parsePolicy(full), releaseOf({}, 1), { now });
    assert.deepEqual(unmet(verdict), ['approvals']);
  });

  test('one artifact of two', () => {
    const { artifacts } = releaseOf();
    const release = {
      artifacts: [...artifacts, ...releaseOf({ name: 'b.zip', signatures: [] }).artifacts],
      approvals: 2,
    };
    const verdict = evaluatePolicy(parsePolicy(full), release, { now });
    const failed = verdict.findings.filter(({ outcome }) => outcome !== 'met');
    assert.deepEqual(
      failed.map(({ rule, artifact }) => [rule, artifact]),
      [['signature', 'b.zip']],
    );
  });
});

test('what a lower rating, or a VEX statement, takes away does not count', () => {
  for (const one of [vulnerable('medium'), vulnerable('critical', 'vex.json')]) {
    assert.equal(evaluatePolicy(parsePolicy(full), releaseOf({ sboms: [one] }, 2), { now }).result, 'passed');
  }
});

test('of several statements of provenance the one counts that meets the most', () => {
  const statements = [verified({ ...provenance, level: 0, builder: 'else' }), verified({ ...provenance, level: 1 })];
  const verdict = evaluatePolicy(parsePolicy(full), releaseOf({ provenance: statements }, 2), { now });
  assert.deepEqual(unmet(verdict), ['build-level']);
});

test('a source that the certificate denies is none, also where no level is asked for', () => {
  const policy = parsePolicy({ ...full, provenance: { sources: [identity.repository] } });
  const lie = verified({ ...provenance, level: 0 });
  const verdict = evaluatePolicy(policy, releaseOf({ provenance: [lie] }, 2), { now });
  assert.deepEqual(unmet(verdict), ['source']);
});

test('the build level is that of statements that count, not of what else is there', () => {
  const rule = parsePolicy({ ...full, provenance: { minimum_level: 1 } }).provenance;
  assert.ok(rule);
  const [artifact] = releaseOf({
    provenance: [
      verified({ ...provenance, level: 1 }),
      verified({ ...provenance, level: 3, signature: { ...signature, trustRoot: 'private' } }),
      verified({ ...provenance, level: 3, signature: signedBy('https://evil.example/w@r') }),
    ],
  }).artifacts;
  assert.ok(artifact);
  assert.equal(findAcceptedLevel(rule, artifact), 1);
  assert.equal(findAcceptedLevel({ ...rule, builders: ['https://else.example'] }, artifact), undefined);
});

test('an empty SBOM has nothing to look up, and what VEX answered is told', () => {
  const empty = verified({
    ...sbom,
    components: 0,
    vulnerabilities: { ...looked, lookedUp: 0, snapshotAt: undefined },
  });
  assert.equal(evaluatePolicy(parsePolicy(full), releaseOf({ sboms: [empty] }, 2), { now }).result, 'passed');
  const answered = releaseOf({ sboms: [vulnerable('critical', 'not_affected')] }, 2);
  const { findings } = evaluatePolicy(parsePolicy(full), answered, { now });
  const finding = findings.find(({ rule }) => rule === 'vulnerabilities');
  assert.deepEqual([finding?.outcome, finding?.found], ['met', 'none; answered by VEX: CVE-2026-1 (not_affected)']);
});

test('what is found stays short, however much was handed in', () => {
  const signatures = Array.from({ length: 3000 }, () => ({ ...refused('refused'), reason: 'x'.repeat(5000) }));
  const { findings } = evaluatePolicy(parsePolicy(full), releaseOf({ signatures }, 2), { now });
  assert.ok(JSON.stringify(findings).length < 20_000);
});

test('a key counts by itself alone, and needs no promise to log a certificate', () => {
  const policy = parsePolicy({ policy: 1, signature: { keys: [{ name: 'build', public_key: pem }] } });
  const [key] = policy.signature?.keys ?? [];
  assert.ok(key && key.keyId === managedKeyId(key.subjectKey));
  const byKey = (keyId: string) =>
    releaseOf({ signatures: [verified({ ...signature, scts: 0, signer: { kind: 'key', keyId } })] });
  assert.equal(evaluatePolicy(policy, byKey(key.keyId), { now }).result, 'passed');
  assert.equal(evaluatePolicy(policy, byKey('00'.repeat(32)), { now }).result, 'denied');
  assert.equal(evaluatePolicy(policy, releaseOf(), { now }).result, 'denied');
});

suite('an override', () => {
  const policy = parsePolicy(full);
  const release = releaseOf({ signatures: [] }, 2);
  const judge = (overrides: readonly Override[]) => evaluatePolicy(policy, release, { now, overrides });

  test('waives the rules that it names, and shows as that', () => {
    const verdict = judge([{ rules: ['signature'], expiresAt: now + 1 }]);
    assert.equal(verdict.result, 'waived');
    assert.deepEqual(verdict.findings.find(({ rule }) => rule === 'signature')?.outcome, 'waived');
    assert.equal(isBlocking(verdict), false);
  });

  test('waives nothing else, and nothing once it ended', () => {
    assert.equal(judge([{ rules: ['scan'], expiresAt: now + 1 }]).result, 'denied');
    assert.equal(judge([{ rules: ['signature'], expiresAt: now }]).result, 'denied');
  });

  test('makes nothing of a rule that is met', () => {
    const verdict = evaluatePolicy(policy, releaseOf({}, 2), {
      now,
      overrides: [{ rules: policyRules, expiresAt: now + 1 }],
    });
    assert.equal(verdict.result, 'passed');
  });
});

test('observing denies and does not block', () => {
  const verdict = evaluatePolicy(parsePolicy({ ...full, mode: 'observe' }), releaseOf({ sboms: [] }, 2), { now });
  assert.deepEqual([verdict.result, isBlocking(verdict)], ['denied', false]);
});

test('more evidence never turns unmet what a policy without SBOM rules found met', () => {
  const policy = parsePolicy({ ...full, sbom: undefined });
  const items = fc.subarray([verified(signature), verified(signedBy('https://evil.example/w@r')), refused('unknown')]);
  const statements = fc.subarray([verified(provenance), verified({ ...provenance, level: 0 })]);
  fc.assert(
    fc.property(items, statements, items, statements, (signatures, given, moreSignatures, more) => {
      const less = evaluatePolicy(policy, releaseOf({ signatures, provenance: given }, 2), { now });
      const all = { signatures: [...signatures, ...moreSignatures], provenance: [...given, ...more] };
      const greater = evaluatePolicy(policy, releaseOf(all, 2), { now });
      assert.ok(less.result === 'denied' || greater.result === 'passed');
    }),
  );
});

function unmet({ findings }: ReturnType<typeof evaluatePolicy>): readonly string[] {
  return findings.filter(({ outcome }) => outcome !== 'met').map(({ rule }) => rule);
}

function refused(state: 'refused' | 'unknown') {
  return { state, document: 'document', reason: 'bad_signature' } as const;
}

function signedBy(uri: string) {
  const claims = {
    ...identity,
    issuer: identity.issuer,
    subject: { kind: 'uri' as const, value: uri },
    buildSignerUri: uri,
  };
  return {
    ...signature,
    signer: {
      kind: 'certificate' as const,
      claims: { ...claims, sourceRepositoryUri: identity.repository, buildConfigUri: uri },
    },
  };
}

function vulnerable(severity: 'medium' | 'high' | 'critical' | 'unknown', suppressedBy?: string) {
  const found = [{ id: 'CVE-2026-1', component: 'left-pad', severity, suppressedBy }];
  return verified({ ...sbom, vulnerabilities: { found, snapshotAt: now - day, lookedUp: 3, missing: [] } });
}
