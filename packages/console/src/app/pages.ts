/** Turning the pages of a list that the server gives piece by piece. */
import { changeQuery, currentQuery, keptHere } from './location.svelte.ts';

/** Undefined where there is no such page. */
interface Pages {
  readonly previous: (() => void) | undefined;
  readonly next: (() => void) | undefined;
}

/**
 * Pages of a list whose next one begins behind `next`, where there is one. Where the present page begins stands in the address under `name`,
 * and nothing for the first; a filter that changes takes it away. The pages that the reader came through are kept in the browser's history,
 * through a reload too: back leads through them, and for who came by an address to the first one.
 * @example const pagesTo = createPages('before'); <Table pages={pagesTo(value.next)} />
 */
export function createPages(name: string): (next: string | number | null | undefined) => Pages {
  const turn = (beginnings: readonly string[]) =>
    changeQuery({ [name]: beginnings.at(-1) ?? '' }, { [name]: beginnings });
  return (next) => {
    const here = currentQuery()[name] ?? '';
    const passed = listPassed(parseBeginnings(keptHere()[name]), here);
    return {
      previous: here === '' ? undefined : () => turn(passed),
      next: next === null || next === undefined ? undefined : () => turn([...passed, here, String(next)]),
    };
  };
}

function listPassed(turned: readonly string[], here: string): readonly string[] {
  if (here === '') return [];
  const place = turned.lastIndexOf(here);
  return place < 1 ? [''] : turned.slice(0, place);
}

/** Where the pages begin that were turned, the one shown among them. */
function parseBeginnings(kept: unknown): readonly string[] {
  return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : [];
}
