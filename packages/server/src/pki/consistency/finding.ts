/** What a check of the certificate authority's database finds, and what it works with. */

import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { isSameBytes } from '@signpost/protocol/bytes/compare';
import { TrustError } from '@signpost/protocol/errors';
import { derivePublicKey } from '@signpost/protocol/keys/private-key';
import type { VerificationKey } from '@signpost/protocol/keys/verification-key';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import type { AuthorityParts } from '../authorities/authority.ts';

/** What may be wrong. */
export type Problem =
  | 'der-unreadable'
  | 'columns-differ'
  | 'issuer-missing'
  | 'signature-wrong'
  | 'chain-broken'
  | 'key-unreadable'
  | 'key-differs'
  | 'key-known-weak'
  | 'list-unreadable'
  | 'list-signature-wrong'
  | 'list-columns-differ'
  | 'list-number-behind'
  | 'list-contradicts'
  | 'list-incomplete';

/** Something that is wrong. `repaired` only where what is signed proves what is right. */
export interface Finding {
  /** Of the certificate, or of the one whose key is meant; undefined for a list. */
  readonly certificateId: string | undefined;
  /** The name of the authority whose list, or key besides, is meant; undefined for a certificate. */
  readonly authority: string | undefined;
  readonly problem: Problem;
  /** Names of columns, or what a check said. */
  readonly detail: string;
  readonly outcome: 'repairable' | 'repaired' | 'open';
}

/** A check under way. */
export interface Check {
  readonly parts: ConsistencyParts;
  readonly caller: Caller;
  readonly repair: boolean;
  readonly issuers: Map<string, Promise<KnownIssuer | undefined>>;
}

/** What a check works with. */
export interface ConsistencyParts extends AuthorityParts {
  /** Called when what an authority publishes was taken back to be made anew. */
  readonly forgetLists: (authorityId: string) => void;
}

/** An authority that signed something. */
export interface KnownIssuer {
  readonly key: VerificationKey;
  /** What is wrong with its own chain. */
  readonly broken: string | undefined;
}

/** Why the key that `open` gives is not the one in `spki`; undefined when it is. */
export async function compareKey(
  open: () => Uint8Array,
  { spki: expected }: { readonly spki: Uint8Array },
): Promise<Pick<Finding, 'problem' | 'detail'> | undefined> {
  try {
    const pkcs8 = new Uint8Array(open());
    const { spki } = await derivePublicKey(pkcs8);
    pkcs8.fill(0);
    if (isSameBytes(spki, expected)) return undefined;
    return { problem: 'key-differs', detail: 'the sealed key is not the certified one' };
  } catch (error) {
    if (!(error instanceof TrustError || (error instanceof Refusal && error.rule === 'secret-unreadable'))) throw error;
    return { problem: 'key-unreadable', detail: error.message };
  }
}

/** What `parse` makes of DER as it is stored, in base64; undefined for what it refuses. */
export function parseStored<T>(der: string, parse: (bytes: Uint8Array<ArrayBuffer>) => T): T | undefined {
  try {
    return parse(parseBase64(der));
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}
