/** Keys that work everywhere, but not while somebody types. */

/** What keys ask for. */
export interface KeyboardActions {
  readonly openPalette: () => void;
  readonly showShortcuts: () => void;
  /** `g` and then this letter. False when nothing is there. */
  readonly go: (letter: string) => boolean;
}

/** How long after `g` a letter counts, in milliseconds. */
const pauseMs = 1200;

/** Listens from now on; call what it returns to stop. */
export function followKeys(actions: KeyboardActions): () => void {
  let goSince = 0;
  const onKey = (event: KeyboardEvent) => {
    if (isPaletteKey(event)) {
      event.preventDefault();
      return actions.openPalette();
    }
    if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target) || hasDialog()) return;
    if (event.timeStamp - goSince < pauseMs && actions.go(event.key)) event.preventDefault();
    goSince = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY;
    if (event.key === '?') actions.showShortcuts();
    if (event.key === '/') {
      event.preventDefault();
      if (!focusSearch()) actions.openPalette();
    }
  };
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

function isPaletteKey({ key, metaKey, ctrlKey }: KeyboardEvent): boolean {
  return (metaKey || ctrlKey) && key.toLowerCase() === 'k';
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'));
}

function hasDialog(): boolean {
  return document.querySelector('dialog[open]') !== null;
}

function focusSearch(): boolean {
  const search = document.querySelector<HTMLInputElement>('main [data-search]');
  search?.focus();
  return search !== null;
}
