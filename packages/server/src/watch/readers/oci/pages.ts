/** Lists that come in pages (OCI Distribution 1.1, "Listing Tags", "Listing Referrers"): where the next one is, the registry says, and nobody else's. */

import type { JsonObject } from '@signpost/protocol/json/foreign';
import type { NoAnswer } from '../ask.ts';
import { parseJsonObject } from './json-object.ts';
import { findNextLink } from './link.ts';
import { type Absent, askVisited, unknown, type Visit } from './visit.ts';

/** How a list is read. */
export interface PageRequest {
  /** Below the repository; without a query. */
  readonly path: string;
  readonly query?: string;
  readonly accept: string;
  readonly maxPages: number;
}

/** A list, in its pages. */
export interface Pages {
  readonly kind: 'pages';
  readonly pages: readonly JsonObject[];
  /** There are more than were read. */
  readonly isCapped: boolean;
}

/** Some registries answer with all tags at once, and all digests beside them. */
const maxPageBytes = 8 * 1024 * 1024;

/** Reads pages until there is none, or too many. Absent: the first is not there. */
export async function readPages(
  visit: Visit,
  { path, query, accept, maxPages }: PageRequest,
): Promise<Pages | Absent | NoAnswer> {
  const pages: JsonObject[] = [];
  const seen = new Set<string>();
  let next: string | undefined = query === undefined ? path : `${path}?${query}`;
  while (next !== undefined && pages.length < maxPages) {
    if (seen.has(next)) return unknown(`${visit.place.registry} leads in a circle`);
    seen.add(next);
    const answer = await askVisited(visit, next, { accept, maxBytes: maxPageBytes });
    if (answer.kind === 'unknown') return answer;
    if (answer.status === 404 || answer.status === 410)
      return pages.length === 0 ? { kind: 'absent' } : unknown(`${visit.place.registry} lost a page`);
    const page = parseJsonObject(answer.body);
    if (!page) return unknown(`${visit.place.registry} answered with what is no list`);
    pages.push(page);
    const link = answer.headers.get('link');
    const following: string | null | undefined =
      link === null ? undefined : followLink(visit, { link, path, from: next });
    if (following === null) return unknown(`${visit.place.registry} names a next page that is none of its own`);
    next = following;
  }
  return { kind: 'pages', pages, isCapped: next !== undefined };
}

/** The next page, below the repository; `null`: it leads elsewhere. */
function followLink(
  { place }: Visit,
  { link, path, from }: { readonly link: string; readonly path: string; readonly from: string },
): string | null | undefined {
  const target = findNextLink(link);
  if (target === undefined) return undefined;
  const base = `${place.origin}/v2/${place.repository}/`;
  const url = URL.parse(target, `${base}${from}`);
  const own = new URL(`${base}${path}`);
  if (url === null || url.origin !== own.origin || url.pathname !== own.pathname || url.username !== '') return null;
  return `${path}${url.search}`;
}
