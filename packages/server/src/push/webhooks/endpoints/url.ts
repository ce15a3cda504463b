/** Where events may be posted: judged when it is named, and again, by the address, with each connection. */
import { Refusal } from '../../../errors.ts';
import { findAddresses, type Reach } from '../../../http/outgoing/reach.ts';

const maxCharacters = 2048;
/** A name that does not resolve in this time does not resolve. */
const timeLimitMs = 5000;

/** An address that was judged. */
export interface EndpointUrl {
  readonly url: string;
  /** With the port, unless it is the usual one. */
  readonly host: string;
}

/**
 * Judges the address of an endpoint. Throws `invalid`: rule `url` for anything but https without credentials and fragment (plain http
 * where the server may connect to any address, and is then for those that are not public), rule `webhook-address` when the host
 * has no address that this server may connect to, or none at all: the answer is the same, so that nobody maps a network by it.
 */
export async function judgeUrl(reach: Reach, text: string): Promise<EndpointUrl> {
  const url = parseUrl(reach, text);
  try {
    await Promise.race([findAddresses(reach, url), rejectLate()]);
  } catch (cause) {
    throw new Refusal('invalid', `expected ${url.host} to have an address that this server may connect to`, {
      rule: 'webhook-address',
      hint: 'addresses that are not public need SIGNPOST_WEBHOOK_ADDRESSES, which the operator sets',
      cause,
    });
  }
  return { url: url.href, host: url.host };
}

function parseUrl({ addresses }: Reach, text: string): URL {
  const url = text.length > maxCharacters ? null : URL.parse(text);
  const schemes = addresses === 'any' ? ['https:', 'http:'] : ['https:'];
  const isBare = url?.username === '' && url.password === '' && url.hash === '';
  if (url !== null && isBare && schemes.includes(url.protocol)) return url;
  throw new Refusal('invalid', 'expected an https:// URL without credentials and fragment', {
    rule: 'url',
    hint: 'plain http:// is for hosts that are not public, with SIGNPOST_WEBHOOK_ADDRESSES=any',
  });
}

async function rejectLate(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`expected an address within ${timeLimitMs} ms`)), timeLimitMs).unref();
  });
}
