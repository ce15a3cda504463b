/** Evidence that was signed by somebody and is not what the policy asks for, with bundles that were minted for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { parseHex } from '@signpost/protocol/bytes/hex';
import builderEntries from '@signpost/protocol/data/builders.json' with { type: 'json' };
import { evaluatePolicy } from '@signpost/protocol/policy/evaluate';
import { gatherEvidence } from '@signpost/protocol/policy/gather';
import { parsePolicy } from '@signpost/protocol/policy/policy';
import { parseBuilderTable } from '@signpost/protocol/sigstore/builder-table';
import { parseTrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import type { PolicyRule, Verdict } from '../../src/policy/verdict.ts';
import {
  artifact,
  describeStatement,
  digestHex,
  instance,
  type Minted,
  mint,
  type Recipe,
} from '../sigstore/mint/bundle.ts';
import { releaseClaims } from '../sigstore/mint/claims.ts';
import { createIssuer, describeAuthority, describeTrustedRoot, signedAt } from '../sigstore/mint/instance.ts';
import { encodeJson, type JsonRecord } from '../sigstore/mint/json.ts';

const builders = parseBuilderTable(builderEntries);
const identity = { issuer: releaseClaims.issuer, repository: releaseClaims.sourceRepositoryUri };
const plainRoot = describeTrustedRoot(instance);

/** What a policy says of the artifact, by the bundles and the trusted roots that there are. */
async function judge(
  policy: JsonRecord,
  minted: readonly Minted[],
  roots: Readonly<Record<string, JsonRecord>> = { sigstore: plainRoot },
): Promise<Verdict> {
  const parsed = parsePolicy({ policy: 1, ...policy });
  const trustedRoots = Object.entries(roots).map(async ([name, root]) => ({
    name,
    root: await parseTrustedRoot(encodeJson(root)),
  }));
  const sha256 = await digestHex(artifact);
  const documents = minted.map(({ bundle }, at) => ({ name: `document ${at}`, bytes: encodeJson(bundle) }));
  const gathered = await gatherEvidence(parsed, documents, {
    digests: { sha256: parseHex(sha256) },
    trustedRoots: await Promise.all(trustedRoots),
    builders,
    now: signedAt + 60_000,
  });
  const facts = { name: 'artifact.txt', sha256, ...gathered, sboms: [], scan: { state: 'unknown' as const } };
  return evaluatePolicy(parsed, { artifacts: [facts], approvals: 0 }, { now: signedAt + 60_000 });
}

function openRules({ findings }: Verdict): readonly PolicyRule[] {
  return findings.filter(({ outcome }) => outcome !== 'met').map(({ rule }) => rule);
}

/** Provenance that names this repository as its source. */
async function claimSource(repository: string): Promise<Recipe> {
  const statement = await describeStatement();
  const workflow = { repository, ref: 'refs/tags/v1.2.3', path: '.github/workflows/release.yml' };
  const predicate = {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: { workflow },
    },
    runDetails: { builder: { id: 'https://github.com/actions/runner/github-hosted' } },
  };
  return { content: 'statement', statement: { ...statement, predicate } };
}

const signature = { identities: [identity] };

test('a signature by the named workflow counts', async () => {
  assert.deepEqual(openRules(await judge({ signature }, [await mint()])), []);
});

test('that somebody tested an artifact, or found it wanting, is no signature of its release', async () => {
  for (const predicateType of [
    'https://slsa.dev/verification_summary/v1',
    'https://in-toto.io/attestation/test-result/v0.1',
  ]) {
    const statement = { ...(await describeStatement()), predicateType, predicate: { result: 'FAILED' } };
    const failed = await mint({ content: 'statement', statement });
    const verdict = await judge({ signature }, [failed]);
    assert.deepEqual(openRules(verdict), ['signature'], predicateType);
    assert.match(verdict.findings[0]?.found ?? '', /expected a signature, provenance or a release statement/);
  }
});

test('a statement that the artifact was released is a signature of it, provenance is, and what cosign writes', async () => {
  for (const predicateType of [
    'https://in-toto.io/attestation/release/v0.2',
    'https://slsa.dev/provenance/v1',
    'https://sigstore.dev/cosign/sign/v1',
  ]) {
    const statement = { ...(await describeStatement()), predicateType };
    const minted = await mint({ content: 'statement', statement });
    assert.deepEqual(openRules(await judge({ signature }, [minted])), [], predicateType);
  }
});

test('a source that the certificate of the build denies is not the source, whatever level is asked for', async () => {
  const policy = { provenance: { ...signature, sources: [identity.repository, 'https://github.com/acme/audited'] } };
  const honest = await mint(await claimSource(identity.repository));
  assert.deepEqual(openRules(await judge(policy, [honest])), []);
  const lie = await mint(await claimSource('https://github.com/acme/audited'));
  assert.deepEqual(openRules(await judge(policy, [lie])), ['source']);
});

test('an authority of another trusted root cannot speak for the one that the policy names', async () => {
  const issuer = await createIssuer(instance.root);
  const forged = await mint({ certificate: { issuer } });
  const roots = {
    forger: { ...plainRoot, certificateAuthorities: [describeAuthority([issuer, instance.root])] },
    sigstore: plainRoot,
  };
  const named = { signature: { ...signature, trust_roots: ['sigstore'] } };
  assert.deepEqual(openRules(await judge(named, [forged], roots)), ['signature']);
  assert.deepEqual(openRules(await judge({ signature }, [forged], roots)), [], 'all count unless some are named');
});

test('a second trusted root under which a bundle verifies too does not stand before the one that counts', async () => {
  const roots = { mirror: plainRoot, sigstore: plainRoot };
  const policy = {
    signature: { ...signature, trust_roots: ['sigstore'] },
    provenance: { ...signature, trust_roots: ['mirror'] },
  };
  const minted = await mint(await claimSource(identity.repository));
  assert.deepEqual(openRules(await judge(policy, [minted], roots)), []);
});

test('a key signs for itself alone, and no certificate over the same key does it for it', async () => {
  const byKey = await mint({ byKey: true });
  const pem = encodePem('PUBLIC KEY', byKey.signer.signer.subjectKey.spki);
  const keys = { signature: { keys: [{ name: 'build', public_key: pem }] } };
  assert.deepEqual(openRules(await judge(keys, [byKey])), []);
  const certified = await mint({ signer: byKey.signer });
  assert.deepEqual(openRules(await judge(keys, [certified])), ['signature']);
  assert.deepEqual(openRules(await judge({ signature }, [byKey])), ['signature']);
});

test('documents without end take bounded time, and what was not verified does not count', async () => {
  const good = await mint();
  const junk = await mint({ timestamps: [{ token: (token) => token.with(token.length - 1, 0) }] });
  const many = { ...junk, bundle: { attestations: Array.from({ length: 90 }, () => ({ bundle: junk.bundle })) } };
  const roots = Object.fromEntries(Array.from({ length: 23 }, (_, at) => [`root-${at}`, plainRoot]));
  const verdict = await judge({ signature }, [many, good], roots);
  assert.deepEqual(openRules(verdict), ['signature']);
  assert.deepEqual(openRules(await judge({ signature }, [many, good])), []);
});
