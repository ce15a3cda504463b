/** Intermediates by profiles of the organisation's own. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { interpretSignatureAlgorithm } from '@signpost/protocol/keys/signature-algorithm';
import { purposes } from '@signpost/protocol/x509/oids';
import { parseRequest } from '@signpost/protocol/x509/request';
import { listAuthorityChains } from '../../../src/pki/authorities/description.ts';
import { importCertificate } from '../../../src/pki/authorities/import-certificate.ts';
import { crossSign, renewAuthority } from '../../../src/pki/authorities/renew.ts';
import { rekeyAuthority } from '../../../src/pki/authorities/succession.ts';
import { issueCertificate } from '../../../src/pki/certificates/issue.ts';
import { parseNameText } from '../../../src/pki/profiles/name-text.ts';
import { profileSchema } from '../../../src/pki/profiles/profile.ts';
import document from '../../../src/pki/profiles/profiles.json' with { type: 'json' };
import { createProfile, deleteProfile } from '../../../src/pki/profiles/rules.ts';
import type { Database } from '../../../src/storage/database.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { readIssued } from '../issued.ts';
import { assertChainAccepted } from '../oracles.ts';
import { createPkiScene, type PkiScene, rootPassphrase as passphrase } from '../scene.ts';
import { createForeignAuthorities } from './foreign.ts';

const dayMs = 86_400_000;
const lab = {
  ...document.intermediate,
  description: 'Authorities of the laboratory',
  keys: ['ecdsa-p256', 'ecdsa-p384'],
  lifetime: { default: '30d', maximum: '60d', beyond_issuer: 'clamp' },
  path_length: { default: 1, maximum: 1 },
  hash: { 'ecdsa-p256': 'SHA-512' },
  extended_key_usage: { purposes: ['serverAuth', 'ocspSigning'], critical: false },
  subject: { O: 'match', CN: 'supplied' },
  policies: [{ policy: '1.3.6.1.4.1.99999.1', practice_statement: 'https://example.org/cps' }],
  name_constraints: { permitted: ['dns:lab.example'], excluded: ['dns:secret.lab.example'] },
};

/** An organisation with a root and the profile `lab`, changed or not. */
async function openLab(database: Database, changes: object = {}): Promise<PkiScene> {
  const scene = await createPkiScene(database);
  // GnuTLS knows no day but today.
  scene.travel(Date.now() - scene.parts.now());
  await scene.createRoot();
  await addProfile(scene, changes);
  return scene;
}

function addProfile({ parts, caller }: PkiScene, changes: object = {}): Promise<void> {
  return createProfile(parts, caller, { name: 'lab', document: profileSchema.parse({ ...lab, ...changes }) });
}

/** The chain of an authority, its own certificate first. */
async function readChain({ parts, caller }: PkiScene, name: string) {
  const [chain = []] = await listAuthorityChains(parts, caller.organisationId, name);
  const [own, ...above] = chain;
  assert.ok(own);
  return { own, certificates: [own, ...above].map(({ certificate }) => certificate) };
}

/** What `lab` makes of an authority. */
async function assertByProfile(scene: PkiScene, name: string): Promise<void> {
  const { own, certificates } = await readChain(scene, name);
  const { extensions, signatureAlgorithm, notAfter } = own.certificate;
  assert.equal(own.row.profile, 'lab');
  assert.equal(extensions.basicConstraints?.value.pathLength, 1);
  assert.deepEqual(interpretSignatureAlgorithm(signatureAlgorithm), { kind: 'ecdsa', hash: 'SHA-512' });
  assert.deepEqual(extensions.extendedKeyUsage?.value, [purposes.serverAuth, purposes.ocspSigning]);
  assert.deepEqual(
    extensions.certificatePolicies?.value.map(({ policy }) => policy),
    ['1.3.6.1.4.1.99999.1'],
  );
  assert.deepEqual(extensions.nameConstraints?.value, {
    permitted: [{ kind: 'dns', text: 'lab.example' }],
    excluded: [{ kind: 'dns', text: 'secret.lab.example' }],
  });
  assert.ok(extensions.crlDistributionPoints && extensions.authorityInformationAccess);
  assert.equal(notAfter, Math.floor((scene.parts.now() + 30 * dayMs) / 1000) * 1000);
  await assertChainAccepted(certificates, scene.parts.now());
}

suite('an intermediate by a profile of its own', () => {
  forEachEngine((_engine, open) => {
    test('is what the profile says, and issues; openssl and certtool accept both', async () => {
      const scene = await openLab(await open());
      const { parts, caller } = scene;
      await scene.createIntermediate({ profile: 'lab' });
      await assertByProfile(scene, 'issuing');
      const wish = { authority: 'issuing', profile: 'server', source: 'form' } as const;
      const issue = (name: string) =>
        issueCertificate(parts, caller, {
          ...{ ...wish, names: [parseNameText(name)], key: { kind: 'server', label: 'ecdsa-p256' } },
        });
      const { certificate, issuer } = await readIssued(issue('dns:host.lab.example'));
      await assertChainAccepted([certificate, issuer.certificate, ...issuer.chain], parts.now());
      await assert.rejects(issue('dns:a.secret.lab.example'), { code: 'invalid', rule: 'issuer-constraints' });
      const client = { ...wish, profile: 'client', key: { kind: 'server', label: 'ecdsa-p256' } } as const;
      const person = issueCertificate(parts, caller, { ...client, subject: [['CN', 'Somebody']] });
      await assert.rejects(person, { code: 'invalid', rule: 'issuer-purposes' });
    });

    test('is refused with whatever the profile does not allow, and nothing is made', async () => {
      const scene = await openLab(await open());
      const refusals: readonly (readonly [rule: string, wish: Parameters<PkiScene['createIntermediate']>[0]])[] = [
        ['key-type', { keyType: 'ed25519' }],
        ['lifetime', { days: 61 }],
        ['path-length', { pathLength: 2 }],
        ['subject-attribute', { subject: { O: 'Example', OU: 'Lab', CN: 'Lab' } }],
        ['subject-match', { subject: { O: 'Others', CN: 'Lab' } }],
        ['name-constraints', { nameConstraints: { permitted: ['dns:example.org'], excluded: [] } }],
        ['profile-kind', { profile: 'server' }],
        ['profile-kind', { profile: 'root' }],
        ['profile-unknown', { profile: 'nothing' }],
      ];
      for (const [rule, wish] of refusals) {
        await assert.rejects(scene.createIntermediate({ profile: 'lab', ...wish }), { rule }, rule);
      }
      await scene.createIntermediate({ profile: 'lab' });
      const below = { name: 'below', parent: 'issuing', passphrase: undefined, profile: 'lab' } as const;
      const tooDeep = scene.createIntermediate(below);
      await assert.rejects(tooDeep, { rule: 'path-length' });
      const more = { permitted: [], excluded: ['dns:b.lab.example'] };
      await scene.createIntermediate({ ...below, pathLength: 0, nameConstraints: more });
    });

    test('never outlives its issuer: its end is moved there, or refused as the profile says', async () => {
      const scene = await createPkiScene(await open());
      await scene.createRoot({ days: 10 });
      await addProfile(scene);
      await scene.createIntermediate({ profile: 'lab' });
      const { certificates } = await readChain(scene, 'issuing');
      assert.equal(certificates[0]?.notAfter, certificates[1]?.notAfter);
      await deleteProfile(scene.parts, scene.caller, 'lab');
      await addProfile(scene, { lifetime: { ...lab.lifetime, beyond_issuer: 'refuse' } });
      const longer = scene.createIntermediate({ name: 'longer', profile: 'lab' });
      await assert.rejects(longer, { code: 'invalid', rule: 'beyond-issuer' });
    });

    test('is renewed, signed across and followed by its profile, and by none that is gone', async () => {
      const scene = await openLab(await open());
      const { parts, caller } = scene;
      await scene.createIntermediate({ profile: 'lab' });
      await renewAuthority(parts, caller, { authority: 'issuing', passphrase });
      await assertByProfile(scene, 'issuing');
      await assert.rejects(renewAuthority(parts, caller, { authority: 'issuing', passphrase, days: 61 }), {
        rule: 'lifetime',
      });
      await rekeyAuthority(parts, caller, { authority: 'issuing', passphrase });
      await assertByProfile(scene, 'issuing-g2');
      await scene.createRoot({ name: 'other' });
      const crossing = { authority: 'issuing-g2', issuer: 'other', passphrase };
      await assert.rejects(crossSign(parts, caller, { ...crossing, days: 61 }), { rule: 'lifetime' });
      await crossSign(parts, caller, crossing);
      await deleteProfile(parts, caller, 'lab');
      const gone = { code: 'not_found', rule: 'profile-unknown' };
      await assert.rejects(renewAuthority(parts, caller, { authority: 'issuing', passphrase }), gone);
      await assert.rejects(rekeyAuthority(parts, caller, { authority: 'issuing-g2', passphrase }), gone);
    });

    test('below an offline root asks for what its profile says', async () => {
      const { root } = await createForeignAuthorities();
      const scene = await openLab(await open(), { subject: document.intermediate.subject });
      await importCertificate(scene.parts, scene.caller, { pem: root, name: 'offline' });
      const below = { profile: 'lab', name: 'waiting', parent: 'offline', passphrase: undefined } as const;
      await assert.rejects(scene.createIntermediate({ ...below, keyType: 'rsa-2048' }), { rule: 'key-type' });
      await assert.rejects(scene.createIntermediate({ ...below, pathLength: 2 }), { rule: 'path-length' });
      await assert.rejects(scene.createIntermediate({ ...below, days: 61 }), { rule: 'lifetime' });
      const { request } = await scene.createIntermediate(below);
      const asked = parseRequest(parseBase64(request ?? ''));
      assert.deepEqual(asked.extensions.basicConstraints?.value, { isAuthority: true, pathLength: 1 });
    });
  });
});
