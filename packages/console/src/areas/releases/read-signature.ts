/** A maintainer's signature that was made on another machine: verified in this browser before it is sent. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { maxApprovalBytes, verifyApproval } from '@signpost/protocol/updates/approval';
import type { Answer } from '../../api/client.ts';

/** A key that may sign for the project, by the word of the trust list. */
export type Maintainer = Answer<'GET /api/trust'>['valid_keys'][number];

/** A signature over what waits, by this maintainer. */
export interface BroughtSignature {
  readonly maintainer: Maintainer;
  readonly sig: string;
}

/** Reads and verifies the file. Throws TrustError as `verifyApproval` does; what is too large is not read. */
export async function readSignature(
  file: Blob,
  { document, maintainers }: { readonly document: string; readonly maintainers: readonly Maintainer[] },
): Promise<BroughtSignature> {
  if (file.size > maxApprovalBytes) {
    throw new TrustError('too_large', `expected at most ${maxApprovalBytes} bytes, got ${file.size}`);
  }
  const keys = await Promise.all(maintainers.map(({ pubkey_b64 }) => parsePublicKey(pubkey_b64)));
  const { key, sig } = await verifyApproval(new Uint8Array(await file.arrayBuffer()), {
    ...{ manifest: encodeText(document), keys },
  });
  const maintainer = maintainers.find(({ key_id }) => key_id === key.keyId);
  if (!maintainer) throw new TypeError('expected the key to be one of those that were given');
  return { maintainer, sig };
}
