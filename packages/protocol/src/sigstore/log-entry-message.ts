/** TransparencyLogEntry (sigstore/protobuf-specs, sigstore_rekor.proto) in the wire format of Protocol Buffers, as the JSON form that bundles have. */
import { encodeBase64 } from '../bytes/base64.ts';
import { parseText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';

/** An entry in the JSON form; without a body where whoever wrote it left that to the reader. */
export type LogEntryJson = Readonly<Record<string, unknown>>;

const maxBytes = 256 * 1024;
/** Hashes of a proof: no log is deeper (RFC 9162, 2.1.3). */
const maxHashes = 64;

/** Parses the message. Throws `malformed` for fields that are unknown, there twice or of another kind, and `too_large` above 256 KiB or 64 hashes. */
export function parseLogEntryMessage(bytes: Uint8Array<ArrayBuffer>): LogEntryJson {
  if (bytes.length > maxBytes) throw new TrustError('too_large', `expected at most ${maxBytes} bytes of a log entry`);
  return readMessage(bytes, entry);
}

/** How a field is read. Whole numbers are text in JSON, and octets base64. */
type Field =
  | { readonly name: string; readonly kind: 'number' | 'bytes' | 'text' | 'many' }
  | { readonly name: string; readonly kind: 'message'; readonly fields: Fields };
type Fields = Readonly<Record<number, Field>>;

const proof: Fields = {
  1: { name: 'logIndex', kind: 'number' },
  2: { name: 'rootHash', kind: 'bytes' },
  3: { name: 'treeSize', kind: 'number' },
  4: { name: 'hashes', kind: 'many' },
  5: { name: 'checkpoint', kind: 'message', fields: { 1: { name: 'envelope', kind: 'text' } } },
};

const entry: Fields = {
  1: { name: 'logIndex', kind: 'number' },
  2: { name: 'logId', kind: 'message', fields: { 1: { name: 'keyId', kind: 'bytes' } } },
  3: {
    ...{ name: 'kindVersion', kind: 'message' },
    fields: { 1: { name: 'kind', kind: 'text' }, 2: { name: 'version', kind: 'text' } },
  },
  4: { name: 'integratedTime', kind: 'number' },
  5: { name: 'inclusionPromise', kind: 'message', fields: { 1: { name: 'signedEntryTimestamp', kind: 'bytes' } } },
  6: { name: 'inclusionProof', kind: 'message', fields: proof },
  7: { name: 'canonicalizedBody', kind: 'bytes' },
};

function readMessage(bytes: Uint8Array<ArrayBuffer>, fields: Fields): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  let at = 0;
  const readVarint = (): bigint => {
    let number = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const octet = bytes[at++];
      if (octet === undefined) break;
      number |= BigInt(octet & 0x7f) << shift;
      if (octet < 0x80) return number;
    }
    throw refuse();
  };
  while (at < bytes.length) {
    const key = readVarint();
    const field = fields[Number(key >> 3n)];
    if (!field || (key & 7n) !== (field.kind === 'number' ? 0n : 2n)) throw refuse();
    if (field.kind !== 'many' && Object.hasOwn(found, field.name)) throw refuse();
    const number = readVarint();
    if (field.kind === 'number') {
      found[field.name] = String(number);
      continue;
    }
    const end = at + Number(number);
    if (end > bytes.length) throw refuse();
    const value = readValue(field, bytes.slice(at, end));
    found[field.name] = field.kind === 'many' ? append(found[field.name], value) : value;
    at = end;
  }
  return found;
}

function append(before: unknown, value: unknown): readonly unknown[] {
  const all = Array.isArray(before) ? [...before, value] : [value];
  if (all.length > maxHashes) throw new TrustError('too_large', `expected at most ${maxHashes} hashes of a proof`);
  return all;
}

function readValue(field: Field, bytes: Uint8Array<ArrayBuffer>): unknown {
  if (field.kind === 'message') return readMessage(bytes, field.fields);
  return field.kind === 'text' ? parseText(bytes) : encodeBase64(bytes);
}

function refuse(): TrustError {
  return new TrustError('malformed', 'expected a log entry in Protocol Buffers');
}
