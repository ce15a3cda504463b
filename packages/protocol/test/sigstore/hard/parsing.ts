/** Bundles that are not to the letter what their standard says. */
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { instance, type Recipe } from '../mint/bundle.ts';
import type { Edit, Json } from '../mint/json.ts';
import type { HardCase } from './judge.ts';

function bundle(name: string, wanted: HardCase['wanted'], ...edits: readonly Edit[]): HardCase {
  return { name: `a bundle ${name}`, wanted, recipe: { bundle: edits } };
}

function text(name: string, bundleText: (text: string) => string): HardCase {
  return { name: `a bundle ${name}`, wanted: 'malformed', bundleText };
}

const material = 'verificationMaterial';
const certificate = `${material}.certificate.rawBytes`;
const entry = `${material}.tlogEntries.0`;
const token = `${material}.timestampVerificationData.rfc3161Timestamps.0.signedTimestamp`;
const onBytes = (change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array) => (value: Json | undefined) =>
  encodeBase64(change(parseBase64(String(value))));
const statement: Recipe = { content: 'statement' };

/** The cases. */
export const parsingCases: readonly HardCase[] = [
  bundle('of a later version', 'malformed', ['mediaType', 'application/vnd.dev.sigstore.bundle.v0.4+json']),
  bundle('with something behind its type', 'malformed', [
    'mediaType',
    'application/vnd.dev.sigstore.bundle.v0.3+json; charset=utf-8',
  ]),
  bundle('without a type', 'malformed', ['mediaType', undefined]),
  bundle('of version 0.3 that says 0.2', 'malformed', [
    'mediaType',
    'application/vnd.dev.sigstore.bundle+json;version=0.2',
  ]),
  {
    name: 'a bundle of version 0.2 that says 0.3',
    wanted: 'malformed',
    recipe: { log: 'v1', version: '0.2', bundle: [['mediaType', 'application/vnd.dev.sigstore.bundle.v0.3+json']] },
  },
  bundle('with a member that is not known', 'malformed', ['note', 'x']),
  bundle('with unknown material', 'malformed', [`${material}.note`, 'x']),
  bundle('with message and statement', 'malformed', [
    'dsseEnvelope',
    { payload: '', payloadType: 'x', signatures: [] },
  ]),
  bundle('with neither message nor statement', 'malformed', ['messageSignature', undefined]),
  bundle('with certificate and key', 'malformed', [`${material}.publicKey`, { hint: 'x' }]),
  bundle('with neither certificate nor key', 'malformed', [`${material}.certificate`, undefined]),
  bundle('without material', 'malformed', [material, undefined]),
  bundle(
    'with an empty chain',
    'malformed',
    [`${material}.certificate`, undefined],
    [`${material}.x509CertificateChain`, { certificates: [] }],
  ),
  bundle('whose certificate has another outer tag', 'malformed', [
    certificate,
    onBytes((bytes) => bytes.with(0, 0x31)),
  ]),
  bundle('whose certificate has octets behind it', 'malformed', [
    certificate,
    onBytes((bytes) => Uint8Array.of(...bytes, 0)),
  ]),
  bundle('whose certificate is cut off', 'malformed', [certificate, onBytes((bytes) => bytes.slice(0, -1))]),
  bundle('whose certificate is of indefinite length', 'malformed', [
    certificate,
    onBytes((bytes) => Uint8Array.of(0x30, 0x80, ...bytes.slice(4), 0, 0)),
  ]),
  bundle('whose certificate is a list of them', 'malformed', [
    certificate,
    [encodeBase64(instance.root.certificate.bytes)],
  ]),
  bundle('whose base64 has a line feed', 'malformed', [
    certificate,
    (value) => `${String(value).slice(0, 64)}\n${String(value).slice(64)}`,
  ]),
  bundle('whose base64 is for URLs', 'malformed', ['messageSignature.signature', 'AA-_']),
  bundle('whose base64 has no padding', 'malformed', [
    'messageSignature.messageDigest.digest',
    (value) => String(value).replace('=', ''),
  ]),
  bundle('whose base64 has bits behind the last octet', 'malformed', [
    'messageSignature.messageDigest.digest',
    `${'A'.repeat(42)}B=`,
  ]),
  bundle('whose digest is too short', 'malformed', ['messageSignature.messageDigest.digest', 'AAAA']),
  bundle('whose digest is of another function', 'malformed', ['messageSignature.messageDigest.algorithm', 'SHA2_512']),
  bundle('whose digest is of a function that is not taken', 'algorithm_unsupported', [
    'messageSignature.messageDigest.algorithm',
    'SHA1',
  ]),
  bundle('with an empty signature', 'malformed', ['messageSignature.signature', '']),
  bundle('with a negative index', 'malformed', [`${entry}.logIndex`, '-1']),
  bundle('with a leading zero in an index', 'malformed', [`${entry}.inclusionProof.logIndex`, '04']),
  bundle('with an index in the scientific notation', 'malformed', [`${entry}.inclusionProof.treeSize`, '1e1']),
  bundle('with an index beyond 2^53', 'malformed', [`${entry}.logIndex`, '9007199254740993']),
  bundle('with a hash of 31 octets', 'log_proof_invalid', [
    `${entry}.inclusionProof.hashes.0`,
    encodeBase64(new Uint8Array(31)),
  ]),
  bundle('with a log without an id', 'malformed', [`${entry}.logId`, {}]),
  bundle('with too many log entries', 'too_large', [
    `${material}.tlogEntries`,
    (value) => Array(33).fill((value as readonly Json[])[0] ?? null),
  ]),
  bundle('with too many timestamps', 'too_large', [
    `${material}.timestampVerificationData.rfc3161Timestamps`,
    (value) => Array(33).fill((value as readonly Json[])[0] ?? null),
  ]),
  bundle('with too many hashes', 'too_large', [
    `${entry}.inclusionProof.hashes`,
    Array(65).fill(encodeBase64(new Uint8Array(32))),
  ]),
  bundle('with a timestamp of another outer tag', 'malformed', [token, onBytes((bytes) => bytes.with(0, 0x31))]),
  bundle('with a timestamp that is cut off', 'malformed', [token, onBytes((bytes) => bytes.slice(0, -1))]),
  bundle('with an empty timestamp', 'malformed', [token, '']),
  { name: 'a bundle above the limit', wanted: 'too_large', bundleText: (one) => one + ' '.repeat(1_048_576) },
  text('with a member twice', (one) => one.replace('"messageSignature":', '"messageSignature":{},"messageSignature":')),
  text('with an escaped member twice', (one) =>
    one.replace('"messageSignature":', '"message\\u0053ignature":{},"messageSignature":'),
  ),
  text('with something behind it', (one) => `${one}{}`),
  text('that is no JSON', (one) => one.slice(1)),
  text('that is a list', (one) => `[${one}]`),
  text('with a comment', (one) => one.replace('{', '{/**/')),
  text('with a byte order mark', (one) => `\ufeff${one}`),
  { name: 'a bundle of a thousand levels', wanted: 'not_canonical', bundleText: () => '['.repeat(1000) },
  {
    name: 'an envelope with two signatures',
    wanted: 'malformed',
    recipe: { ...statement, bundle: [['dsseEnvelope.signatures.1', { sig: 'AAAA' }]] },
  },
  {
    name: 'an envelope without signatures',
    wanted: 'malformed',
    recipe: { ...statement, bundle: [['dsseEnvelope.signatures', []]] },
  },
  {
    name: 'an envelope with a member that is not known',
    wanted: 'malformed',
    recipe: { ...statement, bundle: [['dsseEnvelope.note', 'x']] },
  },
  { name: 'an envelope of plain text', wanted: 'malformed', recipe: { ...statement, payloadType: 'text/plain' } },
  {
    name: 'an envelope whose type was changed',
    wanted: 'log_entry_mismatch',
    recipe: { ...statement, bundle: [['dsseEnvelope.payloadType', 'application/vnd.in-toto+JSON']] },
  },
];
