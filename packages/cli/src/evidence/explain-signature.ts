/** A signature among the facts that policies are held against, in words and as JSON. */

import { encodeTime } from '@signpost/protocol/json/time';
import type { Judged, VerifiedSignature } from '@signpost/protocol/policy/evidence';
import { type Explained, explainClaims } from './words.ts';

/** Explains a signature that was verified; of others there is nothing to tell. */
export function explainSignature(judged: Judged<VerifiedSignature>): readonly Explained[] {
  if (judged.state !== 'verified') return [];
  const { signer, trustRoot, logEntries, scts, timestamps, signedAt } = judged.value;
  const who: Explained =
    signer.kind === 'certificate'
      ? explainClaims(signer.claims)
      : { document: { key_sha256: signer.keyId }, pairs: [['signed by', `the key with SHA-256 ${signer.keyId}`]] };
  const time = signedAt === undefined ? undefined : encodeTime(signedAt);
  return [
    {
      document: {
        ...{ signer: who.document, trusted_root: trustRoot, signed_at: time ?? null },
        ...{ log_entries: logEntries, scts, timestamps },
      },
      pairs: [
        ...who.pairs,
        ['signed at', time ?? 'unknown: nothing proves a time'],
        ['on record', `${logEntries} logs, ${scts} certificate logs, ${timestamps} timestamp authorities`],
      ],
    },
  ];
}
