/** Bundles that must be accepted: every other case is one of these with one thing changed. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import { artifact, describeStatement, digestHex, instance, type Minted } from '../mint/bundle.ts';
import {
  createHashLog,
  createIssuer,
  createTimestampAuthority,
  describeAuthority,
  describeLog,
  minuteMs,
  signedAt,
} from '../mint/instance.ts';
import { cosignNote } from '../mint/log.ts';
import { type HardCase, policy } from './judge.ts';

/** Requires the signer's key alone. */
export async function byKey({
  signer,
}: Minted): Promise<{ signer: { kind: 'key'; key: Awaited<ReturnType<typeof importPublicKey>> } }> {
  return { signer: { kind: 'key', key: await importPublicKey(signer.signer.subjectKey.spki) } };
}

async function* streamOf(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content.subarray(0, 3);
  yield content.subarray(3);
}

const end = new Date(signedAt).toISOString();

/** The cases. */
export const acceptedCases: readonly HardCase[] = [
  { name: 'a message in Rekor v2', wanted: 'accepted' },
  { name: 'a statement in Rekor v2', wanted: 'accepted', recipe: { content: 'statement' } },
  { name: 'a message in Rekor v1', wanted: 'accepted', recipe: { log: 'v1' } },
  { name: 'a statement in Rekor v1', wanted: 'accepted', recipe: { log: 'v1', content: 'statement' } },
  { name: 'a message in Rekor v1, version 0.2', wanted: 'accepted', recipe: { log: 'v1', version: '0.2' } },
  { name: 'a message in Rekor v1, version 0.1', wanted: 'accepted', recipe: { log: 'v1', version: '0.1' } },
  {
    name: 'a message in Rekor v1 with a timestamp for a promise',
    wanted: 'accepted',
    recipe: { log: 'v1', withoutPromise: true, timestamps: [{}] },
  },
  { name: "a key's message in Rekor v1", wanted: 'accepted', recipe: { log: 'v1', byKey: true }, require: byKey },
  {
    name: "a key's statement in Rekor v2",
    wanted: 'accepted',
    recipe: { byKey: true, content: 'statement' },
    require: byKey,
  },
  {
    name: 'a promise without a proof, where promises are taken',
    wanted: 'accepted',
    recipe: { log: 'v1', version: '0.1', bundle: [['verificationMaterial.tlogEntries.0.inclusionProof', undefined]] },
    require: { acceptPromises: true },
  },
  {
    name: 'a signature without a log, where none is asked for',
    wanted: 'accepted',
    recipe: { log: 'none', timestamps: [{}] },
    require: { signer: policy({ log_entries: 0, timestamps: 1 }) },
  },
  {
    name: 'a certificate without a certificate log, where none is asked for',
    wanted: 'accepted',
    recipe: { certificate: { timestamps: [] } },
    require: { signer: policy({ scts: 0 }) },
  },
  {
    name: 'an artifact by its stream',
    wanted: 'accepted',
    require: async () => ({ artifact: { kind: 'stream', stream: streamOf(artifact) } }),
  },
  {
    name: 'an artifact by its digest',
    wanted: 'accepted',
    require: async () => ({
      artifact: { kind: 'digests', digests: { sha256: Buffer.from(await digestHex(artifact), 'hex') } },
    }),
  },
  {
    name: 'a P-384 key with SHA-384',
    wanted: 'accepted',
    recipe: { hash: 'SHA-384', certificate: { keyType: { kind: 'ecdsa', curve: 'P-384' } } },
  },
  {
    name: 'a timestamp with the certificate of its authority',
    wanted: 'accepted',
    recipe: { timestamps: [{ withCertificates: true }] },
  },
  { name: 'a timestamp over SHA-512', wanted: 'accepted', recipe: { timestamps: [{ hash: 'SHA-512' }] } },
  {
    name: 'timestamps by two authorities, where two are asked for',
    wanted: 'accepted',
    recipe: async () => {
      const other = await createTimestampAuthority({ issuer: instance.timestampRoot, name: [['CN', 'other tsa']] });
      return {
        timestamps: [{}, { by: other, time: signedAt + minuteMs }],
        root: [['timestampAuthorities.1', () => describeAuthority([other, instance.timestampRoot])]],
      };
    },
    require: { signer: policy({ timestamps: 2 }) },
  },
  {
    name: 'a certificate in two logs, where two are asked for',
    wanted: 'accepted',
    recipe: async () => {
      const other = await createHashLog('ctfe2.test');
      return { certificate: { timestamps: [{}, { log: other }] }, root: [['ctlogs.1', describeLog(other)]] };
    },
    require: { signer: policy({ scts: 2 }) },
  },
  {
    name: 'a certificate timestamp with extensions',
    wanted: 'accepted',
    recipe: { certificate: { timestamps: [{ extensions: Uint8Array.of(1, 2, 3) }] } },
  },
  {
    name: 'a certificate timestamp of an unknown log beside a good one',
    wanted: 'accepted',
    recipe: async () => ({ certificate: { timestamps: [{ log: await createHashLog('unknown.test') }, {}] } }),
  },
  {
    name: 'a checkpoint that an unknown witness cosigned',
    wanted: 'accepted',
    recipe: async () => {
      const witness = await createHashLog('witness.test');
      return { note: async (note, text) => note + (await cosignNote(text, witness, signedAt)) };
    },
  },
  {
    name: 'a checkpoint with further lines',
    wanted: 'accepted',
    recipe: { checkpoint: (text) => `${text}extension\n` },
  },
  {
    name: 'a statement about several artifacts, of which this is the last',
    wanted: 'accepted',
    recipe: async () => {
      const others = Array.from({ length: 20 }, (_, at) => ({
        name: `other ${at}`,
        digest: { sha256: String(at % 10).repeat(64) },
      }));
      return {
        content: 'statement',
        statement: await describeStatement([
          ...others,
          { name: 'this', digest: { sha256: await digestHex(artifact) } },
        ]),
      };
    },
  },
  {
    name: 'a statement that has the SHA-512 alone, as npm writes it',
    wanted: 'accepted',
    recipe: async () => ({
      content: 'statement',
      statement: await describeStatement([
        { name: 'pkg:npm/app@1.0.0', digest: { sha512: await digestHex(artifact, 'SHA-512') } },
      ]),
    }),
  },
  {
    name: 'a window that ends at the signing time',
    wanted: 'accepted',
    recipe: {
      root: [
        ['tlogs.1.publicKey.validFor.end', end],
        ['certificateAuthorities.0.validFor.end', end],
        ['timestampAuthorities.0.validFor.end', end],
      ],
    },
  },
  {
    name: 'the earlier of two windows of one log key',
    wanted: 'accepted',
    recipe: {
      root: [
        ['tlogs', (logs) => [...(logs as readonly never[]), (logs as readonly never[])[1] as never]],
        ['tlogs.1.publicKey.validFor.end', end],
        ['tlogs.2.publicKey.validFor.start', new Date(signedAt + minuteMs).toISOString()],
      ],
    },
  },
  {
    name: 'a mailbox for a name',
    wanted: 'accepted',
    recipe: { certificate: { names: [{ kind: 'email', text: 'ada@acme.example' }] } },
    require: {
      signer: policy({}, { issuer: 'https://token.actions.githubusercontent.com', subject: 'ada@acme.example' }),
    },
  },
  {
    name: 'a chain with its intermediate, in version 0.2',
    wanted: 'accepted',
    recipe: async () => ({
      log: 'v1',
      version: '0.2',
      bundle: [
        [
          'verificationMaterial.x509CertificateChain.certificates.1',
          { rawBytes: encodeBase64(instance.authority.certificate.bytes) },
        ],
      ],
    }),
  },
  {
    name: 'an intermediate that only the bundle has, below a trusted root',
    wanted: 'accepted',
    recipe: async () => {
      const issuer = await createIssuer(instance.root, { name: [['CN', 'another intermediate']] });
      const rawBytes = encodeBase64(issuer.certificate.bytes);
      return {
        log: 'v1',
        version: '0.2',
        certificate: { issuer },
        bundle: [['verificationMaterial.x509CertificateChain.certificates.1', { rawBytes }]],
      };
    },
  },
  {
    name: "a statement in Rekor v1's older kind",
    wanted: 'accepted',
    recipe: { log: 'v1', content: 'statement', asIntoto: true },
  },
  {
    name: 'a P-521 key with SHA-512',
    wanted: 'accepted',
    recipe: { hash: 'SHA-512', certificate: { keyType: { kind: 'ecdsa', curve: 'P-521' } } },
  },
  {
    name: 'an Ed25519 key',
    wanted: 'accepted',
    recipe: {
      hash: 'SHA-512',
      certificate: { keyType: { kind: 'ed25519' } },
      entry: [['spec.hashedRekordV002.signature.verifier.keyDetails', 'PKIX_ED25519']],
    },
  },
  {
    name: 'an RSA key',
    wanted: 'accepted',
    recipe: {
      certificate: { keyType: { kind: 'rsa', modulusBits: 2048 } },
      entry: [['spec.hashedRekordV002.signature.verifier.keyDetails', 'PKIX_RSA_PKCS1V15_2048_SHA256']],
    },
  },
  {
    name: 'a certificate by the root itself',
    wanted: 'accepted',
    recipe: () =>
      Promise.resolve({
        certificate: { issuer: instance.root },
        root: [['certificateAuthorities.0', () => describeAuthority([instance.root])]],
      }),
  },
  {
    name: 'a promise with a proof that has no checkpoint, where promises are taken',
    wanted: 'accepted',
    recipe: {
      log: 'v1',
      version: '0.1',
      bundle: [['verificationMaterial.tlogEntries.0.inclusionProof.checkpoint', undefined]],
    },
    require: { acceptPromises: true },
  },
];
