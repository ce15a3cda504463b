/** What is known of an artifact by what was found beside it. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { digestSigner, vouchType } from '@signpost/protocol/intoto/vouch';
import * as instance from '../../../../../protocol/test/sigstore/instance.ts';
import { mint } from '../../../../../protocol/test/sigstore/minted.ts';
import { createAuthority } from '../../../../../protocol/test/x509/authority.ts';
import type { SignatureFact } from '../../../../src/watch/facts/fact-set.ts';
import type { FoundSignature } from '../../../../src/watch/readers/facts/found-signature.ts';
import { observeBundles } from '../../../../src/watch/readers/facts/observe-bundles.ts';
import {
  attestOlder,
  content,
  context,
  cosignSign,
  createTrustedRoot,
  encodeBundle,
  foundOlder,
  foundStatement,
  githubIssuer,
  mapOf,
  type OlderSignature,
  provenance,
  signedAt,
  signOlder,
  slsa1,
  stranger,
  workflow,
} from '../signing.ts';

const observe = (...found: readonly FoundSignature[]) => observeBundles(found, context);
const other = 'cd'.repeat(32);

async function outcomeOf(found: FoundSignature, changes: Partial<typeof context> = {}) {
  const { signatures } = await observeBundles([found], { ...context, ...changes });
  return signatures.map(({ outcome, reason }) => (reason === undefined ? outcome : `${outcome} ${reason}`)).join();
}

test('a bundle says who signed, when, and that a log has it', async () => {
  const { signatures, signedAt: at } = await observe(await foundStatement());
  const [{ identity, ...signature } = assert.fail('expected a signature')] = signatures;
  assert.deepEqual(signature, {
    ...{ kind: 'keyless', format: 'referrer', outcome: 'verified', transparency: 'included' },
  } satisfies SignatureFact);
  assert.equal(identity?.issuer, githubIssuer);
  assert.equal(identity?.subject, 'https://github.com/acme/app/.github/workflows/release.yml');
  assert.equal(identity?.repositoryId, '1001');
  assert.equal(identity?.refType, 'tag');
  assert.equal(at, signedAt);
});

test("cosign's older signatures say the same, on a promise of the log or by a timestamp", async () => {
  const { signatures, signedAt: at } = await observe(foundOlder(await signOlder(content)));
  assert.deepEqual(
    signatures.map(({ outcome, transparency, format }) => [outcome, transparency, format]),
    [['verified', 'promised', 'sig-tag']],
  );
  assert.equal(signatures[0]?.identity?.repository, 'https://github.com/acme/app');
  assert.equal(at, signedAt);
  const timed = await observe(foundOlder(await signOlder(content, { entries: [], timestamps: [{}] })));
  assert.deepEqual(
    timed.signatures.map(({ outcome, transparency }) => [outcome, transparency]),
    [['verified', 'none']],
  );
});

test('a key is known by its digest where a log shows it, and is not judged where nothing does', async () => {
  const spki = workflow.signer.subjectKey.spki;
  const key = createHash('sha256').update(spki).digest('hex');
  for (const found of [
    await foundStatement({ isManaged: true }),
    foundOlder(await signOlder(content, { isManaged: true })),
  ]) {
    const { signatures } = await observe(found);
    assert.deepEqual(
      signatures.map((one) => [one.kind, one.outcome, one.key]),
      [['key', 'verified', key]],
    );
  }
  const unknown = await signOlder(content, { isManaged: true, entries: [] });
  assert.equal(await outcomeOf(foundOlder(unknown)), 'unverifiable key_unknown');
});

test('an attestation is a signature too, and provenance says what was built from where', async () => {
  const {
    signatures,
    provenance: facts,
    sbom,
  } = await observe(await foundStatement({ predicateType: slsa1, predicate: provenance }));
  assert.equal(signatures.length, 1);
  assert.deepEqual(facts, [
    {
      ...{ outcome: 'verified', isAboutSubject: true, isCommitLinked: 'unknown', level: 2 },
      builder: 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.0.0',
      ...{ repository: 'https://github.com/acme/app', owner: 'https://github.com/acme' },
    },
  ]);
  assert.equal(sbom, 'absent');
});

test("cosign's older attestations are read, and provenance of version 0.2", async () => {
  const older = await attestOlder(content, 'https://slsa.dev/provenance/v0.2', {
    builder: { id: 'https://builder.example' },
    buildType: 'https://builder.example/type',
    invocation: {
      configSource: { uri: 'git+https://github.com/acme/app.git@refs/tags/v1.0.0', digest: { sha1: 'a'.repeat(40) } },
    },
  });
  const { signatures, provenance: facts } = await observe(attestationOf(older));
  assert.deepEqual(
    signatures.map(({ outcome, transparency }) => [outcome, transparency]),
    [['verified', 'promised']],
  );
  assert.deepEqual(
    facts.map(({ builder, repository, level }) => [builder, repository, level]),
    [['https://builder.example', 'https://github.com/acme/app', 1]],
  );
});

function attestationOf({ payload, annotations }: OlderSignature): FoundSignature {
  return { kind: 'cosign-attestation', format: 'sig-tag', envelope: payload, annotations: mapOf(annotations) };
}

test('an SBOM counts when its statement is about the artifact', async () => {
  const spdx = 'https://spdx.dev/Document/v2.3';
  assert.equal((await observe(await foundStatement({ predicateType: spdx }))).sbom, 'about-subject');
  const cyclone = attestationOf(await attestOlder(content, 'https://cyclonedx.org/bom', {}));
  assert.equal((await observe(cyclone)).sbom, 'about-subject');
  const elsewhere = await foundStatement({ predicateType: spdx }, other);
  assert.equal((await observe(elsewhere)).sbom, 'about-another');
  assert.equal((await observe(elsewhere, cyclone)).sbom, 'about-subject');
  assert.equal(
    (await observe(await foundStatement({ predicateType: 'https://spdx.dev.example/Document' }))).sbom,
    'absent',
  );
});

test('provenance about other bytes is told, and whoever signed it has not signed these', async () => {
  const {
    signatures,
    provenance: facts,
    signedAt: at,
  } = await observe(await foundStatement({ predicateType: slsa1, predicate: provenance }, other));
  assert.deepEqual(
    facts.map(({ outcome, isAboutSubject }) => [outcome, isAboutSubject]),
    [['verified', false]],
  );
  assert.deepEqual(
    signatures.map(({ outcome, reason, identity }) => [outcome, reason, identity]),
    [['invalid', 'subject_mismatch', undefined]],
  );
  assert.equal(at, undefined);
  assert.equal(await outcomeOf(foundOlder(await signOlder(other))), 'invalid subject_mismatch');
});

test('provenance that cannot be judged, or is none, says that it is there and nothing more', async () => {
  const found = await foundStatement({ predicateType: slsa1, predicate: provenance });
  const { provenance: unjudged } = await observeBundles([found], { ...context, trustedRoots: [] });
  assert.deepEqual(unjudged, [
    { outcome: 'unverifiable', isAboutSubject: false, builder: '', level: 0, isCommitLinked: 'unknown' },
  ]);
  const { signatures, provenance: broken } = await observe(
    await foundStatement({ predicateType: slsa1, predicate: {} }),
  );
  assert.deepEqual([signatures[0]?.outcome, broken[0]?.outcome], ['verified', 'invalid']);
});

test('what the roots do not reach is unverifiable, what they refuse is invalid', async () => {
  const good = await foundStatement();
  assert.equal(await outcomeOf(good, { trustedRoots: [] }), 'unverifiable certificate_untrusted');
  const foreign = await instance.createSignerParty({ issuer: await createAuthority() });
  assert.equal(await outcomeOf(await foundStatement({ signer: foreign })), 'unverifiable certificate_untrusted');
  const older = await foundStatement({ entries: [{ log: instance.log }] });
  assert.equal(
    await outcomeOf(older, { trustedRoots: [await createTrustedRoot({ tlogs: [] })] }),
    'unverifiable log_untrusted',
  );
  assert.equal(
    await outcomeOf(await foundStatement({ entries: [], timestamps: [] })),
    'unverifiable signed_time_missing',
  );
  assert.equal(await outcomeOf({ kind: 'bundle', format: 'bundle', bytes: encodeText('{}') }), 'invalid malformed');
  const signature = await signOlder(content);
  const changed = { ...signature.annotations, 'dev.cosignproject.cosign/signature': 'MEUCIQ==' };
  assert.equal(await outcomeOf(foundOlder({ ...signature, annotations: changed })), 'invalid log_entry_mismatch');
});

test('a root that verifies counts, whatever the others say', async () => {
  const bare = await createTrustedRoot({ certificateAuthorities: [], timestampAuthorities: [] });
  const [first] = context.trustedRoots;
  assert.ok(first);
  assert.equal(await outcomeOf(await foundStatement(), { trustedRoots: [bare, first] }), 'verified');
});

const olderRefusals: Readonly<
  Record<string, { readonly change: Readonly<Record<string, string>>; readonly outcome: string }>
> = {
  'without signature': { change: { 'dev.cosignproject.cosign/signature': '' }, outcome: 'invalid malformed' },
  'whose certificate is none': {
    change: { 'dev.sigstore.cosign/certificate': 'no certificate' },
    outcome: 'invalid malformed',
  },
  'whose certificate is taken away': {
    change: { 'dev.sigstore.cosign/certificate': '' },
    outcome: 'unverifiable key_unknown',
  },
  'whose log entry is taken away': {
    change: { 'dev.sigstore.cosign/bundle': 'null' },
    outcome: 'unverifiable signed_time_missing',
  },
  'whose log entry is no JSON': { change: { 'dev.sigstore.cosign/bundle': '{' }, outcome: 'invalid malformed' },
  'whose log entry lacks a member': {
    change: { 'dev.sigstore.cosign/bundle': '{"Payload":{"body":"e30="}}' },
    outcome: 'invalid malformed',
  },
  'in a kind of entry that is not read': {
    change: {
      'dev.sigstore.cosign/bundle': JSON.stringify({
        SignedEntryTimestamp: 'AA==',
        Payload: {
          body: Buffer.from('{"kind":"intoto","apiVersion":"0.0.1"}').toString('base64'),
          ...{ integratedTime: 1, logIndex: 1, logID: 'aa' },
        },
      }),
    },
    outcome: 'unverifiable format_unsupported',
  },
};
for (const [what, { change, outcome }] of Object.entries(olderRefusals)) {
  test(`an older signature ${what} is ${outcome}`, async () => {
    const { payload, annotations } = await signOlder(content);
    assert.equal(await outcomeOf(foundOlder({ payload, annotations: { ...annotations, ...change } })), outcome);
  });
}

test('a payload that is no simple signing is invalid', async () => {
  const { annotations } = await signOlder(content);
  const critical = { type: 'another', image: { 'docker-manifest-digest': `sha256:${content}` } };
  for (const text of ['[]', '{}', '{"critical":{}}', JSON.stringify({ critical })]) {
    assert.equal(await outcomeOf(foundOlder({ payload: encodeText(text), annotations })), 'invalid malformed');
  }
});

test('an identity with control characters is refused, and does not stand in any fact', async () => {
  const hostile = await instance.createSignerParty({ claimedIssuer: 'https://issuer.example/\u001b[2J' });
  assert.equal(await outcomeOf(await foundStatement({ signer: hostile })), 'invalid malformed');
});

test('facts do not depend on the order in which signatures are found, and equal ones are there once', async () => {
  const [one, two] = [await foundStatement(), await foundStatement({ signer: stranger })];
  assert.deepEqual(await observe(one, two, one), await observe(two, one));
  assert.equal((await observe(one, two, one)).signatures.length, 2);
});

test('what cosign signs today is a signature, too', async () => {
  const { signatures, provenance: facts } = await observe(await foundStatement({ predicateType: cosignSign }));
  assert.deepEqual([signatures[0]?.outcome, facts], ['verified', []]);
});

test('a word of a signer for another one is no signature of what it lies beside, and says nothing when it is wrong', async () => {
  const signer = { issuer: githubIssuer, subject: 'https://github.com/acme/new/.github/workflows/release.yml' };
  const predicate = {
    source: 'oci:ghcr.io/acme/app',
    signer,
    validFrom: '2026-01-01T00:00:00Z',
    validTo: '2026-02-01T00:00:00Z',
  };
  const found = async (digest: string): Promise<FoundSignature> => {
    const subject = [{ name: predicate.source, digest: { sha256: digest } }];
    const statement = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: vouchType, predicate };
    const bytes = encodeBundle(await mint({ signer: workflow, payload: JSON.stringify(statement) }));
    return { kind: 'bundle', format: 'referrer', bytes };
  };
  const { signatures, vouches, signedAt: at } = await observe(await found(digestSigner(signer)));
  assert.deepEqual([signatures, at], [[], undefined]);
  const [{ by, vouch } = assert.fail('expected a word')] = vouches ?? [];
  assert.deepEqual(
    [by.identity?.repository, vouch.source, vouch.signer],
    ['https://github.com/acme/app', predicate.source, signer],
  );
  const wrong = await observe(await found(other));
  assert.deepEqual([wrong.signatures, wrong.vouches], [[], undefined]);
  const untrusted = await observeBundles([await found(digestSigner(signer))], { ...context, trustedRoots: [] });
  assert.deepEqual(
    [untrusted.signatures.map(({ outcome }) => outcome), untrusted.vouches],
    [['unverifiable'], undefined],
  );
});
