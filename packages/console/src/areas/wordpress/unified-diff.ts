/** The text of a diff as `svn diff` writes it, taken apart by files and lines. */

/** A line of a file's changes: `place` stands before each run of them, `property` tells of what is not in the file itself. */
interface DiffLine {
  readonly kind: 'added' | 'removed' | 'same' | 'place' | 'property';
  readonly text: string;
}

const kinds: Readonly<Record<string, DiffLine['kind']>> = { '+': 'added', '-': 'removed', '@': 'place', ' ': 'same' };

/** The lines by the path below trunk; what was cut off ends early. */
export function splitDiff(text: string): ReadonlyMap<string, readonly DiffLine[]> {
  const files = new Map<string, DiffLine[]>();
  let lines: DiffLine[] = [];
  let part: 'head' | 'body' | 'property' = 'head';
  const rows = text.split('\n');
  for (const [index, row] of rows.entries()) {
    // A line of a file begins with a sign, so that this cannot be one.
    const path = /^Index: (?:trunk\/)?(.*)$/.exec(row)?.[1];
    if (path !== undefined && /^={67}$/.test(rows[index + 1] ?? '')) {
      lines = [];
      files.set(path, lines);
      part = 'head';
    } else if (row.startsWith('Property changes on: ')) part = 'property';
    else if (part === 'property') {
      if (/^(?:Added|Deleted|Modified): /.test(row)) lines.push({ kind: 'property', text: row });
    } else if (row.startsWith('@@')) {
      part = 'body';
      lines.push({ kind: 'place', text: row });
    } else if (part === 'body' && row !== '') {
      const kind = kinds[row[0] ?? ''];
      if (kind) lines.push({ kind, text: row.slice(1) });
    }
  }
  return files;
}
