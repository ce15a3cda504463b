/** Where the browser is within the console, and how it goes elsewhere. */
import { fillPath, type Parameters, splitPath } from './routes.ts';

interface Place {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
}

/** What stands before `/console` and `/api` alike: empty, or `/o/{org}`. */
export const base: string = splitPath(location.pathname)?.base ?? '';

const state = $state<{ place: Place }>({ place: readPlace() });

/** Views gone to so far: who holds an older count is gone. */
let views = 0;

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

/** Goes to an address that `linkTo` made. Pages take the way of `createWay` instead, which answers that come late cannot take. */
export function goTo(address: string): void {
  history.pushState(null, '', address);
  arrive();
  scrollTo(0, 0);
}

/**
 * The way on from the present view to an address that `linkTo` made. Who has left the view meanwhile, as when an answer took long, is taken
 * nowhere. Call it while a component is set up, or before the first `await` of what somebody does.
 * @example const goOn = createWay(); if (await making.run()) goOn(linkTo('releases'));
 */
export function createWay(): (address: string) => void {
  const view = views;
  return (address) => {
    if (view === views) goTo(address);
  };
}

/**
 * Changes the query of the present view in its place, as typing into a filter does. An empty value takes its name away. What is to be `kept`
 * is found by `keptHere`.
 */
export function changeQuery(change: Parameters, kept: Readonly<Record<string, unknown>> = {}): void {
  const address = linkTo(state.place.path, {}, { ...state.place.query, ...change });
  history.replaceState({ ...keptHere(), ...kept }, '', address);
  state.place = readPlace();
}

/** What is kept with this view in the browser's history, and found again after a reload. It is in no address. */
export function keptHere(): Readonly<Record<string, unknown>> {
  const kept: unknown = history.state;
  return typeof kept === 'object' && kept !== null ? { ...kept } : {};
}

/** Follows the browser's own buttons, and takes clicks on links of the console from the browser. */
export function followLinks(): void {
  addEventListener('popstate', arrive);
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

/** Reads where the browser has gone. Another query is no other view. */
function arrive(): void {
  const place = readPlace();
  if (place.path !== state.place.path) views += 1;
  state.place = place;
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
