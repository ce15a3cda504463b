/** Light or dark: the system's choice until somebody makes another here. */

/** What can be chosen. */
export const themes = ['system', 'light', 'dark'] as const;

/** One of them. */
export type Theme = (typeof themes)[number];

const storageKey = 'signpost theme';
const state = $state<{ theme: Theme }>({ theme: 'system' });

/** The choice in force. */
export function theme(): Theme {
  return state.theme;
}

/** Takes up what was chosen here before. */
export function openTheme(): void {
  const stored = localStorage.getItem(storageKey);
  show(themes.find((name) => name === stored) ?? 'system');
}

/** Chooses. */
export function switchTheme(next: Theme): void {
  localStorage.setItem(storageKey, next);
  show(next);
}

function show(next: Theme): void {
  state.theme = next;
  if (next === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
}
