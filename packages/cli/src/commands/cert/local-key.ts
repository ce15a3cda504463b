/** Keys that are made on this machine and never leave it, and the requests that they sign. */
import { readFile } from 'node:fs/promises';
import { encodePem, parsePemBlock } from '@signpost/protocol/asn1/pem';
import { TrustError } from '@signpost/protocol/errors';
import type { Curve, KeyType } from '@signpost/protocol/keys/key-type';
import { createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { parseAddress } from '@signpost/protocol/x509/address';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { createName } from '@signpost/protocol/x509/name';
import { assertGeneralName } from '@signpost/protocol/x509/name-syntax';
import { signRequest } from '@signpost/protocol/x509/request';
import { encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import { Failure } from '../../terminal/failure.ts';

/** What is asked for. */
export interface RequestedContents {
  readonly subject: Readonly<Record<string, string>>;
  /** Such as `dns:host.example`. */
  readonly names: readonly string[];
}

/** PKCS#8 of a new key, PEM. */
export async function createKeyPem(label: string): Promise<string> {
  return encodePem('PRIVATE KEY', await createPrivateKey(parseLabel(label)));
}

/** The PEM text of a key file. Throws Failure when there is none that can be used. */
export async function readKeyPem(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, { cause });
  });
  if (text.includes('-----BEGIN PRIVATE KEY-----')) return text;
  throw new Failure('refused', `${path} holds no key in PKCS#8`, {
    hint: 'openssl pkcs8 -topk8 -nocrypt -in old.pem -out key.pem',
  });
}

/** A request for `contents`, signed by the key; PEM. */
export async function createRequestPem(keyPem: string, { subject, names }: RequestedContents): Promise<string> {
  const alternative = names.map(parseNameOption);
  const extensions = alternative.length > 0 ? { subjectAlternativeName: { names: alternative } } : {};
  try {
    const signer = await createCertificateSigner(parsePemBlock(keyPem, 'PRIVATE KEY', 20_000));
    const order = ['C', 'ST', 'L', 'O', 'OU', 'CN'];
    const attributes = Object.entries(subject).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
    const request = { subject: createName(attributes), extensions: encodeExtensions(extensions) };
    return encodePem('CERTIFICATE REQUEST', await signRequest(request, signer));
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof TrustError)) throw cause;
    throw new Failure('refused', `no request can be made: ${cause.message}`, { cause });
  }
}

function parseNameOption(text: string): GeneralName {
  const kind = text.slice(0, text.indexOf(':'));
  const value = text.slice(kind.length + 1);
  const address = parseAddress(value);
  if (kind === 'ip' && !address) throw new Failure('usage', `expected --ip to be an address, got "${value}"`);
  const name = kind === 'ip' && address ? ({ kind, address } as const) : { kind: kind as 'dns', text: value };
  try {
    assertGeneralName(name);
  } catch (cause) {
    throw new Failure('usage', `--${kind}: ${cause instanceof Error ? cause.message : ''}`, {
      ...(/[^\x00-\x7f]/.test(value) ? { hint: 'names beyond ASCII are given as A-labels: xn--...' } : {}),
      cause,
    });
  }
  return name;
}

function parseLabel(label: string): KeyType {
  const [kind, size = ''] = label.split('-');
  if (kind === 'rsa') return { kind, modulusBits: Number(size) };
  if (kind === 'ecdsa') return { kind, curve: size.replace('p', 'P-') as Curve };
  return { kind: 'ed25519' };
}
