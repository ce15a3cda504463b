/** Who signed a bundle, whoever it is; and that no policy can come to ask like that. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { parseBundle } from '@signpost/protocol/sigstore/bundle';
import { parseIdentityPolicy } from '@signpost/protocol/sigstore/identity-policy';
import { observeBundle } from '@signpost/protocol/sigstore/observe-bundle';
import type { TrustedRoot } from '@signpost/protocol/sigstore/trusted-root';
import { type VerifiedBundle, verifyBundle } from '@signpost/protocol/sigstore/verify-bundle';
import type { RequiredSigner } from '@signpost/protocol/sigstore/verify-signer';
import { createAuthority } from '../x509/authority.ts';
import * as instance from './instance.ts';
import { artifact, describeStatement, mint, type Plan, writeIntotoBody } from './minted.ts';
import { createTrustedRoot, policy, trustedRoot } from './verify.ts';

const older = { log: instance.log };
const stranger = await instance.createSignerParty({
  claimedIssuer: 'https://token.stranger.example',
  extensions: { subjectAlternativeName: { names: [{ kind: 'email', text: 'stranger@example.org' }], critical: true } },
});

async function observe(plan: Plan, root: TrustedRoot = trustedRoot) {
  return observeBundle(parseBundle(encodeText(JSON.stringify(await mint(plan)))), {
    artifact: { kind: 'bytes', bytes: artifact },
    trustedRoot: root,
    now: instance.signedAt,
  });
}

test('a certificate says who signed, whoever that is', async () => {
  const { signer, times } = await observe({ signer: stranger });
  assert.equal(signer.kind, 'certificate');
  assert.equal(signer.kind === 'certificate' && signer.claims.issuer, 'https://token.stranger.example');
  assert.deepEqual(signer.kind === 'certificate' && signer.claims.subject, {
    kind: 'email',
    value: 'stranger@example.org',
  });
  assert.deepEqual(
    times.map(({ time }) => time),
    [instance.signedAt],
  );
});

const payload = describeStatement();
const shownKeys: Readonly<Record<string, Plan>> = {
  'a message in a tile log': {},
  'a statement in a tile log': { payload },
  'a message in an older log': { entries: [older], timestamps: [] },
  'a statement in an older log': { payload, entries: [older] },
  'a statement in an older log, in the older way': { payload, entries: [{ ...older, body: writeIntotoBody }] },
};
for (const [what, plan] of Object.entries(shownKeys)) {
  test(`a key is told from the log entry of ${what}`, async () => {
    const { signer } = await observe({ ...plan, signer: stranger, isManaged: true });
    assert.equal(signer.kind, 'key');
    assert.deepEqual(signer.kind === 'key' && signer.key.subjectKey.spki, stranger.signer.subjectKey.spki);
  });
}

test('a promise alone is enough to tell who signed, and is told as such', async () => {
  const plan: Plan = { version: '0.1', entries: [{ ...older, withoutProof: true }], timestamps: [] };
  const { logEntries } = await observe(plan);
  assert.deepEqual(
    logEntries.map(({ evidence }) => evidence),
    ['promise'],
  );
});

test('a statement about other artifacts is told as such, and a message about another is refused', async () => {
  const subjects = [{ name: 'other', digest: { sha256: '0'.repeat(64) } }];
  const { content } = await observe({ payload: describeStatement(subjects) });
  assert.equal(content.kind === 'statement' && content.isAboutArtifact, false);
  assert.equal((await observe({ payload })).content.kind === 'statement', true);
  await assert.rejects(observe({ artifact: encodeText('another') }), { code: 'digest_mismatch' });
});

function showOther(body: string): string {
  const { spki } = stranger.signer.subjectKey;
  return body.replace(/"rawBytes":"[^"]*"/, `"rawBytes":"${encodeBase64(spki)}"`);
}

const refused: Readonly<Record<string, { readonly plan: Plan; readonly code: string; readonly root?: object }>> = {
  'by a key that no log shows': { code: 'key_unknown', plan: { isManaged: true, entries: [] } },
  'by a key whose entry shows a certificate': {
    code: 'key_unknown',
    plan: { isManaged: true, entries: [{ change: (body) => body.replace('publicKey', 'x509Certificate') }] },
  },
  "by a key whose entry shows another's": {
    code: 'bad_signature',
    plan: { isManaged: true, entries: [{ change: showOther }] },
  },
  'by an authority that is not trusted': {
    code: 'certificate_untrusted',
    plan: { signer: await instance.createSignerParty({ issuer: await createAuthority() }) },
  },
  'in a log that is not trusted': { code: 'log_untrusted', plan: { entries: [older] }, root: { tlogs: [] } },
  'that nothing dates': { code: 'signed_time_missing', plan: { entries: [], timestamps: [] } },
};
for (const [what, { plan, code, root }] of Object.entries(refused)) {
  test(`nobody is told of a signature ${what}`, async () => {
    await assert.rejects(observe(plan, root && (await createTrustedRoot({ ...root }))), { code });
  });
}

test('a policy that leaves something out is refused or meets nobody, and never everybody', async () => {
  const { issuer, subject } = instance;
  for (const identities of [undefined, [{}], [{ issuer }], [{ subject }], [{ issuer, subject: '' }], ['*'], null]) {
    assert.throws(() => parseIdentityPolicy({ identities }), { code: 'malformed' }, JSON.stringify(identities));
  }
  const bundle = parseBundle(encodeText(JSON.stringify(await mint())));
  const required = { artifact: { kind: 'bytes', bytes: artifact }, trustedRoot, now: instance.signedAt } as const;
  const nobody = { ...policy(), identities: [] };
  const signers = [{ kind: 'policy', policy: nobody }, { kind: 'any' }, { kind: 'observed' }, {}];
  for (const signer of signers as unknown as readonly RequiredSigner[]) {
    await assert.rejects(verifyBundle(bundle, { ...required, signer }), { code: 'identity_mismatch' });
  }
});

test('what was only looked at is no verified bundle', async () => {
  // @ts-expect-error: the types are two.
  const bundle: VerifiedBundle = await observe({});
  assert.ok(bundle);
});

test('nothing that judges by a policy looks at bundles like that', async () => {
  const packages = join(import.meta.dirname, '../../..');
  const folders = ['protocol/src', 'server/src/evidence', 'server/src/releases', 'cli/src'];
  for (const folder of folders) {
    for (const name of await readdir(join(packages, folder), { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const source = await readFile(join(packages, folder, name), 'utf8');
      assert.doesNotMatch(source, /from '.*\/observe-bundle(?:\.ts)?'/, `${folder}/${name}`);
    }
  }
});
