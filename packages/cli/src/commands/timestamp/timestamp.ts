/** `signpost timestamp`: asks a timestamp authority about a file (RFC 3161), verifies the answer and keeps it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parsePem } from '@signpost/protocol/asn1/pem';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { createNonce, encodeTimestampRequest, type MessageImprint } from '@signpost/protocol/cms/timestamp-request';
import { parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { type VerifiedTimestamp, verifyTimestamp } from '@signpost/protocol/cms/verify-timestamp';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { formatName } from '@signpost/protocol/x509/name';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import { Client, readBounded, ServerRefusal } from '../../http/client.ts';
import { resolveBase } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs } from '../../terminal/table.ts';
import { parseAuthorityName } from './tsa.ts';

/** `signpost timestamp`. */
export const timestamp: CommandSpec = {
  words: 'timestamp',
  arguments: '<file>',
  summary: 'Prove that a file existed now: ask for a timestamp, verify it, write it beside the file',
  details: [
    'Only the digest of the file leaves this machine. The answer is verified before it is written, under the roots of --root, or else under the one that the server itself names, which proves no more than that the server agrees with itself. Later: `signpost timestamp verify FILE FILE.tsr --ca root.pem`, or openssl ts -verify -in FILE.tsr -data FILE -CAfile root.pem',
  ],
  options: [
    // Not `required`: the commands below this one would ask for it as well.
    { flags: '--authority <name>', text: 'which authority of the server stamps; needed' },
    { flags: '--root <file>', text: 'trusted roots, PEM' },
    { flags: '--hash <name>', text: 'digest of the file', choices: ['sha256', 'sha384', 'sha512'], fallback: 'sha256' },
    { flags: '--out <file>', text: 'where to write the answer; FILE.tsr when left out' },
  ],
  examples: ['signpost timestamp app-1.0.0.zip --authority issuing --root root.pem'],
  run: stampFile,
};

const maxPemCharacters = 1_000_000;
const hashNames = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' } as const;

async function stampFile(invocation: Invocation): Promise<Answer> {
  const { options, fetch } = invocation;
  const path = readArgument(invocation, 0);
  const authority = parseAuthorityName(options.requiredText('authority'));
  const imprint = await digestFile(path, hashNames[options.requiredText('hash') as keyof typeof hashNames]);
  // Nobody needs to be known to ask, so no credential is sent.
  const client = new Client({ base: await resolveBase(invocation), fetch });
  const anchors = await readAnchors(invocation, client, authority);
  const nonce = createNonce();
  const request = encodeTimestampRequest({ imprint, nonce, policy: undefined, certificatesWanted: true });
  const answer = await ask(client, authority, request);
  const response = parseTimestampResponse(answer);
  if (response.kind === 'refused') throw refusal(response.failures.join(', '), response.text);
  const verified = await verifyTimestamp(response.token, { imprint, nonce, anchors });
  const out = options.text('out') ?? `${path}.tsr`;
  await writeFileAtomically(out, answer, 0o644);
  return describeTimestamp('Verified and written.', verified, { path, out });
}

/** The digest of a file, as timestamps are over it. Throws Failure for one that cannot be read. */
export async function digestFile(path: string, hash: MessageImprint['hash']): Promise<MessageImprint> {
  const digest = createHash(hash.replace('-', ''));
  try {
    for await (const chunk of createReadStream(path)) digest.update(chunk as Uint8Array);
  } catch (cause) {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  }
  return { hash, digest: new Uint8Array(digest.digest()) };
}

async function readAnchors(
  { options }: Invocation,
  client: Client,
  authority: string,
): Promise<readonly Certificate[]> {
  const file = options.text('root');
  if (file === undefined) {
    const chain = parseCertificates(await readBounded(await client.send('GET', `/pki/${authority}/chain.pem`)));
    return chain.slice(-1);
  }
  return readTrusted(file);
}

/** The certificates in a PEM file. Throws Failure when there are none. */
export async function readTrusted(file: string): Promise<readonly Certificate[]> {
  const bytes = await readFile(file).catch((cause) => {
    throw new Failure('refused', `${file} cannot be read`, { cause });
  });
  return parseCertificates(bytes);
}

function parseCertificates(pem: Uint8Array): readonly Certificate[] {
  const blocks = parsePem(new TextDecoder().decode(pem), maxPemCharacters);
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE');
  if (certificates.length === 0) throw new Failure('refused', 'expected certificates in PEM, got none');
  return certificates.map(({ bytes }) => parseCertificate(bytes));
}

/** A TimeStampResp, also where it came with a status of 503. */
async function ask(client: Client, authority: string, bytes: Uint8Array<ArrayBuffer>) {
  const headers = { 'Content-Type': 'application/timestamp-query', Accept: 'application/timestamp-reply' };
  try {
    return await readBounded(await client.send('POST', `/pki/${authority}/tsa`, { bytes, headers }));
  } catch (error) {
    if (!(error instanceof ServerRefusal) || error.status !== 503) throw error;
    throw refusal('unavailable', 'the authority cannot stamp at the moment');
  }
}

function refusal(code: string, text: string): Failure {
  // Text of a server: one line, without what would change how the terminal shows it.
  const words = text.replace(/[\p{Cc}\p{Cf}]/gu, '\ufffd').slice(0, 200);
  return new Failure('refused', `the authority gave no timestamp: ${words} [${code}]`, {
    hint: 'signpost ca tsa status',
    code,
  });
}

/** What was verified, after `first`. */
export function describeTimestamp(
  first: string,
  { info, path: chain }: VerifiedTimestamp,
  { path, out }: { path: string; out: string },
): Answer {
  const document = {
    file: basename(path),
    timestamp: out,
    time: new Date(info.time).toISOString(),
    accuracy_ms: info.accuracyMicros === undefined ? null : info.accuracyMicros / 1000,
    policy: info.policy,
    serial: encodeHex(info.serialNumber),
    authority: formatName(chain.certificate.subject),
    root: formatName(chain.anchor.subject),
    valid_until: new Date(chain.certificate.notAfter).toISOString(),
  };
  const pairs = Object.entries(document).map(([name, value]) => [name, String(value ?? '-')] as const);
  return { document, lines: [first, ...formatPairs(pairs)] };
}
