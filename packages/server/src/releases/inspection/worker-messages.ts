/** What the inspection and its thread say to each other. */
import type { Inspection, InspectionRequest } from './judge-file.ts';
import type { UploadRule } from './rules.ts';

/** What the thread is told. */
export interface InspectionOrder {
  readonly path: string;
  readonly request: InspectionRequest;
}

/** What the thread answers: progress any number of times, then one verdict. */
export type InspectionAnswer =
  | { readonly kind: 'progress'; readonly part: number }
  | { readonly kind: 'accepted'; readonly inspection: Inspection }
  | { readonly kind: 'refused'; readonly rule: UploadRule; readonly message: string };
