/** The payload of an age file (age-encryption.org/v1): STREAM of ChaCha20-Poly1305 (RFC 8439) in chunks of 64 KiB. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const chunkBytes = 64 * 1024;
const tagBytes = 16;
const nonceBytes = 16;
const algorithm = 'chacha20-poly1305';

/** Encrypts what `plaintext` yields, in constant memory. */
export async function* encryptPayload(
  fileKey: Uint8Array,
  plaintext: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const nonce = randomBytes(nonceBytes);
  const key = payloadKey(fileKey, nonce);
  yield nonce;
  let index = 0;
  for await (const { bytes, isLast } of cut(plaintext, chunkBytes)) {
    const cipher = createCipheriv(algorithm, key, chunkNonce(index++, isLast), { authTagLength: tagBytes });
    yield cipher.update(bytes);
    cipher.final();
    yield cipher.getAuthTag();
  }
}

/**
 * The plaintext, each chunk once it is proved. Throws an Error when a bit was changed, or chunks are missing, moved or
 * cut off at the end: what was yielded before is genuine, but only the end says that it was all.
 */
export async function* decryptPayload(
  fileKey: Uint8Array,
  ciphertext: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  let key: Uint8Array | undefined;
  let index = 0;
  let held = Buffer.alloc(0);
  const pieces = async function* () {
    for await (const piece of ciphertext) {
      held = key ? held : Buffer.concat([held, piece]);
      if (key) yield piece;
      else if (held.length >= nonceBytes) {
        key = payloadKey(fileKey, held.subarray(0, nonceBytes));
        yield held.subarray(nonceBytes);
      }
    }
  };
  for await (const { bytes, isLast } of cut(pieces(), chunkBytes + tagBytes)) {
    if (!key || bytes.length < tagBytes) throw new Error('expected a whole chunk');
    // Only an empty file ends in an empty chunk.
    if (bytes.length === tagBytes && index > 0) throw new Error('expected the last chunk to hold something');
    const decipher = createDecipheriv(algorithm, key, chunkNonce(index++, isLast), { authTagLength: tagBytes });
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    const plaintext = decipher.update(bytes.subarray(0, -tagBytes));
    decipher.final();
    yield plaintext;
  }
}

/** Pieces of exactly `size` bytes, the last one of 0 to `size`; at least one. */
async function* cut(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly isLast: boolean }> {
  const held = Buffer.allocUnsafeSlow(size);
  let filled = 0;
  for await (const piece of source) {
    for (let position = 0; position < piece.length; ) {
      // A full chunk is the last one unless something follows it.
      if (filled === size) {
        yield { bytes: held, isLast: false };
        filled = 0;
      }
      const part = piece.subarray(position, position + size - filled);
      held.set(part, filled);
      filled += part.length;
      position += part.length;
    }
  }
  yield { bytes: held.subarray(0, filled), isLast: true };
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** Eleven bytes of counter, big-endian, and one that says whether the file ends here. */
function chunkNonce(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}
