/** Profiles that name the hash of the issuer's signature, judged by openssl and GnuTLS. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  defaultSignatureAlgorithm,
  type HashName,
  interpretSignatureAlgorithm,
  listHashes,
  type SignatureAlgorithm,
} from '@signpost/protocol/keys/signature-algorithm';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { issueCertificate } from '../../../src/pki/certificates/issue.ts';
import { keyLabels, parseKeyLabel } from '../../../src/pki/profiles/key-label.ts';
import { parseNameText } from '../../../src/pki/profiles/name-text.ts';
import { profileSchema } from '../../../src/pki/profiles/profile.ts';
import document from '../../../src/pki/profiles/profiles.json' with { type: 'json' };
import { createProfile } from '../../../src/pki/profiles/rules.ts';
import type { Database } from '../../../src/storage/database.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { readIssued } from '../issued.ts';
import { assertChainAccepted } from '../oracles.ts';
import { createPkiScene, type PkiScene } from '../scene.ts';

const hashes: readonly HashName[] = ['SHA-256', 'SHA-384', 'SHA-512'];
/** Making a key of 4096 bits takes seconds, and nothing of it is different here. */
const issuerKeys = keyLabels.filter((label) => label !== 'rsa-4096');

/** GnuTLS knows no day but today. */
async function openToday(database: Database): Promise<PkiScene> {
  const scene = await createPkiScene(database);
  scene.travel(Date.now() - scene.parts.now());
  return scene;
}

/** Adds a profile that names the hash for every type of key that may sign with it; its name. */
async function addProfile({ parts, caller }: PkiScene, hash: HashName): Promise<string> {
  const fitting = keyLabels.filter((label) => listHashes(parseKeyLabel(label)).includes(hash));
  const named = Object.fromEntries(fitting.map((label) => [label, hash]));
  const name = `server-${hash.toLowerCase()}`;
  await createProfile(parts, caller, { name, document: profileSchema.parse({ ...document.server, hash: named }) });
  return name;
}

function issue({ parts, caller }: PkiScene, authority: string, profile: string) {
  return readIssued(
    issueCertificate(parts, caller, {
      ...{ authority, profile, source: 'form', names: [parseNameText('dns:host.example')] },
      key: { kind: 'server', label: 'ecdsa-p256' },
    }),
  );
}

function readAlgorithm({ signatureAlgorithm }: Certificate): SignatureAlgorithm {
  return interpretSignatureAlgorithm(signatureAlgorithm);
}

suite('a profile that names a hash', () => {
  forEachEngine((_engine, open) => {
    test('has issuers of every type of key sign with it where it fits, and openssl and certtool accept that', async () => {
      const scene = await openToday(await open());
      await scene.createRoot();
      const profiles = new Map<HashName, string>();
      for (const hash of hashes) profiles.set(hash, await addProfile(scene, hash));
      for (const label of issuerKeys) {
        await scene.createIntermediate({ name: label, keyType: label });
        const type = parseKeyLabel(label);
        for (const [hash, profile] of profiles) {
          const { certificate, issuer } = await issue(scene, label, profile);
          const usual = defaultSignatureAlgorithm(type);
          const wanted = listHashes(type).includes(hash) ? { ...usual, hash } : usual;
          assert.deepEqual(readAlgorithm(certificate), wanted, `${label} ${hash}`);
          await assertChainAccepted([certificate, issuer.certificate, ...issuer.chain], scene.parts.now());
        }
      }
    });

    test('changes no certificate of another profile that is signed together with its own', async () => {
      const scene = await openToday(await open());
      await scene.createRoot();
      await scene.createIntermediate();
      const hashed = await addProfile(scene, 'SHA-512');
      const asked = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? hashed : 'server'));
      const issued = await Promise.all(asked.map((profile) => issue(scene, 'issuing', profile)));
      for (const { certificate, row } of issued) {
        const hash = row.profile === hashed ? 'SHA-512' : 'SHA-256';
        assert.deepEqual(readAlgorithm(certificate), { kind: 'ecdsa', hash });
      }
      const [first, second] = issued;
      assert.ok(first && second);
      for (const { certificate, issuer } of [first, second]) {
        await assertChainAccepted([certificate, issuer.certificate, ...issuer.chain], scene.parts.now());
      }
    });
  });
});
