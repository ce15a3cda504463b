/** What the inspection of an SBOM and its thread say to each other. */
import type { Sbom } from '@signpost/protocol/sbom/component';
import type { SbomFinding } from '@signpost/protocol/sbom/finding';
import type { ComponentColumns } from './component-columns.ts';
import type { DocumentRequest } from './judge-document.ts';
import type { SbomRefusalRule } from './rules.ts';

/** What the thread is told. */
export interface SbomOrder {
  readonly path: string;
  readonly request: DocumentRequest;
}

/** What is kept of a document beside its components. */
export interface SbomFacts extends Pick<Sbom, 'format' | 'serial' | 'created' | 'authors' | 'tools'> {
  readonly findings: readonly SbomFinding[];
}

/** What the thread answers: components in batches, but what the document is about, then one verdict. */
export type SbomAnswer =
  | { readonly kind: 'components'; readonly components: readonly ComponentColumns[] }
  | { readonly kind: 'accepted'; readonly facts: SbomFacts }
  | { readonly kind: 'refused'; readonly rule: SbomRefusalRule; readonly message: string };
