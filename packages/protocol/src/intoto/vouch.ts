/** Our predicate `vouch` (docs/protocol/vouch.md): whoever signs something says who is going to sign it beside or after them. */
import { encodeHex, parseHex } from '../bytes/hex.ts';
import { hashSha256 } from '../bytes/sha256.ts';
import { encodeText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { type JsonObject, readMember } from '../json/foreign.ts';
import { interpretObject, interpretOptionalText, interpretOptionalTime, interpretText } from './members.ts';
import type { Statement } from './statement.ts';

/** The predicate type. */
export const vouchType = 'urn:x-signpost:vouch:v1';

/** Claims of certificates by which an identity may be named beside issuer and subject. */
const claimNames = ['ownerId', 'repositoryId', 'owner', 'repository', 'workflow', 'refType'] as const;

/** Who is vouched for: an identity by the claims that are named, or a key by the SHA-256 of its SubjectPublicKeyInfo in hex. */
export type VouchedSigner =
  | ({ readonly issuer: string; readonly subject: string } & Readonly<
      Partial<Record<(typeof claimNames)[number], string>>
    >)
  | { readonly key: string };

/** What is said. Who says it is another question. */
export interface Vouch {
  /** The source's canonical key. */
  readonly source: string;
  /** Of this line alone; `undefined`: of every one in which whoever says it is accepted. */
  readonly line: string | undefined;
  readonly signer: VouchedSigner;
  /** Unix ms. */
  readonly from: number;
  readonly to: number;
}

/** Longer is not believed: a rotation is done in that time. */
const maxWindowMs = 180 * 24 * 3_600_000;

/**
 * The vouch that a statement is. Throws `malformed` for other predicates, members that are not as they should be and windows above 180 days,
 * and `subject_mismatch` unless its one subject is that signer in that source.
 */
export function parseVouch({ subjects, predicateType, predicate }: Statement): Vouch {
  if (predicateType !== vouchType) {
    throw new TrustError('malformed', `expected a vouch, got ${predicateType.slice(0, 200)}`);
  }
  const vouch = {
    source: interpretText(predicate, 'source'),
    line: interpretOptionalText(predicate, 'line'),
    signer: interpretSigner(interpretObject(readMember(predicate, 'signer'), 'signer')),
    from: interpretTime(predicate, 'validFrom'),
    to: interpretTime(predicate, 'validTo'),
  };
  if (vouch.to <= vouch.from || vouch.to - vouch.from > maxWindowMs) {
    throw new TrustError('malformed', 'expected a window of at most 180 days');
  }
  const [subject, ...others] = subjects;
  const isOwn = subject?.name === vouch.source && subject.digests.get('sha256') === digestSigner(vouch.signer);
  if (!isOwn || others.length > 0) {
    throw new TrustError('subject_mismatch', 'expected one subject: the signer, under the name of the source');
  }
  return vouch;
}

/** What a statement has as the digest of its subject: SHA-256 of the signer as JSON with its members in order, hex. */
export function digestSigner(signer: VouchedSigner): string {
  const members = Object.entries(signer).sort(([left], [right]) => (left < right ? -1 : 1));
  return encodeHex(hashSha256(encodeText(JSON.stringify(Object.fromEntries(members)))));
}

function interpretSigner(signer: JsonObject): VouchedSigner {
  const key = interpretOptionalText(signer, 'key');
  const known: readonly string[] = key === undefined ? ['issuer', 'subject', ...claimNames] : ['key'];
  if (Object.keys(signer).some((name) => !known.includes(name))) {
    throw new TrustError('malformed', 'expected a signer by issuer, subject and claims, or by key');
  }
  if (key !== undefined) {
    if (parseHex(key).length !== 32) throw new TrustError('malformed', 'expected the SHA-256 of a key in hex');
    return { key };
  }
  const claims = claimNames.flatMap((name) => {
    const value = interpretOptionalText(signer, name);
    return value === undefined ? [] : [[name, value]];
  });
  const identity = { issuer: interpretText(signer, 'issuer'), subject: interpretText(signer, 'subject') };
  return { ...identity, ...Object.fromEntries(claims) };
}

function interpretTime(predicate: JsonObject, name: string): number {
  const time = interpretOptionalTime(predicate, name);
  if (time === undefined) throw new TrustError('malformed', `expected ${name}`);
  return time;
}
