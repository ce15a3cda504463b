/** Signs as gitsign does, by the Sigstore instance of the tests: CMS with the log entry among the attributes that nothing signs. */
import { encodePem } from '@signpost/protocol/asn1/pem';
import { constructedTag, tags } from '@signpost/protocol/asn1/tag';
import {
  constructed,
  type DerValue,
  encodeDer,
  encoded,
  explicit,
  integer,
  octetString,
  oid,
  primitive,
  sequence,
  setOf,
  time,
} from '@signpost/protocol/asn1/writer';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { hashSha256 } from '@signpost/protocol/bytes/sha256';
import { attributeTypes, contentTypes } from '@signpost/protocol/cms/oids';
import { signedAttribute } from '@signpost/protocol/cms/write-signed-data';
import { hashAlgorithm, signatureAlgorithm } from '@signpost/protocol/keys/signature-algorithm';
import * as instance from '../../../../../protocol/test/sigstore/instance.ts';
import { mint } from '../../../../../protocol/test/sigstore/minted.ts';
import { signedAt, workflow } from '../signing.ts';

/** What may differ from a good signature. */
export interface GitsignOptions {
  /** The name in the tag, where that is not its own. */
  readonly name?: string;
  /** What is signed instead of the tag. */
  readonly signed?: (text: string) => string;
  /** The entry has its body, which gitsign leaves out. */
  readonly body?: 'kept';
  readonly withoutEntry?: boolean;
  /** The entry does not say of which kind it is. */
  readonly withoutKind?: boolean;
  readonly changeSignature?: boolean;
  /** The entry is of another signature. */
  readonly ofAnother?: boolean;
  /** The content stands in the message. */
  readonly inline?: boolean;
}

interface EntryJson {
  readonly logIndex: string;
  readonly logId: { readonly keyId: string };
  readonly kindVersion: { readonly kind: string; readonly version: string };
  readonly integratedTime: string;
  readonly inclusionPromise: { readonly signedEntryTimestamp: string };
  readonly inclusionProof: {
    readonly logIndex: string;
    readonly rootHash: string;
    readonly treeSize: string;
    readonly hashes: readonly string[];
    readonly checkpoint: { readonly envelope: string };
  };
  readonly canonicalizedBody: string;
}

/** The armor behind a tag. */
export async function signByGitsign(content: Uint8Array<ArrayBuffer>, options: GitsignOptions = {}): Promise<string> {
  const attributes = [
    signedAttribute(attributeTypes.contentType, oid(contentTypes.data)),
    signedAttribute(attributeTypes.signingTime, time(signedAt)),
    signedAttribute(attributeTypes.messageDigest, octetString(hashSha256(content))),
  ];
  const artifact = encodeDer(setOf(attributes));
  const plan = { version: '0.3', signer: workflow, entries: [{ log: instance.log }], timestamps: [] } as const;
  const bundle = await mint({ ...plan, artifact });
  const other = await mint({ ...plan, artifact: new Uint8Array(3) });
  const signature = parseBase64((bundle.messageSignature as { signature: string }).signature);
  if (options.changeSignature) signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
  const { tlogEntries } = (options.ofAnother ? other : bundle).verificationMaterial as {
    readonly tlogEntries: readonly [EntryJson];
  };
  const entry = signedAttribute('1.3.6.1.4.1.57264.3.1', octetString(encodeEntry(tlogEntries[0], options)));
  return encodePem('SIGNED MESSAGE', encodeMessage({ content, attributes, signature, entry, options }));
}

interface Parts {
  readonly content: Uint8Array;
  readonly attributes: readonly DerValue[];
  readonly signature: Uint8Array;
  readonly entry: DerValue;
  readonly options: GitsignOptions;
}

function encodeMessage({ content, attributes, signature, entry, options }: Parts): Uint8Array {
  const { certificate, signer } = workflow;
  const all = setOf(attributes);
  const signerInfo = sequence(
    integer(1),
    sequence(encoded(certificate.issuer.bytes), primitive(tags.integer, certificate.serialNumber)),
    hashAlgorithm('SHA-256'),
    constructed(constructedTag(0), all.content as readonly DerValue[]),
    signatureAlgorithm(signer.algorithm),
    octetString(signature),
    options.withoutEntry ? undefined : setOf([entry], constructedTag(1)),
  );
  const signed = sequence(
    integer(1),
    setOf([hashAlgorithm('SHA-256')]),
    sequence(oid(contentTypes.data), options.inline ? explicit(0, octetString(content)) : undefined),
    setOf([encoded(certificate.bytes)], constructedTag(0)),
    setOf([signerInfo]),
  );
  return encodeDer(sequence(oid(contentTypes.signedData), explicit(0, signed)));
}

/** Protocol Buffers (sigstore_rekor.proto). */
function encodeEntry(entry: EntryJson, { body, ofAnother, withoutKind }: GitsignOptions): Uint8Array {
  const { inclusionProof: proof, kindVersion } = entry;
  const kind = [bytes(1, Buffer.from(kindVersion.kind)), bytes(2, Buffer.from(kindVersion.version))];
  return Buffer.concat([
    number(1, entry.logIndex),
    bytes(2, bytes(1, parseBase64(entry.logId.keyId))),
    withoutKind ? Buffer.of() : bytes(3, Buffer.concat(kind)),
    number(4, entry.integratedTime),
    bytes(5, bytes(1, parseBase64(entry.inclusionPromise.signedEntryTimestamp))),
    bytes(
      6,
      Buffer.concat([
        number(1, proof.logIndex),
        bytes(2, parseBase64(proof.rootHash)),
        number(3, proof.treeSize),
        ...proof.hashes.map((hash) => bytes(4, parseBase64(hash))),
        bytes(5, bytes(1, Buffer.from(proof.checkpoint.envelope))),
      ]),
    ),
    body === 'kept' || ofAnother ? bytes(7, parseBase64(entry.canonicalizedBody)) : Buffer.of(),
  ]);
}

function number(field: number, value: string): Buffer {
  return Buffer.concat([Buffer.of(field << 3), varint(Number(value))]);
}

function bytes(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of((field << 3) | 2), varint(value.length), value]);
}

function varint(value: number): Buffer {
  return value < 128
    ? Buffer.of(value)
    : Buffer.concat([Buffer.of((value % 128) | 0x80), varint(Math.floor(value / 128))]);
}
