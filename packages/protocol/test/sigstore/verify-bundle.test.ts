/** Bundles minted by the tests: what is good is accepted, whatever way it is written; what is not, is in the tests of refusals. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import type { TrustErrorCode } from '@signpost/protocol/errors';
import { importSubjectKey } from '@signpost/protocol/keys/verification-key';
import type { BundleRequirements } from '@signpost/protocol/sigstore/verify-bundle';
import { refuses } from '../refuses.ts';
import { createAuthority, createServer } from '../x509/authority.ts';
import * as instance from './instance.ts';
import { artifact, describeStatement, mint, type Plan, sha256Hex, writeIntotoBody } from './minted.ts';
import { createTrustedRoot, policy, trustedRoot, verify } from './verify.ts';

const statement = describeStatement();
const older = { log: instance.log };
const digest = (name: string) => Uint8Array.from(createHash(name).update(artifact).digest());

const accepted: Readonly<Record<string, Plan>> = {
  'a message in a tile log, with a timestamp': {},
  'a message in an older log, which tells the time': { entries: [older], timestamps: [] },
  'a message in an older log without promise, with a timestamp': { entries: [{ ...older, withoutPromise: true }] },
  'a statement in a tile log': { payload: statement },
  'a statement in an older log': { payload: statement, entries: [older], timestamps: [] },
  'a statement in an older log, as intoto': { payload: statement, entries: [{ ...older, body: writeIntotoBody }] },
  'version 0.1': { version: '0.1', entries: [older] },
  'version 0.2': { version: '0.2', entries: [older] },
  'version 0.2 with the intermediate': { version: '0.2', entries: [older], chain: [instance.intermediate] },
  'entries in two logs': { entries: [{}, older] },
  'a token with its certificate': { timestamps: [{ withCertificates: true }] },
  'an older log that names no tree': { entries: [{ ...older, origin: 'rekor.example' }] },
};

for (const [words, plan] of Object.entries(accepted)) {
  test(`${words} is accepted`, async () => {
    const verified = await verify(await mint(plan));
    assert.ok(verified.signer.kind === 'certificate');
    assert.equal(verified.signer.claims.issuer, instance.issuer);
    assert.deepEqual(verified.signer.claims.subject, { kind: 'uri', value: instance.subject });
    assert.ok(verified.times.length > 0 && verified.times.every(({ time }) => time === instance.signedAt));
    assert.deepEqual(
      verified.scts.map(({ log }) => log.baseUrl),
      [instance.certificateLog.baseUrl],
    );
    assert.equal(verified.logEntries.length, plan.entries?.length ?? 1);
    assert.equal(verified.content.kind, plan.payload === undefined ? 'message' : 'statement');
  });
}

test('the artifact may be bytes, a stream or digests', async () => {
  async function* stream() {
    yield artifact.subarray(0, 3);
    yield artifact.subarray(3);
  }
  const sha512 = describeStatement([
    { name: 'tool', digest: { sha512: Buffer.from(digest('sha512')).toString('hex') } },
  ]);
  const sha384 = describeStatement([
    { name: 'tool', digest: { sha384: Buffer.from(digest('sha384')).toString('hex') } },
  ]);
  for (const plan of [{}, { payload: statement }, { payload: sha384 }, { payload: sha512 }]) {
    const bundle = await mint(plan);
    await verify(bundle, { artifact: { kind: 'stream', stream: stream() } });
    const digests = { sha256: digest('sha256'), sha384: digest('sha384'), sha512: digest('sha512') };
    await verify(bundle, { artifact: { kind: 'digests', digests } });
    await verify(bundle);
  }
});

test('digests of a wrong length, and none, are mistakes of the program', async () => {
  const bundle = await mint();
  const digests = [{ sha256: new Uint8Array(31) }, {}];
  for (const one of digests)
    await assert.rejects(verify(bundle, { artifact: { kind: 'digests', digests: one } }), TypeError);
});

test('a statement about several artifacts says which of them it is', async () => {
  const subjects = [
    { name: 'other', digest: { sha256: sha256Hex(encodeText('other')) } },
    { name: 'tool', digest: { sha256: sha256Hex(artifact), sha1: '00'.repeat(20) } },
  ];
  const { content } = await verify(await mint({ payload: describeStatement(subjects) }));
  assert.ok(content.kind === 'statement');
  assert.deepEqual(
    content.subjects.map(({ name }) => name),
    ['tool'],
  );
  assert.equal(content.statement.subjects.length, 2);
});

test('keys of other kinds sign, too', async () => {
  for (const keyType of [{ kind: 'rsa', modulusBits: 2048 }] as const) {
    const signer = await instance.createSignerParty({ keyType });
    // The entry of an older log names no kind of key.
    await verify(await mint({ signer, entries: [older] }));
    const sha256 = digest('sha256');
    const bundle = await mint({ signer, entries: [older] });
    await verify(bundle, { artifact: { kind: 'digests', digests: { sha256 } } });
  }
});

test('a managed key needs no certificate, and no time where no log entry is asked for', async () => {
  const party = await createServer();
  const key = await importSubjectKey(party.signer.subjectKey);
  for (const plan of [{}, { entries: [older], timestamps: [] }, { payload: statement }]) {
    const verified = await verify(await mint({ ...plan, signer: party, isManaged: true }), {
      signer: { kind: 'key', key },
    });
    assert.deepEqual(verified.signer, { kind: 'key', key });
  }
  const alone = await mint({ signer: party, isManaged: true, entries: [], timestamps: [] });
  const minimums = { logEntries: 0, scts: 0, timestamps: 0 };
  assert.deepEqual((await verify(alone, { signer: { kind: 'key', key, minimums } })).times, []);
});

test('an instance without log is trusted where the policy says so', async () => {
  const bundle = await mint({ entries: [] });
  const signer = { kind: 'policy', policy: policy({ log_entries: 0, timestamps: 1 }) } as const;
  assert.equal((await verify(bundle, { signer })).logEntries.length, 0);
});

test('a promise alone is accepted where the caller takes it, in version 0.1 only', async () => {
  const bundle = await mint({ version: '0.1', entries: [{ ...older, withoutProof: true }] });
  const { logEntries } = await verify(bundle, { acceptPromises: true });
  assert.deepEqual(
    logEntries.map(({ evidence }) => evidence),
    ['promise'],
  );
});

test('minimums count different logs and authorities', async () => {
  const secondAuthority = await instance.createTimestampAuthority({ name: [['CN', 'Other time']] });
  const secondCertificateLog = await instance.createEcdsaLog('https://ct.example/2027');
  const root = await createTrustedRoot({
    ctlogs: [instance.certificateLog, secondCertificateLog].map((log) => instance.describeLog(log)),
    timestampAuthorities: [instance.timestampAuthority, secondAuthority].map((party) =>
      instance.describeAuthority([party, instance.timestampRoot]),
    ),
  });
  const signer = await instance.createSignerParty({
    scts: [{ log: instance.certificateLog }, { log: secondCertificateLog, extensions: Uint8Array.of(0, 0, 5, 1) }],
  });
  const bundle = await mint({ signer, entries: [{}, older], timestamps: [{}, { by: secondAuthority }] });
  const demanding = policy({ log_entries: 2, scts: 2, timestamps: 2 });
  const verified = await verify(bundle, { trustedRoot: root, signer: { kind: 'policy', policy: demanding } });
  assert.equal(verified.scts.length, 2);
});

test('intermediates may come in a bundle of an older version, when the trusted root has none', async () => {
  const root = await createTrustedRoot({ certificateAuthorities: [instance.describeAuthority([instance.root])] });
  const bundle = await mint({ version: '0.2', entries: [older], chain: [instance.intermediate] });
  await verify(bundle, { trustedRoot: root });
});

test('the own certificate of a timestamp authority may come in the token, when the trusted root has none', async () => {
  const root = await createTrustedRoot({
    timestampAuthorities: [instance.describeAuthority([instance.timestampRoot])],
  });
  await verify(await mint({ timestamps: [{ withCertificates: true }] }), { trustedRoot: root });
});

test('an authority that signs by its root, and one that others share a name with, are found', async () => {
  const signer = await instance.createSignerParty({ issuer: instance.root });
  const other = await createAuthority({ name: [['CN', 'Root']] });
  const certificateAuthorities = [other, instance.root].map((party) => instance.describeAuthority([party]));
  const root = await createTrustedRoot({ certificateAuthorities });
  await verify(await mint({ signer }), { trustedRoot: root });
});

test('witnesses whom nobody knows are left alone', async () => {
  const line =
    '— witness.example O8PH5AAAAABopO8+4O9uzScQrNEnGdKLYXSPoUjH1Se4n92W+wT/j5Kel/4J2XWE4bEe9bpIVUD6EGOeUDFkSWz/rbDhvVcJ/2OrDw==\n';
  await verify(await mint({ entries: [{ moreLines: line }] }));
});

test('one trusted root serves many bundles at once', async () => {
  const bundles = await Promise.all(
    Array.from({ length: 8 }, (_, index) => mint(index % 2 ? { entries: [older] } : {})),
  );
  const verified = await Promise.all(bundles.map((bundle) => verify(bundle, { trustedRoot })));
  assert.equal(verified.length, 8);
});

test('of all that is wrong the earliest step decides, though later ones run beside it', async () => {
  const stranger = {
    kind: 'policy',
    policy: policy({ identities: [{ issuer: 'https://other', subject: 'x' }] }),
  } as const;
  const otherRoot = await createTrustedRoot({
    certificateAuthorities: [instance.describeAuthority([await createAuthority()])],
  });
  const otherBody = { change: (body: string) => body.replace('SHA2_256', 'SHA2_512') };
  const wrong: readonly (readonly [TrustErrorCode, Plan, Partial<BundleRequirements>])[] = [
    ['digest_mismatch', {}, { artifact: { kind: 'bytes', bytes: encodeText('other') } }],
    ['log_entry_mismatch', { entries: [otherBody] }, {}],
    ['log_proof_invalid', { entries: [{ ...otherBody, origin: 'other.example' }] }, {}],
    ['identity_mismatch', {}, { signer: stranger }],
    ['certificate_untrusted', {}, { trustedRoot: otherRoot }],
    ['timestamp_invalid', { timestamps: [{ over: encodeText('other') }] }, {}],
  ];
  let plan: Plan = {};
  let changes: Partial<BundleRequirements> = {};
  for (const [code, morePlan, moreChanges] of wrong) {
    plan = { ...plan, ...morePlan };
    changes = { ...changes, ...moreChanges };
    await assert.rejects(verify(await mint(plan), changes), refuses(code));
  }
});

test('the stream of an artifact is not touched for a bundle that is refused anyway', async () => {
  let isTouched = false;
  async function* stream() {
    isTouched = true;
    yield artifact;
  }
  const bundle = await mint({ entries: [{ origin: 'other.example' }] });
  await assert.rejects(
    verify(bundle, { artifact: { kind: 'stream', stream: stream() } }),
    refuses('log_proof_invalid'),
  );
  assert.equal(isTouched, false);
});
