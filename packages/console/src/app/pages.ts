/** Turning the pages of a list that the server gives piece by piece. */
import { changeQuery, currentQuery } from './location.svelte.ts';

/** Undefined where there is no such page. */
interface Pages {
  readonly previous: (() => void) | undefined;
  readonly next: (() => void) | undefined;
}

/**
 * Pages of a list whose next one begins behind `next`, where there is one. Where the present page begins stands in the address under `name`,
 * and nothing for the first; a filter that changes takes it away. Back leads to the page that the reader came from, or to the first one for
 * who came by an address. Call it while a component is set up.
 * @example const pagesTo = createPages('before'); <Table pages={pagesTo(value.next)} />
 */
export function createPages(name: string): (next: string | number | null | undefined) => Pages {
  /** Where the pages begin that were turned, the one shown among them. */
  let turned: readonly string[] = [];
  const turn = (beginnings: readonly string[]) => {
    turned = beginnings;
    changeQuery({ [name]: beginnings.at(-1) ?? '' });
  };
  return (next) => {
    const here = currentQuery()[name] ?? '';
    return {
      previous: here === '' ? undefined : () => turn(listPassed(turned, here)),
      next:
        next === null || next === undefined ? undefined : () => turn([...listPassed(turned, here), here, String(next)]),
    };
  };
}

function listPassed(turned: readonly string[], here: string): readonly string[] {
  if (here === '') return [];
  const place = turned.lastIndexOf(here);
  return place < 1 ? [''] : turned.slice(0, place);
}
