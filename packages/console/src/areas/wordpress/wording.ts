/** How plugins, reports and deploys are shown, on all pages of the area. */
import type { Answer } from '../../api/client.ts';
import { locale } from '../../language/language.svelte.ts';

/** What a plugin says of itself. */
export type Plugin = Answer<'GET /api/projects/{slug}/releases/{version}/wordpress'>;

/** A report of the pre-flight. */
export type Report = Answer<'GET /api/projects/{slug}/releases/{version}/wordpress/preflight'>;

/** What one tool of the pre-flight says. */
export type ToolReport = Report['tools'][number];

/** A deploy without its diff. */
export type Deploy = Answer<'GET /api/projects/{slug}/wordpress/deploys'>['deploys'][number];

/** What a deploy would change. */
export type Diff = NonNullable<Answer<'GET /api/projects/{slug}/wordpress/deploys/{id}'>['diff']>;

/** One path of it. */
export type Change = Diff['changes'][number];

/** A text that its owner wrote in several languages: in the reader's, else in the first there is. */
export function ownText(texts: Readonly<Record<string, string>>, fallback = ''): string {
  return texts[locale()] ?? texts.en ?? Object.values(texts)[0] ?? fallback;
}

/** The light of each verdict of the pre-flight. */
export const verdictLevels = { acceptable: 'good', acknowledge: 'attention', refused: 'bad' } as const;

/** The light of what a tool came to. What was not run is judged by its gate. */
export function toolLevel({ outcome, gate }: ToolReport): 'good' | 'attention' | 'bad' | 'off' | 'info' {
  if (outcome === 'passed') return 'good';
  if (outcome === 'waiting') return 'info';
  if (gate === 'off') return 'off';
  return gate === 'hard' ? 'bad' : 'attention';
}

/** The light of each severity. */
export const severityLevels = { error: 'bad', warning: 'attention', info: 'info' } as const;

/** The look of each state of a deploy. */
export const deployKinds = {
  requested: 'info',
  preparing: 'info',
  awaiting_confirmation: 'attention',
  committing: 'info',
  deployed: 'board',
  failed: 'bad',
  cancelled: 'plain',
} as const satisfies Readonly<Record<Deploy['state'], string>>;

/** Whether the server works on it, so that it will say something else soon. */
export function isMoving({ state }: Pick<Deploy, 'state'>): boolean {
  return state === 'requested' || state === 'preparing' || state === 'committing';
}

/** Whether a run of the pre-flight is under way. */
export function isRunning({ state }: Pick<Report, 'state'>): boolean {
  return state === 'waiting' || state === 'running';
}
