/** Patterns over keys, segment by segment: `*` is anything within a segment, `**` any number of segments. */

const globPattern = /^(?:oci|npm|signpost|feed|git|\*):[^\s*]*(?:\*{1,2}[^\s*]*)*$/;

/** Whether a text is a pattern: an ecosystem (or `*`), a colon, and segments of which `**` is a whole one. */
export function isGlob(text: string): boolean {
  return globPattern.test(text) && splitKey(text).every((segment) => segment === '**' || !segment.includes('**'));
}

/** Whether a key is one of those that a pattern means. */
export function matchesGlob(glob: string, key: string): boolean {
  return matchSegments(splitKey(glob), splitKey(key));
}

/** Whether two patterns may mean the same key: what stands before their first * agrees as far as both go. */
export function mayOverlap(one: string, other: string): boolean {
  const [left, right] = [fixedPart(one), fixedPart(other)];
  if (!one.includes('*') && !other.includes('*')) return one === other;
  return left.startsWith(right) || right.startsWith(left);
}

function fixedPart(pattern: string): string {
  const star = pattern.indexOf('*');
  return star < 0 ? pattern : pattern.slice(0, star);
}

/** The ecosystem is a segment of its own. */
function splitKey(key: string): readonly string[] {
  const colon = key.indexOf(':');
  return [key.slice(0, colon), ...key.slice(colon + 1).split('/')];
}

/** One row of the table of which patterns reach which segments: no pattern takes longer than its length times that of the key. */
function matchSegments(pattern: readonly string[], segments: readonly string[]): boolean {
  let reached = segments.map(() => false);
  let isEmptyReached = true;
  for (const part of pattern) {
    const before = [isEmptyReached, ...reached];
    const next: boolean[] = [];
    for (const [index, segment] of segments.entries()) {
      const isReached =
        part === '**'
          ? Boolean(before[index + 1]) || Boolean(next[index - 1] ?? before[0]) || Boolean(before[index])
          : Boolean(before[index]) && matchSegment(part, segment);
      next.push(isReached);
    }
    isEmptyReached = isEmptyReached && part === '**';
    reached = next;
  }
  return segments.length === 0 ? isEmptyReached : Boolean(reached.at(-1));
}

function matchSegment(part: string, segment: string): boolean {
  const pieces = part.split('*');
  const [first = '', last = ''] = [pieces[0], pieces.at(-1)];
  if (pieces.length === 1) return part === segment;
  if (!segment.startsWith(first) || segment.length < first.length + last.length || !segment.endsWith(last))
    return false;
  const end = segment.length - last.length;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = segment.indexOf(piece, from);
    if (found < 0 || found + piece.length > end) return false;
    from = found + piece.length;
  }
  return true;
}
