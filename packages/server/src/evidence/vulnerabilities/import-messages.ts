/** What the import of a snapshot and its thread say to each other. */
import type { OsvRecord } from './osv.ts';

/** What the thread is told at its start. Each time that it hears anything more, it goes on to the next batch. */
export interface ImportOrder {
  readonly path: string;
  readonly ecosystem: string;
}

/** What the thread answers: records in batches, each to be acknowledged, then one verdict. */
export type ImportAnswer =
  | { readonly kind: 'records'; readonly records: readonly OsvRecord[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly message: string };
