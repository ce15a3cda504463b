/** Lists that are given in pages to whoever asks for pages, and whole to whoever does not. */

/** What part of a list is wanted. */
export interface ListPage {
  /** Text that a row holds somewhere; case does not matter. */
  readonly search?: string | undefined;
  /** What the row before the first one is known by. */
  readonly after?: string | undefined;
  /** Undefined: all of them. */
  readonly limit?: number | undefined;
}

/** How many rows to read, so that one beyond the page tells of a next one. */
export function rowsToRead({ limit }: ListPage): number | undefined {
  return limit === undefined ? undefined : limit + 1;
}

/** The rows of the page among those read, and what the next page comes after; null on the last. */
export function cutPage<Row>(
  read: readonly Row[],
  { limit }: ListPage,
  placeOf: (row: Row) => string,
): { readonly rows: readonly Row[]; readonly next: string | null } {
  if (limit === undefined || read.length <= limit) return { rows: read, next: null };
  const rows = read.slice(0, limit);
  const last = rows.at(-1);
  return { rows, next: last === undefined ? null : placeOf(last) };
}
