/** Signatures of gitsign (sigstore/gitsign, docs/bundle-cms.md): a message of CMS whose signed attributes are what a bundle would be over. */
import { encodePem, parsePemBlock } from '@signpost/protocol/asn1/pem';
import { parseDer } from '@signpost/protocol/asn1/reader';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { hashSha256 } from '@signpost/protocol/bytes/sha256';
import { encodeText } from '@signpost/protocol/bytes/text';
import { attributeTypes } from '@signpost/protocol/cms/oids';
import { parseSignedData, readUnsignedAttributes, type SignerInfo } from '@signpost/protocol/cms/signed-data';
import { encodeGranted } from '@signpost/protocol/cms/timestamp-response';
import { verifySigner } from '@signpost/protocol/cms/verify-signer';
import { TrustError } from '@signpost/protocol/errors';
import { type LogEntryJson, parseLogEntryMessage } from '@signpost/protocol/sigstore/log-entry-message';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { FoundSignature } from './found-signature.ts';

/** Longer armor is refused, in characters: a certificate, a log entry and a timestamp take 16,000. */
const maxCharacters = 256 * 1024;
const logEntryType = '1.3.6.1.4.1.57264.3.1';

/**
 * The bundle that a signature over `content` would be today. That the content was signed is verified here; by whom, and whether a log holds it,
 * is for whoever judges the bundle. Throws `malformed`, `too_large`, `format_unsupported`, `algorithm_unsupported`, `digest_mismatch`,
 * `bad_signature`, and `certificate_untrusted` without the signer's certificate.
 */
export async function convertGitsign(armor: string, content: Uint8Array<ArrayBuffer>): Promise<FoundSignature> {
  const message = parseSignedData(parsePemBlock(armor, 'SIGNED MESSAGE', maxCharacters));
  const [info, ...others] = message.signers;
  if (!info || others.length > 0 || message.content) {
    throw new TrustError('format_unsupported', 'expected a detached message with one signer');
  }
  const { signatureAlgorithm: algorithm } = info;
  if (info.digestHash !== 'SHA-256' || algorithm.kind === 'ed25519' || algorithm.hash !== 'SHA-256') {
    throw new TrustError('algorithm_unsupported', 'expected a message that is signed by way of SHA-256');
  }
  const { certificate } = await verifySigner(message, info, { content });
  const document = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: encodeBase64(certificate.bytes) },
      ...describeProofs(info, certificate),
    },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: encodeBase64(hashSha256(info.signedBytes)) },
      signature: encodeBase64(info.signature),
    },
  };
  return { kind: 'bundle', format: 'inline', bytes: encodeText(JSON.stringify(document)), signed: info.signedBytes };
}

/** Log entry and timestamp stand where nothing signs them, and prove themselves. */
function describeProofs(info: SignerInfo, certificate: Certificate): object {
  const attributes = readUnsignedAttributes(info);
  const logged = attributes.get(logEntryType);
  const token = attributes.get(attributeTypes.timestampToken);
  const message = logged && parseDer(logged, { maxBytes: logged.length }, (reader) => reader.readOctetString());
  return {
    tlogEntries: message ? [describeEntry(parseLogEntryMessage(message), info, certificate)] : [],
    ...(token && {
      timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: encodeBase64(encodeGranted(token)) }] },
    }),
  };
}

/** The body is left out, since everything in it stands elsewhere. */
function describeEntry(entry: LogEntryJson, { signedBytes, signature }: SignerInfo, certificate: Certificate): object {
  if (entry.canonicalizedBody !== undefined) return entry;
  const { kind, version } = (entry.kindVersion ?? {}) as { readonly kind?: unknown; readonly version?: unknown };
  if (kind !== 'hashedrekord' || version !== '0.0.1') {
    throw new TrustError('format_unsupported', 'expected an entry of hashedrekord 0.0.1');
  }
  const publicKey = { content: encodeBase64(encodeText(encodePem('CERTIFICATE', certificate.bytes))) };
  // As the log has it: keys in order, no white space.
  const body = {
    ...{ apiVersion: version, kind },
    spec: {
      data: { hash: { algorithm: 'sha256', value: encodeHex(hashSha256(signedBytes)) } },
      signature: { content: encodeBase64(signature), publicKey },
    },
  };
  return { ...entry, canonicalizedBody: encodeBase64(encodeText(JSON.stringify(body))) };
}
