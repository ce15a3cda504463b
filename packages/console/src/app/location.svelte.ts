/** Where the browser is within the console, and how it goes elsewhere. */
import { fillPath, type Parameters, splitPath } from './routes.ts';

interface Place {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/** What stands before `/console` and `/api` alike: empty, or `/o/{org}`. */
export const base: string = splitPath(location.pathname)?.base ?? '';

const state = $state<{ place: Place }>({ place: readPlace() });

/** The path below `/console/`, without slashes at its ends. */
export function currentPath(): string {
  return state.place.path;
}

/** The query of the address, for filters and pages that can be linked to. */
export function currentQuery(): Readonly<Record<string, string>> {
  return state.place.query;
}

/** The address of a view: `linkTo('releases/{project}', { project })`. Empty query values are left out. */
export function linkTo(pattern: string, values: Parameters = {}, query: Parameters = {}): string {
  const filled = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
  return `${base}/console/${fillPath(pattern, values)}${filled.size > 0 ? `?${filled}` : ''}`;
}

/** Goes to an address that `linkTo` made. */
export function goTo(address: string): void {
  history.pushState(null, '', address);
  state.place = readPlace();
  scrollTo(0, 0);
}

/** Changes the query of the present view in its place, as typing into a filter does. An empty value takes its name away. */
export function changeQuery(change: Parameters): void {
  history.replaceState(null, '', linkTo(state.place.path, {}, { ...state.place.query, ...change }));
  state.place = readPlace();
}

/** Follows the browser's own buttons, and takes clicks on links of the console from the browser. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    state.place = readPlace();
  });
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || event.defaultPrevented || event.button !== 0 || isModified(event)) return;
    if (link.origin !== location.origin || link.target !== '' || link.hasAttribute('download')) return;
    // A link within the page is the browser's.
    if (splitPath(link.pathname)?.base !== base || (link.hash !== '' && link.pathname === location.pathname)) return;
    event.preventDefault();
    goTo(link.href);
  });
}

function isModified(event: MouseEvent): boolean {
  return event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
}

function readPlace(): Place {
  return {
    path: splitPath(location.pathname)?.path ?? '',
    query: Object.fromEntries(new URLSearchParams(location.search)),
  };
}
