import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { TrustError } from '@signpost/protocol/errors';
import { createPrivateKey } from '@signpost/protocol/keys/private-key';
import { parseSubjectKey } from '@signpost/protocol/keys/subject-key';
import fc from 'fast-check';
import { Refusal } from '../../../src/errors.ts';
import {
  describeAuthorities,
  describeAuthority,
  listAuthorityChains,
} from '../../../src/pki/authorities/description.ts';
import { importAuthority } from '../../../src/pki/authorities/import-authority.ts';
import { importCertificate } from '../../../src/pki/authorities/import-certificate.ts';
import { openIssuer } from '../../../src/pki/authorities/issuer.ts';
import { openKeyMaterial } from '../../../src/pki/authorities/key-material.ts';
import { withRootSigner } from '../../../src/pki/authorities/root-signer.ts';
import { signBelow } from '../../../src/pki/authorities/sign-authority.ts';
import { findProfile, openBuiltInProfiles } from '../../../src/pki/profiles/profile.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { assertChainAccepted } from '../oracles.ts';
import { createPkiScene, rootPassphrase as passphrase } from '../scene.ts';
import { createForeignAuthorities, type ForeignAuthorities } from './foreign.ts';

let foreign: ForeignAuthorities;
before(async () => {
  foreign = await createForeignAuthorities();
});

const password = 'file password';

test('a damaged file is refused by a typed refusal, or still holds the key', async () => {
  const files = [
    { pem: Buffer.from(foreign.lockedKey + foreign.sub + foreign.root), pkcs12: undefined },
    { pem: undefined, pkcs12: foreign.pkcs12 },
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), fc.nat(), fc.integer({ min: 1, max: 255 }), async (file, at, flip) => {
      const bytes = new Uint8Array(file.pem ?? file.pkcs12 ?? []);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ flip;
      const given = file.pem ? { pem: Buffer.from(bytes).toString('latin1') } : { pkcs12: bytes };
      try {
        const { pkcs8 } = await openKeyMaterial({ ...given, password });
        assert.ok(pkcs8.length > 100);
      } catch (error) {
        assert.ok(error instanceof TrustError || error instanceof Refusal, String(error));
      }
    }),
    { numRuns: 100 },
  );
});

forEachEngine((_engine, open) => {
  const openScene = async () => {
    const scene = await createPkiScene(await open());
    // openssl certified as of today.
    scene.travel(Date.now() - scene.parts.now());
    return scene;
  };

  test('a root is taken over under a new passphrase, and signs', async () => {
    const { parts, caller } = await openScene();
    const root = await importAuthority(parts, caller, {
      name: 'taken',
      pem: foreign.rootKey + foreign.root,
      passphrase,
    });
    assert.deepEqual([root.kind, root.custody, root.state], ['root', 'dual', 'active']);
    const place = { organisationId: caller.organisationId, authorityId: root.id };
    await withRootSigner(parts, { ...place, passphrase }, async ({ signer }) => signer.sign(new Uint8Array(3)));
    await assert.rejects(
      withRootSigner(parts, { ...place, passphrase: 'wrong' }, async () => 0),
      { code: 'forbidden' },
    );
  });

  test('an intermediate comes from PEM with and without password and from PKCS#12, its root registered with it', async () => {
    for (const material of [
      { pkcs12: foreign.pkcs12, password },
      { pem: foreign.lockedKey + foreign.sub + foreign.root, password },
      { pem: foreign.oldKey + foreign.root + foreign.sub },
    ]) {
      const { parts, caller } = await openScene();
      const row = await importAuthority(parts, caller, { name: 'taken', ...material });
      assert.deepEqual([row.kind, row.custody], ['intermediate', 'server']);
      const issuer = await openIssuer(parts, { organisationId: caller.organisationId, authorityId: row.id });
      await assertChainAccepted([issuer.certificate, ...issuer.chain], parts.now());
      const root = await describeAuthority(parts, caller.organisationId, 'taken-issuer');
      assert.deepEqual([root.kind, root.custody, root.state], ['root', 'offline', 'active']);
    }
  });

  test('what does not fit together is refused by name, and changes nothing', async () => {
    const scene = await openScene();
    const { parts, caller } = scene;
    const take = (given: object) => importAuthority(parts, caller, { name: 'taken', ...given });
    const pem = foreign.subKey + foreign.sub + foreign.root;
    const other = encodePem('PRIVATE KEY', await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' }));
    const small = encodePem('PRIVATE KEY', await createPrivateKey({ kind: 'rsa', modulusBits: 2056 }));
    const refusals: [object, object][] = [
      [{ pem: foreign.subKey + foreign.sub }, { code: 'trust_refused', rule: 'issuer-unknown' }],
      [{ pem: other + foreign.sub + foreign.root }, { code: 'trust_refused', rule: 'key-mismatch' }],
      [{ pem: small + foreign.sub + foreign.root }, { code: 'invalid', rule: 'key-type' }],
      [{ pem: foreign.serverKey + foreign.server + foreign.sub + foreign.root }, { rule: 'not-an-authority' }],
      [{ pem: foreign.sub + foreign.root }, { code: 'invalid', rule: 'key-material' }],
      [{ pem: foreign.subKey + foreign.rootKey + foreign.sub }, { code: 'invalid', rule: 'key-material' }],
      [{ pem: foreign.subKey }, { code: 'invalid', rule: 'no-certificate' }],
      [{ pem: foreign.rootKey + foreign.root, passphrase: 'short' }, { rule: 'passphrase-too-weak' }],
      [{ pem: foreign.rootKey + foreign.root }, { rule: 'passphrase-too-weak' }],
      [{ pem: foreign.lockedKey + foreign.sub + foreign.root }, { code: 'invalid', rule: 'password-needed' }],
      [{ pem: foreign.lockedKey + foreign.sub + foreign.root, password: 'x' }, { code: 'password_wrong' }],
      [{ pkcs12: foreign.pkcs12, password: 'x' }, { code: 'password_wrong' }],
      [{ pkcs12: new Uint8Array(100), password }, { code: 'malformed' }],
      [
        { pem, pkcs12: foreign.pkcs12, password },
        { code: 'invalid', rule: 'key-material' },
      ],
      [{}, { code: 'invalid', rule: 'key-material' }],
      [{ pem: 'x'.repeat(600_000) }, { code: 'too_large' }],
      [{ pem: pem.replace('MII', 'MIIA') }, { code: 'malformed' }],
      [
        { pem, name: 'No Name' },
        { code: 'invalid', rule: 'authority-name' },
      ],
    ];
    for (const [given, expected] of refusals) await assert.rejects(take(given), expected);
    scene.travel(1001 * 86_400_000);
    await assert.rejects(take({ pem }), { code: 'trust_refused', rule: 'validity' });
    assert.deepEqual(await describeAuthorities(parts, caller.organisationId), []);
    scene.travel(-1001 * 86_400_000);
    await take({ pem });
    await assert.rejects(take({ pem }), { code: 'conflict', rule: 'name-taken' });
    await assert.rejects(take({ pem, name: 'again' }), { code: 'conflict', rule: 'key-taken' });
  });

  test('a certificate from elsewhere is for an authority here, by an authority known here, and new', async () => {
    const { parts, caller, createRoot, createIntermediate } = await openScene();
    const take = (pem: string, name?: string) =>
      importCertificate(parts, caller, { pem, ...(name !== undefined && { name }) });
    await assert.rejects(take(foreign.sub, 'sub'), { code: 'trust_refused', rule: 'issuer-unknown' });
    await assert.rejects(take(foreign.root), { code: 'invalid', rule: 'authority-name' });
    await take(foreign.root, 'foreign-root');
    await assert.rejects(take(foreign.root, 'twice'), { code: 'conflict', rule: 'certificate-known' });
    const registered = await take(foreign.sub + foreign.root, 'foreign-sub');
    assert.deepEqual([registered.custody, registered.kind], ['offline', 'intermediate']);
    await assert.rejects(take(foreign.server, 'server'), { code: 'trust_refused', rule: 'not-an-authority' });
    await assert.rejects(take('nothing', 'none'), { code: 'invalid', rule: 'no-certificate' });
    await createRoot();
    await assert.rejects(createIntermediate({ name: 'root' }), { rule: 'name-taken' });
    const below = createIntermediate({ name: 'waiting', parent: 'foreign-sub', passphrase: undefined });
    assert.equal((await below).state, 'pending');
    const [chain] = await listAuthorityChains(parts, caller.organisationId, 'foreign-sub');
    assert.equal(chain?.length, 2);
  });

  test('a pending authority takes no certificate for another name, and an active one none with another key identifier', async () => {
    const { parts, caller, createRoot, createIntermediate } = await openScene();
    const place = { organisationId: caller.organisationId };
    await importCertificate(parts, caller, { pem: foreign.root, name: 'offline' });
    const waiting = await createIntermediate({ name: 'waiting', parent: 'offline', passphrase: undefined });
    await assert.rejects(openIssuer(parts, { ...place, authorityId: waiting.id }), { rule: 'authority-state' });
    const spki = new Uint8Array(Buffer.from(waiting.public_key, 'base64'));
    const root = await createRoot({ name: 'ours', pathLength: 1 });
    const publicKey = parseSubjectKey(spki);
    const profile = findProfile(openBuiltInProfiles(), 'intermediate');
    const sign = (subject: Record<string, string>) =>
      withRootSigner(parts, { ...place, authorityId: root.id, passphrase }, (issuer) =>
        signBelow(parts, issuer, { profile, subject, publicKey }),
      );
    const foreignName = await sign({ O: 'Example', CN: 'somebody else' });
    const take = (bytes: Uint8Array) => importCertificate(parts, caller, { pem: encodePem('CERTIFICATE', bytes) });
    await assert.rejects(take(foreignName.bytes), { code: 'trust_refused', rule: 'subject' });
    const right = await sign({ O: 'Example', CN: 'waiting CA' });
    const active = await take(right.bytes);
    assert.deepEqual([active.state, active.parent_id], ['active', root.id]);
    const { certificate } = await openIssuer(parts, { ...place, authorityId: waiting.id });
    const kept = { subject: certificate.subject, keyIdentifier: new Uint8Array(20), nameConstraints: undefined };
    const moved = await withRootSigner(parts, { ...place, authorityId: root.id, passphrase }, (opened) =>
      signBelow(parts, opened, { profile, publicKey, kept }),
    );
    await assert.rejects(take(moved.bytes), { code: 'trust_refused', rule: 'key-identifier' });
    const issuer = await openIssuer(parts, { ...place, authorityId: waiting.id });
    await assertChainAccepted([issuer.certificate, ...issuer.chain], parts.now());
  });
});
