/** What of a listing is to be observed: what is new, what leads elsewhere, and what has to be looked at again. */
import type { ListedArtifact } from '../readers/reader.ts';
import { isReleaseTag } from '../sources/line.ts';
import type { SeenArtifact, WatchRequest } from './store.ts';

/** What is known of a source's names. */
export interface KnownNames {
  readonly tags: ReadonlyMap<string, string>;
  readonly versions: ReadonlyMap<string, string>;
  /** Each content as it was seen last. */
  readonly seen: ReadonlyMap<string, SeenArtifact>;
  /** Contents whose signatures could not be read. */
  readonly unread: ReadonlySet<string>;
}

/** Makes the maps of what the database holds. */
export function indexNames(
  seen: readonly SeenArtifact[],
  tags: readonly { readonly name: string; readonly content: string }[],
  unread: readonly string[],
): KnownNames {
  return {
    tags: new Map(tags.map(({ name, content }) => [name, content])),
    versions: new Map(seen.flatMap(({ version, content }) => (version === null ? [] : [[version, content]]))),
    seen: new Map(seen.map((artifact) => [artifact.content, artifact])),
    unread: new Set(unread),
  };
}

/** What is known to stand behind the name of an artifact; undefined: the name is new. */
export function findKnown(
  { tags, versions }: KnownNames,
  { names }: Pick<ListedArtifact, 'names'>,
): string | undefined {
  const { tag, version } = names;
  if (tag === undefined) return version === undefined ? undefined : versions.get(version);
  const content = tags.get(tag);
  return version === undefined || versions.get(version) === content ? content : undefined;
}

const dayMs = 24 * 3_600_000;
/** Signatures come after what they are of: what is new, and among the newest, is looked at again at every look. */
const settlingMs = 3_600_000;
/** So many of the newest are looked at again each day: signatures go as well as come. */
const freshCount = 20;
/** The older ones, where the listing says whether they lead elsewhere, and where it does not. */
const oldReviewMs = 30 * dayMs;
const blindReviewMs = 7 * dayMs;

/** What is to be observed, the oldest first, so that a past is learned in its order. */
export function selectWork(
  listed: readonly ListedArtifact[],
  known: KnownNames,
  { requests, now }: { readonly requests: readonly WatchRequest[]; readonly now: number },
): readonly ListedArtifact[] {
  const reviewed = new Set<string>();
  const work = listed.filter((artifact, rank) => {
    const content = findKnown(known, artifact);
    if (content === undefined || (artifact.content ?? content) !== content) return true;
    if (isWanted(requests, artifact, content) || known.unread.has(content)) return true;
    const last = known.seen.get(content);
    const isYoung = rank < freshCount && last !== undefined && now - last.first_seen_at < settlingMs;
    if (!isYoung && now - (last?.seen_at ?? 0) < reviewAfter(artifact, rank)) return false;
    // Many names of one content are one thing to look at, unless only looking tells where they lead.
    if (artifact.content === undefined) return true;
    if (reviewed.has(content)) return false;
    reviewed.add(content);
    return true;
  });
  return work.reverse();
}

/** Whether somebody asked for that name, or for what it leads to. */
export function isWanted(
  requests: readonly WatchRequest[],
  { names }: Pick<ListedArtifact, 'names'>,
  content: string | undefined,
): boolean {
  return requests.some(
    (request) =>
      (request.label !== '' && (request.label === names.tag || request.label === names.version)) ||
      (request.content !== '' && request.content === content),
  );
}

function reviewAfter({ content, names, isDefault }: ListedArtifact, rank: number): number {
  const isMoving = isDefault || (names.tag !== undefined && !isReleaseTag(names.tag));
  if (content === undefined && isMoving) return 0;
  if (isDefault || rank < freshCount) return dayMs;
  return content === undefined ? blindReviewMs : oldReviewMs;
}
