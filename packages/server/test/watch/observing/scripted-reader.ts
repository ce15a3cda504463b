/** A reader that shows what a test says: the interface is our own. */
import type { ListedArtifact, Listing, Reader, Readers, Unanswered } from '../../../src/watch/readers/reader.ts';
import type { ObservedArtifact } from '../../../src/watch/recording/sighting.ts';
import { lineOf } from '../../../src/watch/sources/line.ts';
import { usualFacts } from '../drift/scene.ts';
import { contentOf, day, start } from '../recording/desk.ts';

type Observed = Awaited<ReturnType<Reader['observe']>>;

/** See the file. */
export class ScriptedReader implements Reader {
  /** What every source holds that is not named beside it. */
  listing: Listing = { kind: 'listed', artifacts: [] };
  readonly listings = new Map<string, Listing>();
  /** What is seen of an artifact, unless it is as usual. */
  readonly seen = new Map<string, Observed>();
  /** What was asked, in order. */
  readonly asked: string[] = [];
  /** Awaited before each answer. */
  gate: Promise<unknown> = Promise.resolve();
  validators: (string | undefined)[] = [];

  async list({ key, validators }: { key: string; validators?: string | undefined }): Promise<Listing> {
    this.asked.push(`list ${key}`);
    this.validators.push(validators);
    await this.gate;
    return this.listings.get(key) ?? this.listing;
  }

  async observe(_source: unknown, artifact: ListedArtifact): Promise<Observed> {
    const name = artifact.names.version ?? artifact.names.tag ?? artifact.content ?? '';
    this.asked.push(name);
    await this.gate;
    return this.seen.get(name) ?? show(artifact);
  }
}

/** One reader for sources of every kind. */
export function readAll(reader: Reader): Readers {
  return { oci: reader, npm: reader, signpost: reader, feed: reader, git: reader };
}

/** What is usual of an artifact. */
export function show({ names, line, isDefault, content, publishedAt }: ListedArtifact): ObservedArtifact {
  return { names, line, isDefault, facts: { ...usualFacts, content: content ?? contentOf(0), publishedAt } };
}

/** Version `1.0.<day>`, published on that day. */
export function versionOf(onDay: number, differs: Partial<ListedArtifact> = {}): ListedArtifact {
  const version = `1.0.${onDay}`;
  return {
    ...{ names: { version }, line: lineOf(version), content: contentOf(onDay), isDefault: false },
    ...{ publishedAt: start + onDay * day, ...differs },
  };
}

/** Versions of those days as a listing has them: the newest first. */
export function listingOf(days: readonly number[], validators?: string): Listing {
  return { kind: 'listed', artifacts: [...days].sort((a, b) => b - a).map((onDay) => versionOf(onDay)), validators };
}

export const away: Unanswered = { kind: 'unknown', reason: 'status 503' };
