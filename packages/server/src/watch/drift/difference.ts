/** A difference between what was accepted and what was seen, before it is weighed. */
import type { DriftKind } from './kinds.ts';

/** One difference. `before` and `after` name what differs and nothing that changes with each release: they make the fingerprint. */
export interface Difference {
  readonly kind: DriftKind;
  readonly before: readonly string[];
  readonly after: readonly string[];
  /** What happened, in plain words. Text of others stands in it to the letter, and is escaped where it is shown. */
  readonly sentence: string;
  /** Steps worse (or better, when negative) than the kind by itself. */
  readonly shift?: number;
}

/** What is looked at beside the facts themselves: the past of the artifact and of its names. */
export interface ArtifactHistory {
  /** Whether this very digest was seen with a verified signature before. */
  readonly wasSigned: boolean;
  /** Signers for whom an accepted one vouches at this time, and who that is, both as findings name them. */
  readonly vouched?: ReadonlyMap<string, string> | undefined;
  /** The tag that leads to it; absent: it has none. */
  readonly tag?: TagHistory | undefined;
  /** The content that was seen under the same version or URL before, as SHA-256 in hex. */
  readonly versionContent?: string | undefined;
  /** What other mirrors of the source hold under the same name. */
  readonly mirrors: readonly MirrorContent[];
  /** Of the last artifacts of the line, how many in a thousand were signed: before, and now. */
  readonly coverage?: { readonly before: number; readonly now: number } | undefined;
  /** Artifacts of the same publisher within the hour, and how many there are in its usual busy hour. */
  readonly hourly?: { readonly now: number; readonly usual: number } | undefined;
  /** The highest number that a trust list of the source had. */
  readonly trustVersion?: number | undefined;
  /** Milliseconds since it was published or, where nothing says when, first seen; absent: it is not out yet. */
  readonly ageMs?: number | undefined;
}

/** Where a tag led. */
interface TagHistory {
  readonly name: string;
  /** A tag that names a release, and by custom never moves. */
  readonly isImmutable: boolean;
  /** The SHA-256 in hex of what it led to before; absent: nothing. */
  readonly before?: string | undefined;
}

/** The content of another mirror. */
interface MirrorContent {
  readonly name: string;
  /** SHA-256 in hex. */
  readonly content: string;
  /** For how long the two have differed. */
  readonly differsMs: number;
}
