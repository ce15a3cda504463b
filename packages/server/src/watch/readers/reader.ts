/** How each ecosystem is read: what a source holds, and all that can be seen about one artifact. */
import type { ObservedArtifact } from '../recording/sighting.ts';
import type { Ecosystem } from '../sources/source-key.ts';

/** A place that could not be asked, or answered with what is no answer: never "absent". */
export interface Unanswered {
  readonly kind: 'unknown';
  /** In words, for people; holds no secret. */
  readonly reason: string;
  /** What Retry-After asked for. */
  readonly retryAfterMs?: number | undefined;
}

/** A name that leads to content. */
export interface ListedArtifact {
  /** Hex SHA-256 where the listing says it already; an observation that finds other content is of what it found. */
  readonly content?: string | undefined;
  readonly names: { readonly tag?: string | undefined; readonly version?: string | undefined };
  /** By `lineOf`. */
  readonly line: string;
  /** Unix ms. */
  readonly publishedAt?: number | undefined;
  /** What somebody gets who asks for no version. */
  readonly isDefault: boolean;
}

/** What a source holds, unless nothing changed since the validators that were given. */
export type Listing =
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'listed';
      readonly artifacts: readonly ListedArtifact[];
      /** There is more than the reader takes. */
      readonly isCapped?: boolean | undefined;
      /** Opaque text, given back at the next listing (ETags, cursors). */
      readonly validators?: string | undefined;
    }
  | Unanswered;

/** The source that is read. */
export interface ReadSource {
  /** By whose trusted roots signatures are judged. */
  readonly organisationId: string;
  readonly key: string;
  readonly declaredRepository?: string | undefined;
  readonly validators?: string | undefined;
}

/** Reads sources of one ecosystem. Throws nothing for what others answer. */
export interface Reader {
  /** Newest first, all of the past that the source still shows (back-fill reads it whole once), capped by the reader with a named limit. */
  list(source: ReadSource, signal: AbortSignal): Promise<Listing>;
  /**
   * Facts with `unknown` per group where a place could not be asked; `Unanswered` when not even the content could be read; `absent`
   * when the name leads nowhere any more.
   */
  observe(
    source: ReadSource,
    artifact: ListedArtifact,
    signal: AbortSignal,
  ): Promise<ObservedArtifact | Unanswered | { readonly kind: 'absent' }>;
}

/** One for each ecosystem. */
export type Readers = Readonly<Record<Ecosystem, Reader>>;
