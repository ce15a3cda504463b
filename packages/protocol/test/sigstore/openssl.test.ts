/** OpenSSL agrees with us on the chains and timestamps of the minted bundles. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { askOracle, findMissingOracle } from '../oracle.ts';
import { acceptedCases } from './hard/accepted.ts';
import { certificateCases } from './hard/certificates.ts';
import { type HardCase, judge } from './hard/judge.ts';
import { timeCases } from './hard/times.ts';
import type { Minted } from './mint/bundle.ts';
import { signedAt } from './mint/instance.ts';
import { type Json, readAt } from './mint/json.ts';

const skip = findMissingOracle('openssl', ['version']);
const folder = await mkdtemp(join(tmpdir(), 'signpost-openssl-'));
after(() => rm(folder, { recursive: true }));

const time = ['-attime', String(signedAt / 1000)];

/** DER of everything under a path that is a certificate. */
function readCertificates(document: Json | undefined): readonly Uint8Array<ArrayBuffer>[] {
  if (typeof document !== 'object' || document === null) return [];
  return Object.entries(document).flatMap(([name, value]) =>
    name === 'rawBytes' ? [parseBase64(String(value))] : readCertificates(value),
  );
}

async function writePem(name: string, certificates: readonly Uint8Array<ArrayBuffer>[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, certificates.map((one) => encodePem('CERTIFICATE', one)).join(''));
  return path;
}

/** The anchors of a trusted root are the last of its chains; the others lead there, beside those that the bundle brings. */
async function writeAuthorities(
  root: Json,
  name: string,
  brought: readonly Uint8Array<ArrayBuffer>[] = [],
): Promise<readonly string[]> {
  const chains = Object.values((readAt(root, name) ?? []) as readonly Json[]).map(readCertificates);
  const anchors = chains.flatMap((chain) => chain.slice(-1));
  const others = [...chains.flatMap((chain) => chain.slice(0, -1)), ...brought];
  const trusted = ['-CAfile', await writePem('anchors.pem', anchors)];
  // OpenSSL takes no empty file.
  return others.length === 0 ? trusted : [...trusted, '-untrusted', await writePem('others.pem', others)];
}

async function verifyChain({ bundle, root }: Minted): Promise<boolean> {
  const [leaf, ...above] = readCertificates(readAt(bundle, 'verificationMaterial'));
  assert.ok(leaf);
  const authorities = await writeAuthorities(root, 'certificateAuthorities', above);
  const args = ['verify', '-x509_strict', ...time, ...authorities, await writePem('leaf.pem', [leaf])];
  return askOracle('openssl', args).status === 0;
}

/** Every token, over the signature, by an authority of the trusted root. */
async function verifyTimestamps({ bundle, root, signature }: Minted): Promise<boolean> {
  const tokens = readAt(bundle, 'verificationMaterial.timestampVerificationData.rfc3161Timestamps');
  await writeFile(join(folder, 'signature'), signature);
  const authorities = await writeAuthorities(root, 'timestampAuthorities');
  for (const token of Object.values((tokens ?? []) as readonly { readonly signedTimestamp: string }[])) {
    const answer = parseTimestampResponse(parseBase64(token.signedTimestamp));
    if (answer.kind !== 'granted') return false;
    await writeFile(join(folder, 'token'), answer.token);
    const args = ['ts', '-verify', '-token_in', '-in', join(folder, 'token'), '-data', join(folder, 'signature')];
    if (askOracle('openssl', [...args, ...time, ...authorities]).status !== 0) return false;
  }
  return true;
}

function findCase(cases: readonly HardCase[], name: string): HardCase {
  const found = cases.find((one) => one.name === name);
  assert.ok(found, name);
  return found;
}

for (const one of acceptedCases) {
  test(`openssl accepts chain and timestamps of ${one.name}`, { skip }, async () => {
    const { minted } = await judge(one);
    if (readAt(minted.bundle, 'verificationMaterial.publicKey') === undefined) assert.ok(await verifyChain(minted));
    assert.ok(await verifyTimestamps(minted));
  });
}

/** Those that RFC 5280 forbids; the profiles of Fulcio and of transparency logs are nothing to OpenSSL. */
const refusedChains = [
  'an unknown critical extension',
  "a critical extension of Fulcio's",
  'a certificate that has expired',
  'a certificate that is not valid yet',
  'names of an empty subject that are not critical',
  "a certificate by somebody else of the authority's name",
  'a certificate by an authority that is not trusted',
  'a certificate by the root of another instance, in a chain that the bundle brings',
  'an intermediate below one that allows none',
  'an authority that has expired at the signing time',
  'an authority whose names must be others',
  'an authority whose key signs no certificates',
];

for (const name of refusedChains) {
  test(`openssl refuses the chain, too: ${name}`, { skip }, async () => {
    assert.ok(!(await verifyChain((await judge(findCase(certificateCases, name))).minted)));
  });
}

const authority = 'an authority of timestamps';
const refusedTimestamps = [
  'a timestamp of something else',
  'a good timestamp, and one of something else',
  "a timestamp by somebody of the authority's name and number",
  ...['', ', its certificate in the token'].flatMap((where) => [
    `${authority} without a purpose${where}`,
    `${authority} whose purpose is not critical${where}`,
    `${authority} with a second purpose${where}`,
    `${authority} for code${where}`,
    `${authority} that has expired${where}`,
    `${authority} that is not valid yet${where}`,
  ]),
  `${authority} that nobody trusts`,
];

for (const name of refusedTimestamps) {
  test(`openssl refuses the timestamp, too: ${name}`, { skip }, async () => {
    assert.ok(!(await verifyTimestamps((await judge(findCase(timeCases, name))).minted)));
  });
}
