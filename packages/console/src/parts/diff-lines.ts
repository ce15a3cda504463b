/** What changed between two texts, line by line: the longest common subsequence, beginnings and ends taken off first. */

/** A line of the difference, or a run of lines that are the same in both. */
export type DiffPart =
  | { readonly kind: 'added' | 'removed'; readonly line: string }
  | { readonly kind: 'same'; readonly lines: readonly string[] };

/** Above so many pairs of lines the middle is shown as taken out and put in, since comparing it would hold up the page. */
const maxPairs = 4_000_000;

/** The difference between `before` and `after`. */
export function diffLines(before: string, after: string): readonly DiffPart[] {
  const [old, next] = [before.split('\n'), after.split('\n')];
  let start = 0;
  while (start < Math.min(old.length, next.length) && old[start] === next[start]) start += 1;
  let end = 0;
  while (end < Math.min(old.length, next.length) - start && old.at(-1 - end) === next.at(-1 - end)) end += 1;
  return joinSame([
    ...old.slice(0, start).map(same),
    ...diffMiddle(old.slice(start, old.length - end), next.slice(start, next.length - end)),
    ...old.slice(old.length - end).map(same),
  ]);
}

function diffMiddle(old: readonly string[], next: readonly string[]): readonly DiffPart[] {
  const added = (line: string): DiffPart => ({ kind: 'added', line });
  const removed = (line: string): DiffPart => ({ kind: 'removed', line });
  if (old.length * next.length > maxPairs) return [...old.map(removed), ...next.map(added)];
  const lengths = measureCommon(old, next);
  const parts: DiffPart[] = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < next.length) {
    const [left, right] = [old[i] ?? '', next[j] ?? ''];
    if (left === right) parts.push(same(left));
    else if ((lengths[i + 1]?.[j] ?? 0) >= (lengths[i]?.[j + 1] ?? 0)) parts.push(removed(left));
    else parts.push(added(right));
    const kind = parts.at(-1)?.kind;
    if (kind !== 'added') i += 1;
    if (kind !== 'removed') j += 1;
  }
  return [...parts, ...old.slice(i).map(removed), ...next.slice(j).map(added)];
}

/** At [i][j]: how many lines `old` from i and `next` from j have in common, in order. */
function measureCommon(old: readonly string[], next: readonly string[]): readonly Uint32Array[] {
  const lengths = Array.from({ length: old.length + 1 }, () => new Uint32Array(next.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = next.length - 1; j >= 0; j -= 1) {
      const row = lengths[i];
      const below = lengths[i + 1];
      if (!row || !below) continue;
      row[j] = old[i] === next[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return lengths;
}

function same(line: string): DiffPart {
  return { kind: 'same', lines: [line] };
}

function joinSame(parts: readonly DiffPart[]): readonly DiffPart[] {
  const joined: DiffPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.kind === 'same' && last?.kind === 'same') {
      joined[joined.length - 1] = { kind: 'same', lines: [...last.lines, ...part.lines] };
    } else joined.push(part);
  }
  return joined;
}
