/** PKCS#12 (RFC 7292): certificates and their keys in one file under a password. */

import { normalizeBer } from '../asn1/ber.ts';
import { refuseDer } from '../asn1/malformed.ts';
import { DerReader, parseDer } from '../asn1/reader.ts';
import { constructedTag, contextTag, tags } from '../asn1/tag.ts';
import { TrustError } from '../errors.ts';
import { readAlgorithmIdentifier } from '../keys/algorithm-identifier.ts';
import { openEncryptedKey, readEncryptedKey } from './encrypted-key.ts';
import { attributeTypes, bagTypes, contentTypes, x509Certificate } from './oids.ts';
import { IterationBudget, parseUtf16 } from './password.ts';
import { decryptWithPassword } from './password-encryption.ts';
import { type MacData, readMacData, verifyMac } from './pkcs12-mac.ts';

/** Above this a file is refused unread. */
export const maxPkcs12Bytes: number = 1024 * 1024;

/** What a bag says about its content. */
export interface BagAttributes {
  readonly friendlyName?: string | undefined;
  /** The same octets stand beside a key and its certificate. */
  readonly localKeyId?: Uint8Array<ArrayBuffer> | undefined;
}

/** What a file holds, in its order. Nothing is verified but the MAC: keys and certificates need not belong together. */
export interface Pkcs12Contents {
  readonly keys: readonly (BagAttributes & { readonly pkcs8: Uint8Array<ArrayBuffer> })[];
  readonly certificates: readonly (BagAttributes & { readonly bytes: Uint8Array<ArrayBuffer> })[];
}

/**
 * The keys and certificates of a file whose MAC is right. Throws `password_wrong`; `algorithm_unsupported` for RC2, triple
 * DES and other old ciphers, and for signatures instead of a MAC; `too_large` above `maxPkcs12Bytes` and for files that ask
 * for too many iterations; otherwise `malformed`. Lists and secrets in it are passed over.
 */
export async function parsePkcs12(bytes: Uint8Array<ArrayBuffer>, password: string): Promise<Pkcs12Contents> {
  const { content, mac } = parseFile(normalizeBer(bytes, { maxBytes: maxPkcs12Bytes }));
  const opened = new Pkcs12File(password);
  await opened.verify(content, mac);
  await opened.read(content);
  return opened;
}

/** PFX: the content that the MAC is over, and the MAC. */
function parseFile(bytes: Uint8Array<ArrayBuffer>): {
  readonly content: Uint8Array<ArrayBuffer>;
  readonly mac: MacData;
} {
  return parseDer(bytes, { maxBytes: maxPkcs12Bytes }, (reader) => {
    const file = reader.readSequence();
    if (file.readSmallInteger() !== 3) throw refuseDer('PKCS#12 of version 3');
    const { type, content } = readContentInfo(file);
    if (type === contentTypes.signedData) {
      throw new TrustError('algorithm_unsupported', 'expected PKCS#12 with a MAC, got a signature');
    }
    if (type !== contentTypes.data) throw refuseDer('PKCS#12 around data');
    if (file.atEnd) throw refuseDer('a MAC');
    const mac = readMacData(file);
    file.assertEnd();
    return { content: content.readOctetString(), mac };
  });
}

/** ContentInfo (RFC 5652, 3): a type, and a reader in front of the content. */
function readContentInfo(reader: DerReader): { readonly type: string; readonly content: DerReader } {
  const info = reader.readSequence();
  const type = info.readOid();
  const content = info.readConstructed(constructedTag(0));
  info.assertEnd();
  return { type, content };
}

class Pkcs12File implements Pkcs12Contents {
  readonly keys: (BagAttributes & { readonly pkcs8: Uint8Array<ArrayBuffer> })[] = [];
  readonly certificates: (BagAttributes & { readonly bytes: Uint8Array<ArrayBuffer> })[] = [];
  readonly #password: string;
  readonly #budget = new IterationBudget();

  constructor(password: string) {
    this.#password = password;
  }

  verify(content: Uint8Array<ArrayBuffer>, mac: MacData): Promise<void> {
    return verifyMac(content, { mac, password: this.#password, budget: this.#budget });
  }

  /** AuthenticatedSafe (RFC 7292, 4.1): parts that are plain or encrypted. */
  async read(content: Uint8Array<ArrayBuffer>): Promise<void> {
    for (const part of parseSequence(content)) {
      const info = readContentInfo(part);
      if (info.type === contentTypes.data) await this.#readBags(info.content.readOctetString());
      else if (info.type === contentTypes.encryptedData) await this.#readBags(await this.#decrypt(info.content));
      else throw new TrustError('algorithm_unsupported', `expected data under a password, got content ${info.type}`);
      info.content.assertEnd();
    }
  }

  /** EncryptedData (RFC 5652, 8). */
  async #decrypt(reader: DerReader): Promise<Uint8Array<ArrayBuffer>> {
    const inner = reader.readSequence();
    if (inner.readSmallInteger() !== 0) throw refuseDer('encrypted data of version 0');
    const info = inner.readSequence();
    if (info.readOid() !== contentTypes.data) throw refuseDer('encrypted data, not something else');
    const identifier = readAlgorithmIdentifier(info);
    const ciphertext = readCiphertext(info);
    info.assertEnd();
    inner.assertEnd();
    return decryptWithPassword({ identifier, ciphertext }, this.#password, this.#budget);
  }

  async #readBags(content: Uint8Array<ArrayBuffer>): Promise<void> {
    for (const bag of parseSequence(content)) await this.#readBag(bag);
  }

  /** SafeBag (RFC 7292, 4.2). */
  async #readBag(reader: DerReader): Promise<void> {
    const bag = reader.readSequence();
    const type = bag.readOid();
    const value = bag.readConstructed(constructedTag(0));
    const attributes = readAttributes(bag);
    bag.assertEnd();
    if (type === bagTypes.nested) throw refuseDer('no bags in bags');
    if (type === bagTypes.certificate) this.certificates.push({ bytes: readCertificateBag(value), ...attributes });
    else if (type === bagTypes.key) this.keys.push({ pkcs8: value.readElement().bytes, ...attributes });
    else if (type === bagTypes.shroudedKey) {
      const pkcs8 = await openEncryptedKey(readEncryptedKey(value), this.#password, this.#budget);
      this.keys.push({ pkcs8, ...attributes });
    } else value.readElement();
    value.assertEnd();
  }
}

/** One reader for each member of a SEQUENCE, which may be BER. */
function parseSequence(bytes: Uint8Array<ArrayBuffer>): readonly DerReader[] {
  const der = normalizeBer(bytes, { maxBytes: maxPkcs12Bytes });
  return parseDer(der, { maxBytes: maxPkcs12Bytes }, (reader) =>
    reader.readSequence().readAll((one) => one.readElement().bytes),
  ).map((member) => new DerReader(member));
}

/** In one piece, or in several as BER has it. */
function readCiphertext(info: DerReader): Uint8Array<ArrayBuffer> {
  if (info.peekTag() !== constructedTag(0)) return info.readOctetString(contextTag(0));
  const pieces = info.readConstructed(constructedTag(0)).readAll((one) => one.readOctetString());
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

function readCertificateBag(reader: DerReader): Uint8Array<ArrayBuffer> {
  const bag = reader.readSequence();
  if (bag.readOid() !== x509Certificate) throw refuseDer('an X.509 certificate');
  const bytes = bag.readExplicit(0, (one) => one.readOctetString());
  bag.assertEnd();
  if (!bytes) throw refuseDer('a certificate in its bag');
  return bytes;
}

/** Attributes in any order, since BER has none; unknown ones are passed over. */
function readAttributes(bag: DerReader): BagAttributes {
  const found: { friendlyName?: string; localKeyId?: Uint8Array<ArrayBuffer> } = {};
  if (bag.atEnd) return found;
  for (const attribute of bag.readConstructed(tags.set).readAll((one) => one.readSequence())) {
    const type = attribute.readOid();
    const values = attribute.readConstructed(tags.set);
    attribute.assertEnd();
    if (type === attributeTypes.friendlyName) found.friendlyName = parseUtf16(values.readContent(tags.bmpString));
    else if (type === attributeTypes.localKeyId) found.localKeyId = values.readOctetString();
    else values.readAll((one) => one.readElement());
    values.assertEnd();
  }
  return found;
}
