/** What the making of an SBOM and its thread say to each other. */
import type { DocumentFacts } from '../../../evidence/sboms/generation/write-cyclonedx.ts';
import type { UnpackLimits } from '../../inspection/budget.ts';

/** What the thread is told. */
export interface GenerationOrder {
  readonly path: string;
  readonly facts: DocumentFacts;
  readonly limits: UnpackLimits;
}

/** What the thread answers, once: the document, or that no package was found. */
export interface GenerationAnswer {
  readonly document: string | undefined;
}
