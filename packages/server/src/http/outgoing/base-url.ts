/** Addresses that admins name for the server to ask. */
import { Refusal } from '../../errors.ts';
import type { AddressPolicy } from './address-policy.ts';

const maxCharacters = 2048;

/**
 * `text` as a base URL, without a slash at its end. Throws `invalid`, rule `url`, for anything but https without credentials, query
 * and fragment; with `any`, plain http may stand there, too, and is used for addresses that are not public.
 */
export function parseOutgoingBase(text: string, policy: AddressPolicy): string {
  const url = text.length > maxCharacters ? null : URL.parse(text);
  const schemes = policy === 'any' ? ['https:', 'http:'] : ['https:'];
  const isBare = url?.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (url !== null && isBare && schemes.includes(url.protocol)) return url.href.replace(/\/+$/, '');
  throw new Refusal('invalid', 'expected an https:// URL without credentials, query and fragment', {
    rule: 'url',
    hint: 'plain http:// is for hosts that are not public, with SIGNPOST_OUTGOING_ADDRESSES=any',
  });
}
