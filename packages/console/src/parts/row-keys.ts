/** What tells the rows of a list apart, also where two of them say the same: Svelte draws no list in which a key is repeated. */

/** The key of each row, in order. One that came before gets the number of its turn, so that all are different. */
export function keyRows<T>(rows: readonly T[], key: (row: T) => string | number): readonly string[] {
  const turns = new Map<string, number>();
  return rows.map((row) => {
    const name = String(key(row));
    const turn = turns.get(name) ?? 0;
    turns.set(name, turn + 1);
    return `${turn} ${name}`;
  });
}
