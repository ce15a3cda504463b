/** What the bare context and the browser run of certificates: things are read and damaged ones judged, chains and tokens verified, keys made and used. */
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { parsePkcs12 } from '@signpost/protocol/cms/pkcs12';
import { createImprint } from '@signpost/protocol/cms/timestamp-request';
import { verifyTimestamp } from '@signpost/protocol/cms/verify-timestamp';
import { encodePkcs12 } from '@signpost/protocol/cms/write-pkcs12';
import type { KeyType } from '@signpost/protocol/keys/key-type';
import { createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import { lintCertificate } from '@signpost/protocol/x509/lint/lint-certificate';
import { createName } from '@signpost/protocol/x509/name';
import { parseOcspResponse } from '@signpost/protocol/x509/ocsp/response';
import { verifyOcspResponse } from '@signpost/protocol/x509/ocsp/verify-response';
import { parseRequest, signRequest, verifyRequest } from '@signpost/protocol/x509/request';
import { parseServerName } from '@signpost/protocol/x509/server-name';
import { verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import { type FuzzKind, judge } from '../fuzz/der-readers.ts';

/** Everything in base64. */
export interface PkiFiles {
  readonly things: readonly { readonly kind: FuzzKind; readonly bytes: string }[];
  readonly root: string;
  readonly hosts: readonly string[];
  /** Answers about the hosts, in their order. */
  readonly answers: readonly string[];
  readonly token: { readonly bytes: string; readonly root: string; readonly message: string };
  readonly at: number;
}

/** What was found. */
export interface PkiOutcome {
  readonly verdicts: readonly string[];
  /** How many were verified. */
  readonly hosts: number;
  readonly timestamp: number;
  readonly keys: readonly string[];
}

const keyTypes: readonly KeyType[] = [
  { kind: 'ecdsa', curve: 'P-256' },
  { kind: 'ecdsa', curve: 'P-384' },
  { kind: 'ecdsa', curve: 'P-521' },
  { kind: 'rsa', modulusBits: 2048 },
  { kind: 'ed25519' },
];

/** Judges, verifies, makes and uses. Throws at the first step that fails. */
export async function runPki(files: PkiFiles): Promise<PkiOutcome> {
  const verdicts: string[] = [];
  for (const { kind, bytes } of files.things) verdicts.push(await judge({ kind, bytes: parseBase64(bytes) }));
  const root = readCertificate(files.root);
  for (const [index, text] of files.hosts.entries())
    await verifyHost(readCertificate(text), files.answers[index] ?? '', { root, at: files.at });
  const imprint = await createImprint(parseBase64(files.token.message), 'SHA-256');
  const anchors = [readCertificate(files.token.root)];
  const { info } = await verifyTimestamp(parseBase64(files.token.bytes), { imprint, anchors });
  const keys: string[] = [];
  for (const type of keyTypes) keys.push(await useKey(type, root));
  return { verdicts, hosts: files.hosts.length, timestamp: info.time, keys };
}

function readCertificate(text: string): Certificate {
  return parseCertificate(parseBase64(text));
}

async function verifyHost(
  host: Certificate,
  answer: string,
  { root, at }: { readonly root: Certificate; readonly at: number },
): Promise<void> {
  const server = parseServerName('host.example.com');
  await verifyCertificate(host, { anchors: [root], intermediates: [] }, { at, server });
  await verifyOcspResponse(parseOcspResponse(parseBase64(answer)), { certificate: host, issuer: root, at });
  const errors = lintCertificate(host, { issuer: root, kind: 'server' }).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('; '));
}

/** A new key asks for a certificate, and goes into a file and out again. */
async function useKey(type: KeyType, certificate: Certificate): Promise<string> {
  const pkcs8 = await createPrivateKey(type);
  const subject = createName([['CN', 'host.example.com']]);
  const request = parseRequest(await signRequest({ subject, extensions: [] }, await createCertificateSigner(pkcs8)));
  const { spki } = await verifyRequest(request);
  const file = await encodePkcs12({ pkcs8, certificate: certificate.bytes, chain: [], friendlyName: 'key' }, 'x');
  const { keys } = await parsePkcs12(file, 'x');
  const found = keys[0]?.pkcs8 ?? new Uint8Array();
  if (encodeBase64(found) !== encodeBase64(pkcs8)) throw new Error('expected the key that was written');
  return `${type.kind} ${spki.length > 40}`;
}
