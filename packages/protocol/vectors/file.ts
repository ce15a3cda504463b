/** Vectors of file verification: bytes against what a manifest says. */
import { createHash } from 'node:crypto';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { fileBytes } from '../test/documents.ts';

const sha256 = createHash('sha256').update(fileBytes).digest('hex');
const flipped = Uint8Array.from(fileBytes, (byte, index) => (index === 4 ? byte ^ 1 : byte));

/** The bytes of a file, what a manifest says about it, and the decision. */
export interface FileVector {
  readonly name: string;
  readonly bytes_b64: string;
  readonly size_bytes: number;
  readonly sha256: string;
  readonly expect: { readonly accepted: true } | { readonly refused: string };
}

function vector(name: string, bytes: Uint8Array, expect: FileVector['expect']): FileVector {
  return { name, bytes_b64: encodeBase64(bytes), size_bytes: fileBytes.length, sha256, expect };
}

export const fileVectors: readonly FileVector[] = [
  vector('the file', fileBytes, { accepted: true }),
  vector('a flipped bit', flipped, { refused: 'digest_mismatch' }),
  vector('a byte too few', fileBytes.subarray(1), { refused: 'size_mismatch' }),
  vector('a byte too many', encodeText(`${new TextDecoder().decode(fileBytes)} `), { refused: 'size_mismatch' }),
  vector('nothing', new Uint8Array(), { refused: 'size_mismatch' }),
];
