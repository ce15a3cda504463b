/** Long lists in findings: the first of them, and how many more there are. */

const shown = 10;
const maxCharacters = 600;

/** At most ten items, of 600 characters each: findings are stored and shown, and whoever hands in documents writes into them. */
export function listSome(items: readonly string[]): string {
  const rest = items.length - shown;
  const first = items.slice(0, shown).map((item) => item.slice(0, maxCharacters));
  return [...first, ...(rest > 0 ? [`${rest} more`] : [])].join('; ');
}
