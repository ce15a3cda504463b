/** How collections, modules and submissions are shown, on all pages of the area. */
import type { Answer } from '../../api/client.ts';
import { locale } from '../../language/language.svelte.ts';

/** A module as its managers see it. */
export type Module = Answer<'GET /api/collections/{collection}/modules/{module}'>;

/** What an author handed in. */
export type Submission = Answer<'GET /api/modules/{collection}/submissions'>['submissions'][number];

/** Who hands in, with their keys. */
export type Author = Answer<'GET /api/collections/{collection}/authors'>['authors'][number];

/** What stands of a catalogue. */
export type CatalogueState = Answer<'GET /api/collections/{collection}/catalogue'>;

/** A text that its owner wrote in several languages: in the reader's, else in the first there is. */
export function ownText(texts: Readonly<Record<string, string>>, fallback = ''): string {
  return texts[locale()] ?? texts.en ?? Object.values(texts)[0] ?? fallback;
}

/** The look of each state of a submission: only what waits for a person is yellow. */
export const submissionKinds = {
  receiving: 'info',
  submitted: 'attention',
  failed: 'bad',
  lapsed: 'plain',
  withdrawn: 'plain',
  refused: 'bad',
  approved: 'good',
} as const satisfies Readonly<Record<Submission['state'], string>>;

/** The light of a catalogue and the key of the word beside it. */
export function catalogueLight({ served, behind_since, version }: CatalogueState) {
  if (version === 0) return { level: 'off', key: 'catalogueUnsigned' } as const;
  if (!served) return { level: 'bad', key: 'catalogueWithheld' } as const;
  if (behind_since !== null) return { level: 'attention', key: 'catalogueBehind' } as const;
  return { level: 'good', key: 'catalogueServed' } as const;
}
