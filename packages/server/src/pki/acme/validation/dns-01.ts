/** dns-01 (RFC 8555, section 8.4): a digest in a TXT record, one of several perhaps. The resolver follows CNAMEs. */
import { AcmeProblem } from '../problem.ts';
import { type Attempt, keyAuthorizationDigest } from './proof.ts';

/** Throws an `AcmeProblem` unless a text at `_acme-challenge` is the digest of the key authorisation. */
export async function validateDns(attempt: Attempt): Promise<void> {
  const place = `_acme-challenge.${attempt.name}`;
  const texts = await attempt.resolver.findTexts(place);
  if (texts.length === 0) throw new AcmeProblem('dns', `expected a TXT record at ${place}, got none`);
  const expected = keyAuthorizationDigest(attempt).toString('base64url');
  if (texts.includes(expected)) return;
  throw new AcmeProblem('incorrectResponse', `expected the digest at ${place}, got ${texts.length} other texts`);
}
