/** How projects and releases are named and shown, on all pages of the area. */

import type { Answer } from '../../api/client.ts';
import { locale } from '../../language/language.svelte.ts';

/** A release as the API has it. */
export type Release = Answer<'GET /api/projects/{slug}/releases'>['releases'][number];

/** A text that its owner wrote in several languages: in the reader's, else in the first there is. */
export function ownText(texts: Readonly<Record<string, string>>, fallback = ''): string {
  return texts[locale()] ?? texts.en ?? Object.values(texts)[0] ?? fallback;
}

/** The look of each state: only what is in service is a board. */
export const stateKinds = {
  draft: 'info',
  active: 'board',
  superseded: 'plain',
  withdrawn: 'bad',
  quarantined: 'bad',
} as const satisfies Readonly<Record<Release['state'], string>>;

/** A short name made from what people call a thing: lower-case letters, digits and hyphens. */
export function proposeSlug(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50)
    .replace(/-+$/, '');
}

/** Texts without those that nobody wrote. */
export function keepWritten(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim() !== ''));
}

/** How each outcome of a rule is shown. */
export const outcomeLevels = { met: 'good', unmet: 'bad', unknown: 'attention', waived: 'info' } as const;
