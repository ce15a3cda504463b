/** Feeds of releases: a URL, normalised as every browser does (WHATWG URL). */
import { parseHost } from './host.ts';
import type { ParsedSource } from './parsed-source.ts';

/** Parses an https URL (http on this machine) without credentials and fragment. `undefined`: it is none. */
export function parseFeed(text: string): ParsedSource | undefined {
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  const host = url && parseHost(url.host);
  if (!url || !host || url.username !== '' || url.password !== '' || url.hash !== '') return undefined;
  if (url.protocol !== `${host.scheme}:`) return undefined;
  return { name: `${url.protocol}//${host.name}${url.pathname}${url.search}` };
}
