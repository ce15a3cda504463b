/** Log entries about something else, and proofs that prove something else. */
import { encodePem } from '@signpost/protocol/asn1/pem';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { artifact, certify, describeStatement, instance, mint, type Recipe } from '../mint/bundle.ts';
import { createHashLog, createTileLog, describeLog, signedAt } from '../mint/instance.ts';
import { type Edit, type Json, readAt } from '../mint/json.ts';
import { signNote } from '../mint/log.ts';
import { byKey } from './accepted.ts';
import { type HardCase, policy } from './judge.ts';

const entryPath = 'verificationMaterial.tlogEntries.0';
const v2 = 'spec.hashedRekordV002';
const zeros = '0'.repeat(64);

/** The entry is changed before it is logged: its proof holds. */
function entry(name: string, wanted: HardCase['wanted'], recipe: Recipe, ...edits: readonly Edit[]): HardCase {
  return { name: `an entry ${name}`, wanted, recipe: { ...recipe, entry: edits } };
}

const mismatch = 'log_entry_mismatch';
const v1Message: Recipe = { log: 'v1' };
const v1Statement: Recipe = { log: 'v1', content: 'statement' };
const v1Intoto: Recipe = { ...v1Statement, asIntoto: true };

/** Another certificate for the same key, and another signature by it, would verify alone. */
async function otherSigner(): Promise<{ readonly raw: string; readonly pem: string }> {
  const { certificate } = await certify();
  const pem = encodeBase64(encodeText(encodePem('CERTIFICATE', certificate.bytes)));
  return { raw: encodeBase64(certificate.bytes), pem };
}

const { raw, pem } = await otherSigner();

const bodies: readonly HardCase[] = [
  entry('with another certificate, in Rekor v2', mismatch, {}, [
    `${v2}.signature.verifier.x509Certificate.rawBytes`,
    raw,
  ]),
  entry('with another certificate, in Rekor v1', mismatch, v1Message, ['spec.signature.publicKey.content', pem]),
  entry('for a statement with another certificate', mismatch, v1Statement, ['spec.signatures.0.verifier', pem]),
  entry('with another digest, in Rekor v2', mismatch, {}, [`${v2}.data.digest`, encodeBase64(new Uint8Array(32))]),
  entry('with another digest, in Rekor v1', mismatch, v1Message, ['spec.data.hash.value', zeros]),
  entry('for a statement with another payload', mismatch, v1Statement, ['spec.payloadHash.value', zeros]),
  entry('for a statement with another digest, in Rekor v2', mismatch, { content: 'statement' }, [
    `${v2}.data.digest`,
    encodeBase64(new Uint8Array(32)),
  ]),
  entry('with another hash function', mismatch, {}, [`${v2}.data.algorithm`, 'SHA2_512']),
  entry('with a hash function that is none', 'algorithm_unsupported', {}, [`${v2}.data.algorithm`, 'MD5']),
  entry('with a key of another kind', mismatch, {}, [`${v2}.signature.verifier.keyDetails`, 'PKIX_ECDSA_P384_SHA_384']),
  entry('with a key of a kind that is not known', mismatch, {}, [`${v2}.signature.verifier.keyDetails`, 'PKIX_NEW']),
  entry('with a member that is not known, in Rekor v2', 'malformed', {}, [`${v2}.note`, 'x']),
  entry('with a member that is not known, in Rekor v1', 'malformed', v1Message, ['spec.note', 'x']),
  entry('of another version than it says', mismatch, v1Message, ['apiVersion', '0.0.2']),
  entry('of another kind than it says', mismatch, v1Message, ['kind', 'rekord']),
  entry('with a second signature', mismatch, v1Statement, [
    'spec.signatures.1',
    { signature: 'AAAA', verifier: 'AAAA' },
  ]),
  entry('without a signature', mismatch, v1Statement, ['spec.signatures', []]),
  entry('with two certificates in its PEM', mismatch, v1Message, [
    'spec.signature.publicKey.content',
    (old) => encodeBase64(encodeText(Buffer.from(`${old}`, 'base64').toString('utf8').repeat(2))),
  ]),
  entry('without a hash', 'malformed', v1Message, ['spec.data', {}]),
  entry('of the older kind with another certificate', mismatch, v1Intoto, [
    'spec.content.envelope.signatures.0.publicKey',
    pem,
  ]),
  entry('of the older kind with another payload', mismatch, v1Intoto, ['spec.content.payloadHash.value', zeros]),
  entry('of the older kind with another payload type', mismatch, v1Intoto, [
    'spec.content.envelope.payloadType',
    'text/plain',
  ]),
  entry('of the older kind with another signature', mismatch, v1Intoto, [
    'spec.content.envelope.signatures.0.sig',
    encodeBase64(encodeText(encodeBase64(new Uint8Array(70)))),
  ]),
  {
    name: 'an entry with a member twice',
    wanted: 'malformed',
    recipe: { entryText: (text) => text.replace('{', '{"kind":"x",') },
  },
  { name: 'an entry that is no JSON', wanted: 'malformed', recipe: { entryText: (text) => text.slice(1) } },
  {
    name: 'an entry with another signature by the same key over the same message',
    wanted: mismatch,
    recipe: async () => {
      const { signer } = await mint();
      const again = await signer.signer.sign(artifact);
      return { signer, entry: [[`${v2}.signature.content`, encodeBase64(again)]] };
    },
  },
  {
    name: "an entry with the certificate, for a key's signature",
    wanted: 'malformed',
    recipe: async () => {
      const { signer } = await mint();
      const x509Certificate = { rawBytes: encodeBase64(signer.certificate.bytes) };
      return {
        signer,
        byKey: true,
        entry: [[`${v2}.signature.verifier`, { keyDetails: 'PKIX_ECDSA_P256_SHA_256', x509Certificate }]],
      };
    },
    require: byKey,
  },
  {
    name: 'an entry for a message beside a statement',
    wanted: mismatch,
    recipe: async () => transplant(await mint(v1Message), v1Statement),
  },
  {
    name: 'an entry for a statement beside a message',
    wanted: mismatch,
    recipe: async () => transplant(await mint(v1Statement), v1Message),
  },
  {
    name: "an entry of somebody else's signature, its proof and promise good",
    wanted: mismatch,
    recipe: async () => transplant(await mint({ log: 'v1', certificate: {} }), v1Message),
  },
  {
    name: "an entry of another statement of the same signer's, its proof good",
    wanted: mismatch,
    recipe: async () =>
      transplant(
        await mint({ content: 'statement', statement: await describeStatement([{ digest: { sha256: zeros } }]) }),
        { content: 'statement' },
      ),
  },
  {
    name: 'a second entry about something else',
    wanted: mismatch,
    recipe: async () => ({
      bundle: [['verificationMaterial.tlogEntries.1', await readEntry({ certificate: {}, indexes: [5] })]],
    }),
  },
];

async function readEntry(recipe: Recipe): Promise<Json> {
  return readAt((await mint(recipe)).bundle, entryPath) ?? null;
}

/** A bundle by the recipe with the entry of another. */
function transplant({ bundle }: Awaited<ReturnType<typeof mint>>, recipe: Recipe): Recipe {
  return { ...recipe, bundle: [[entryPath, () => readAt(bundle, entryPath)]] };
}

function proof(name: string, ...edits: readonly Edit[]): HardCase {
  const bundle = edits.map(([path, value]): Edit => [`${entryPath}.inclusionProof.${path}`, value]);
  return { name: `a proof ${name}`, wanted: 'log_proof_invalid', recipe: { bundle } };
}

const somewhere = encodeBase64(new Uint8Array(32));
const hashesOf = (value: Json | undefined) => value as readonly string[];

const proofs: readonly HardCase[] = [
  proof('with one hash more', ['hashes', (value) => [...hashesOf(value), somewhere]]),
  proof('with one hash less', ['hashes', (value) => hashesOf(value).slice(1)]),
  proof('without hashes', ['hashes', []]),
  proof('with its hashes in another order', ['hashes', (value) => hashesOf(value).toReversed()]),
  proof('with another hash', ['hashes.1', somewhere]),
  proof('of another place', ['logIndex', '5']),
  proof('of a larger tree', ['treeSize', '11']),
  proof('of a place behind the tree', ['logIndex', '10']),
  proof('of another root', ['rootHash', somewhere]),
  proof('of a tree whose checkpoint is missing', ['checkpoint', undefined]),
  { name: 'no proof', wanted: 'log_proof_invalid', recipe: { bundle: [[`${entryPath}.inclusionProof`, undefined]] } },
  {
    name: 'another index than the proof has',
    wanted: 'log_proof_invalid',
    recipe: { bundle: [[`${entryPath}.logIndex`, '5']] },
  },
];

function checkpoint(name: string, recipe: Recipe): HardCase {
  return { name: `a checkpoint ${name}`, wanted: 'log_proof_invalid', recipe };
}

const checkpoints: readonly HardCase[] = [
  checkpoint('of another origin', { origin: 'other.test' }),
  checkpoint("whose origin contains the log's name", { origin: 'xlog2026.test' }),
  checkpoint("whose origin begins with the log's name", { origin: 'log2026.test.evil' }),
  checkpoint('of a tree that has no number', { log: 'v1', origin: 'rekor.test - x' }),
  checkpoint('of a tree of trees', { log: 'v1', origin: 'rekor.test - 1 - 2' }),
  checkpoint('with a leading zero in its size', { checkpoint: (text) => text.replace('\n10\n', '\n010\n') }),
  checkpoint('with a sign before its size', { checkpoint: (text) => text.replace('\n10\n', '\n+10\n') }),
  checkpoint('of another size', { checkpoint: (text) => text.replace('\n10\n', '\n11\n') }),
  checkpoint('of another root', { checkpoint: (text) => text.replace(/[^\n]+\n$/, `${somewhere}\n`) }),
  checkpoint('without a root', { checkpoint: (text) => text.replace(/[^\n]+\n$/, '') }),
  checkpoint('with text behind its signature', { note: (note) => `${note}more\n` }),
  checkpoint('with its last line feed missing', { note: (note) => note.slice(0, -1) }),
  checkpoint('whose signature bears a part of the name', {
    note: (note) => note.replace('\u2014 log2026.test', '\u2014 l'),
  }),
  checkpoint('without the name of who signed', { note: (note) => note.replace('\u2014 log2026.test', '\u2014 ') }),
  checkpoint('with the hint of another key', {
    note: (note) => note.replace(/ ([A-Za-z0-9+/]{4})([A-Za-z0-9+/=]+)\n$/, ' AAAA$2\n'),
  }),
  checkpoint('whose text was changed after it was signed', {
    note: (note) => note.replace('log2026.test\n', 'log2026.test\u00a0\n'),
  }),
  {
    name: 'a checkpoint by another log',
    wanted: 'log_proof_invalid',
    recipe: async () => {
      const other = await createTileLog('log2026.test');
      return { note: async (_, text) => `${text}\n${await signNote(text, other)}` };
    },
  },
  {
    name: 'a checkpoint by another trusted log of the same name',
    wanted: 'log_proof_invalid',
    recipe: async () => {
      const other = await createTileLog('log2026.test');
      return {
        note: async (_, text) => `${text}\n${await signNote(text, other)}`,
        root: [['tlogs.2', describeLog(other)]],
      };
    },
  },
  {
    name: "a checkpoint by another key under the log's hint",
    wanted: 'log_proof_invalid',
    recipe: async () => {
      const other = { ...(await createTileLog('log2026.test')), logId: instance.tileLog.logId };
      return { note: async (_, text) => `${text}\n${await signNote(text, other)}` };
    },
  },
  {
    name: "a good signature, and a damaged one of the log's",
    wanted: 'log_proof_invalid',
    recipe: async () => {
      const other = { ...(await createTileLog('log2026.test')), logId: instance.tileLog.logId };
      return {
        note: async (_, text) => `${text}\n${await signNote(text, other)}${await signNote(text, instance.tileLog)}`,
      };
    },
  },
];

const promises: readonly HardCase[] = [
  {
    name: 'a promise of another index',
    wanted: 'log_proof_invalid',
    recipe: { log: 'v1', bundle: [[`${entryPath}.logIndex`, '1005']] },
  },
  {
    name: 'a promise of another time',
    wanted: 'log_proof_invalid',
    recipe: { log: 'v1', bundle: [[`${entryPath}.integratedTime`, String(signedAt / 1000 + 1)]] },
  },
  {
    name: 'a promise without a time',
    wanted: 'malformed',
    recipe: { log: 'v1', bundle: [[`${entryPath}.integratedTime`, undefined]] },
  },
  {
    name: 'a promise by another key',
    wanted: 'log_proof_invalid',
    recipe: async () => ({
      log: 'v1',
      logKey: { ...(await createHashLog('rekor.test')), logId: instance.rekor.logId },
    }),
  },
  {
    name: 'a promise of Rekor v2',
    wanted: 'malformed',
    recipe: { bundle: [[`${entryPath}.inclusionPromise`, { signedEntryTimestamp: 'AAAA' }]] },
  },
  {
    name: 'a time of Rekor v2',
    wanted: 'malformed',
    recipe: { bundle: [[`${entryPath}.integratedTime`, '1772539200']] },
  },
  {
    name: 'a promise alone, where proofs are asked for',
    wanted: 'log_proof_invalid',
    recipe: { log: 'v1', version: '0.1', bundle: [[`${entryPath}.inclusionProof`, undefined]] },
  },
  {
    name: 'a promise beside a proof of something else, where promises are taken',
    wanted: 'log_proof_invalid',
    recipe: {
      log: 'v1',
      version: '0.1',
      bundle: [
        [`${entryPath}.inclusionProof.checkpoint`, undefined],
        [`${entryPath}.inclusionProof.rootHash`, somewhere],
      ],
    },
    require: { acceptPromises: true },
  },
  {
    name: 'a promise alone in a bundle that says 0.1 and was 0.3',
    wanted: 'malformed',
    recipe: {
      log: 'v1',
      bundle: [
        ['mediaType', 'application/vnd.dev.sigstore.bundle+json;version=0.1'],
        [`${entryPath}.inclusionProof`, undefined],
      ],
    },
    require: { acceptPromises: true },
  },
  {
    name: 'a bundle of Rekor v2 that says 0.1',
    wanted: 'log_proof_invalid',
    recipe: { version: '0.1' },
    require: { acceptPromises: true },
  },
];

const logs: readonly HardCase[] = [
  {
    name: 'an entry of an unknown log',
    wanted: 'log_untrusted',
    recipe: async () => ({ logKey: await createTileLog('unknown.test') }),
  },
  {
    name: 'an entry that says it is in another log',
    wanted: 'log_proof_invalid',
    recipe: { bundle: [[`${entryPath}.logId.keyId`, encodeBase64(instance.rekor.logId)]] },
  },
  { name: 'two entries of one log', wanted: 'accepted', recipe: { indexes: [4, 5] } },
  { name: 'the same entry twice', wanted: 'malformed', recipe: { indexes: [4, 4] } },
  { name: 'no entry', wanted: 'log_entry_missing', recipe: { log: 'none', timestamps: [{}] } },
  {
    name: 'two entries of one log, where two logs are asked for',
    wanted: 'log_entry_missing',
    recipe: { indexes: [4, 5] },
    require: { signer: policy({ log_entries: 2 }) },
  },
  {
    name: 'a log that is not the one which the certificate authority runs',
    wanted: 'log_proof_invalid',
    recipe: {
      bundle: [[`${entryPath}.canonicalizedBody`, (text) => encodeBase64(parseBase64(String(text)).with(-1, 0x20))]],
    },
  },
  {
    name: 'an entry of a kind that is not known',
    wanted: 'malformed',
    recipe: { bundle: [[`${entryPath}.kindVersion.kind`, 'rekord']] },
  },
  {
    name: 'a statement whose entry says that it is a message',
    wanted: mismatch,
    recipe: { ...v1Statement, bundle: [[`${entryPath}.kindVersion.kind`, 'hashedrekord']] },
  },
];

/** The cases. */
export const logEntryCases: readonly HardCase[] = [...bodies, ...proofs, ...checkpoints, ...promises, ...logs];
