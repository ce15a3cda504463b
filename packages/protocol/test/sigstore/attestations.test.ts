/** What GitHub, npm and PyPI serve, from the document to the verified statement. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProvenance } from '@signpost/protocol/intoto/parse-provenance';
import { encodeNpmPurl, parseRelease } from '@signpost/protocol/intoto/release';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { extractBundles } from '@signpost/protocol/sigstore/extract-bundles';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { type VerifiedBundle, verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import type { RequiredSigner } from '@signpost/protocol/sigstore/verify-signer';
import { githubStatement } from '../intoto/documents.ts';
import { byKey } from './hard/accepted.ts';
import { bytes, policy } from './hard/judge.ts';
import { artifact, digestHex, instance, mint } from './mint/bundle.ts';
import { describeTrustedRoot } from './mint/instance.ts';
import { edit, encodeJson, type Json, type JsonRecord, readAt } from './mint/json.ts';

const trustedRoot = await parseTrustedRoot(encodeJson(describeTrustedRoot(instance)));
const sha512 = await digestHex(artifact, 'SHA-512');
const npmSubject = [{ name: encodeNpmPurl('@acme/app', '1.2.3'), digest: { sha512 } }];

async function verifyAll(document: Json, signer: RequiredSigner = policy()): Promise<readonly VerifiedBundle[]> {
  const bundles = extractBundles(encodeJson(document)).map((one) => parseBundle(one));
  return Promise.all(bundles.map((one) => verifyBundle(one, { artifact: bytes(artifact), trustedRoot, signer })));
}

function readStatement(verified: VerifiedBundle | undefined) {
  assert.ok(verified?.content.kind === 'statement');
  return verified.content.statement;
}

/** PyPI's attestation of a bundle (PEP 740). */
function describePyPi(bundle: JsonRecord): JsonRecord {
  return {
    version: 1,
    verification_material: {
      certificate: readAt(bundle, 'verificationMaterial.certificate.rawBytes') ?? null,
      transparency_entries: readAt(bundle, 'verificationMaterial.tlogEntries') ?? null,
    },
    envelope: {
      statement: readAt(bundle, 'dsseEnvelope.payload') ?? null,
      signature: readAt(bundle, 'dsseEnvelope.signatures.0.sig') ?? null,
    },
  };
}

test("PyPI's attestation of an upload is verified, alone and in the provenance of a file", async () => {
  const subject = [{ name: 'app-1.2.3.tar.gz', digest: { sha256: await digestHex(artifact) } }];
  const predicateType = 'https://docs.pypi.org/attestations/publish/v1';
  const statement = { ...githubStatement, subject, predicateType, predicate: null };
  const { bundle } = await mint({ log: 'v1', content: 'statement', statement });
  const attestation = describePyPi(bundle);
  assert.equal(readStatement((await verifyAll(attestation))[0]).predicateType, predicateType);
  const publisher = { kind: 'GitHub', repository: 'acme/app', workflow: 'release.yml', environment: null };
  const provenance = { version: 1, attestation_bundles: [{ publisher, attestations: [attestation] }] };
  assert.equal((await verifyAll(provenance)).length, 1);
  const forged = edit(attestation, [['envelope.statement', 'e30=']]);
  await assert.rejects(verifyAll(forged), { code: 'log_entry_mismatch' });
});

test("npm's two attestations are verified: provenance by the workflow, the release by the registry's key", async () => {
  const { bundle: provenance } = await mint({
    log: 'v1',
    content: 'statement',
    statement: { ...githubStatement, subject: npmSubject },
  });
  const publishType = 'https://github.com/npm/attestation/tree/main/specs/publish/v0.1';
  const predicate = { name: '@acme/app', version: '1.2.3', registry: 'https://registry.example' };
  const statement = { ...githubStatement, _type: 'https://in-toto.io/Statement/v0.1', subject: npmSubject };
  const published = await mint({
    log: 'v1',
    content: 'statement',
    byKey: true,
    statement: { ...statement, predicateType: publishType, predicate },
  });
  const document = {
    attestations: [
      { predicateType: publishType, bundle: published.bundle },
      { predicateType: 'https://slsa.dev/provenance/v1', bundle: provenance },
    ],
  };
  const [release, built] = extractBundles(encodeJson(document)).map((one) => parseBundle(one));
  assert.ok(release && built);
  const required = { artifact: bytes(artifact), trustedRoot };
  const byRegistry = await verifyBundle(release, { ...required, ...(await byKey(published)) });
  assert.equal(parseRelease(readStatement(byRegistry)).purl, 'pkg:npm/%40acme/app@1.2.3');
  const byWorkflow = await verifyBundle(built, { ...required, signer: policy() });
  assert.equal(parseProvenance(readStatement(byWorkflow)).source?.repository, 'https://github.com/acme/app');
});

test("GitHub's attestations are verified, as its API answers and as its command saves them", async () => {
  const subject = [{ name: 'app.zip', digest: { sha256: await digestHex(artifact) } }];
  const { bundle } = await mint({ content: 'statement', statement: { ...githubStatement, subject } });
  const [verified] = await verifyAll({ attestations: [{ bundle, repository_id: 123456 }] });
  assert.equal(parseProvenance(readStatement(verified)).source?.ref, 'refs/tags/v1.2.3');
  assert.equal((await verifyAll(bundle)).length, 1);
});
