/** Bundles that are about something else or by another key, minted with one thing wrong each, and why they are refused. */
import { generateKeyPairSync } from 'node:crypto';
import { encodeText } from '@signpost/protocol/bytes/text';
import { importPublicKey, importSubjectKey, type VerificationKey } from '@signpost/protocol/keys/verification-key';
import { createServer } from '../x509/authority.ts';
import { artifact, describeStatement, sha256Hex } from './minted.ts';
import { testRefusals } from './refusal.ts';

const statement = describeStatement();

testRefusals('content', {
  'another artifact': { code: 'digest_mismatch', changes: { artifact: { kind: 'bytes', bytes: encodeText('other') } } },
  'a digest by another function': {
    code: 'digest_mismatch',
    changes: { artifact: { kind: 'digests', digests: { sha512: new Uint8Array(64) } } },
  },
  'a statement about another artifact': {
    code: 'subject_mismatch',
    plan: { payload: statement },
    changes: { artifact: { kind: 'bytes', bytes: encodeText('other') } },
  },
  'a statement of which one digest is another': {
    code: 'subject_mismatch',
    plan: {
      payload: describeStatement([{ name: 'tool', digest: { sha256: sha256Hex(artifact), sha512: '00'.repeat(64) } }]),
    },
  },
  'a payload that is no statement by its type': {
    code: 'malformed',
    plan: { payload: statement, payloadType: 'text/plain' },
    says: /application\/vnd.in-toto\+json/,
  },
  'a payload that is no statement': { code: 'malformed', plan: { payload: '{"_type":"other"}' } },
  'two signatures': {
    code: 'malformed',
    plan: { payload: statement },
    alter: ({ dsseEnvelope }) => {
      const { signatures } = dsseEnvelope as { signatures: unknown[] };
      signatures.push(signatures[0]);
    },
  },
});

const managed = await createServer();
const key = await importSubjectKey(managed.signer.subjectKey);
const other = await importSubjectKey((await createServer()).signer.subjectKey);
const none = { logEntries: 0, scts: 0, timestamps: 0 };

testRefusals('managed key', {
  'one where a policy wants a certificate': { code: 'identity_mismatch', plan: { signer: managed, isManaged: true } },
  'a certificate where a key is wanted': { code: 'identity_mismatch', changes: { signer: { kind: 'key', key } } },
  'another key': {
    code: 'log_entry_mismatch',
    plan: { signer: managed, isManaged: true },
    changes: { signer: { kind: 'key', key: other } },
  },
  'another key without log': {
    code: 'bad_signature',
    plan: { signer: managed, isManaged: true, entries: [] },
    changes: { signer: { kind: 'key', key: other, minimums: none } },
  },
  'another key, by digest alone': {
    code: 'bad_signature',
    plan: { signer: managed, isManaged: true, entries: [] },
    changes: async () => ({
      signer: { kind: 'key', key: other, minimums: none },
      artifact: {
        kind: 'digests',
        digests: { sha256: new Uint8Array(await crypto.subtle.digest('SHA-256', artifact)) },
      },
    }),
  },
  'no log entry': {
    code: 'log_entry_missing',
    plan: { signer: managed, isManaged: true, entries: [] },
    changes: { signer: { kind: 'key', key } },
  },
  'a weak key': {
    code: 'algorithm_unsupported',
    plan: { signer: managed, isManaged: true },
    changes: async () => ({ signer: { kind: 'key', key: await createWeakKey() } }),
  },
});

function createWeakKey(): Promise<VerificationKey> {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  return importPublicKey(Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' })));
}
