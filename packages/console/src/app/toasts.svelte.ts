/** Short words about what was just done. Whatever must not be missed stands on its page instead. */

/** One of them; it can offer to undo. */
export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

const lifeMs = 6000;
/** With something to press, people need longer. */
const actionLifeMs = 12_000;
const state = $state<{ toasts: readonly Toast[] }>({ toasts: [] });
let last = 0;

/** Those that are shown. */
export function toasts(): readonly Toast[] {
  return state.toasts;
}

/** Shows `text` for some seconds; screen readers hear it. */
export function tell(text: string, action?: Toast['action']): void {
  last += 1;
  const id = last;
  state.toasts = [...state.toasts.slice(-2), { id, text, action }];
  setTimeout(() => dismiss(id), action ? actionLifeMs : lifeMs);
}

/** Takes one away. */
export function dismiss(id: number): void {
  state.toasts = state.toasts.filter((toast) => toast.id !== id);
}
