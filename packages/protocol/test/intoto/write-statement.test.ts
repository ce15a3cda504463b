import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { parseEnvelope } from '@signpost/protocol/dsse/envelope';
import { verifyEnvelope } from '@signpost/protocol/dsse/verify-envelope';
import { parseProvenance } from '@signpost/protocol/intoto/parse-provenance';
import { parseRelease, releaseType } from '@signpost/protocol/intoto/release';
import { parseStatement, type Statement, statementPayloadType } from '@signpost/protocol/intoto/statement';
import { parseVerificationSummary, type VerificationSummary } from '@signpost/protocol/intoto/verification-summary';
import {
  createProvenanceStatement,
  createReleaseStatement,
  createSummaryStatement,
  encodeStatement,
  type ProvenanceToWrite,
  signStatement,
} from '@signpost/protocol/intoto/write-statement';
import type { JsonObject } from '@signpost/protocol/json/foreign';
import { createKeyPair, type Signer } from '@signpost/protocol/keys/ed25519';
import { encodeEd25519Key } from '@signpost/protocol/keys/subject-key';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import fc from 'fast-check';

const hex = (octets: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${octets * 2}}$`));
const texts = fc
  .string({ minLength: 1, unit: 'grapheme' })
  .filter((text) => !/[\p{Cc}\u2028\u2029]/u.test(text) && text !== '_');
const times = fc.date({ min: new Date('2000-01-01'), max: new Date('2999-01-01'), noInvalidDate: true }).map(Number);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });
const json = fc.dictionary(
  texts.filter((key) => key !== '__proto__'),
  fc.oneof(texts, fc.integer(), fc.boolean()),
  { noNullPrototype: true },
) as fc.Arbitrary<JsonObject>;
const digests = fc
  .record({ sha256: hex(32), sha512: hex(64) }, { requiredKeys: ['sha256'] })
  .map((one) => new Map(Object.entries(one)));
const subjects = fc.array(fc.record({ name: optional(texts), digests }, { noNullPrototype: true }), {
  minLength: 1,
  maxLength: 4,
});
const dependency = fc.record(
  { uri: optional(texts), digests: fc.oneof(digests, fc.constant(new Map<string, string>())) },
  { noNullPrototype: true },
);

const provenances: fc.Arbitrary<ProvenanceToWrite> = fc.record(
  {
    builderId: texts,
    buildType: texts,
    externalParameters: json,
    internalParameters: json,
    invocationId: optional(texts),
    startedOn: optional(times),
    finishedOn: optional(times),
    dependencies: fc.array(dependency, { maxLength: 3 }),
  },
  { noNullPrototype: true },
);

const summaries: fc.Arbitrary<VerificationSummary> = fc.record(
  {
    verifierId: texts,
    verifierVersions: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), texts, { noNullPrototype: true }),
    timeVerified: optional(times),
    resourceUri: texts,
    policy: dependency,
    inputAttestations: fc.array(dependency, { maxLength: 3 }),
    result: fc.constantFrom('PASSED' as const, 'FAILED' as const),
    verifiedLevels: fc.array(fc.constantFrom('SLSA_BUILD_LEVEL_1', 'SLSA_BUILD_LEVEL_3')),
    slsaVersion: optional(fc.constant('1.1')),
  },
  { noNullPrototype: true },
);

function reread(statement: Statement): Statement {
  const read = parseStatement(encodeStatement(statement));
  assert.deepEqual(read.subjects, statement.subjects);
  return read;
}

test('provenance is read back as it was written', () => {
  fc.assert(
    fc.property(subjects, provenances, (about, written) => {
      const { version, source, ...read } = parseProvenance(reread(createProvenanceStatement(about, written)));
      assert.equal(version, 'v1');
      assert.deepEqual(read, written);
    }),
  );
});

test('a verification summary is read back as it was written', () => {
  fc.assert(
    fc.property(subjects, summaries, (about, written) => {
      assert.deepEqual(parseVerificationSummary(reread(createSummaryStatement(about, written))), written);
    }),
  );
});

test('a release is read back as it was written', () => {
  fc.assert(
    fc.property(subjects, optional(texts), (about, packageId) => {
      const release = { purl: 'pkg:generic/app@1.2.3', packageId };
      assert.deepEqual(parseRelease(reread(createReleaseStatement(about, release))), release);
    }),
  );
});

async function verifyBy(text: string, signer: Signer): Promise<Statement> {
  const key = await importPublicKey(encodeEd25519Key(parseBase64(signer.pubkeyB64)));
  const keys = [{ key, algorithm: { kind: 'ed25519' } as const }];
  const { payload } = await verifyEnvelope(parseEnvelope(encodeText(text)), {
    payloadType: statementPayloadType,
    keys,
  });
  return parseStatement(payload);
}

test('a statement is signed as DSSE by each key, and verifies under each', async () => {
  const [alice, bob, mallory] = await Promise.all([createKeyPair(), createKeyPair(), createKeyPair()]);
  const about = [{ name: 'app.zip', digests: new Map([['sha256', '0'.repeat(64)]]) }];
  const statement = createReleaseStatement(about, { purl: 'pkg:generic/app@1.2.3', packageId: undefined });
  const text = await signStatement(statement, [alice.signer, bob.signer]);
  for (const { signer } of [alice, bob]) assert.equal((await verifyBy(text, signer)).predicateType, releaseType);
  await assert.rejects(verifyBy(text, mallory.signer), { code: 'bad_signature' });
  await assert.rejects(signStatement(statement, []), TypeError);
});
