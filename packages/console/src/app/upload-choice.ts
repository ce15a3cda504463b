/** What may be uploaded to a project or a module, as a choice of one. */
import type { Answer } from '../api/client.ts';

/** The choices. */
export const typeChoices = ['zip tar.gz', 'zip', 'tar.gz', 'any'] as const;

type AcceptedType = Answer<'GET /api/projects'>['projects'][number]['accepted_types'][number];

/** The types behind a choice. */
export function typesOf(choice: string): readonly AcceptedType[] {
  return choice.split(' ') as AcceptedType[];
}

/** The choice behind types. */
export function choiceOf(types: readonly AcceptedType[]): (typeof typeChoices)[number] {
  if (types.includes('any')) return 'any';
  if (types.length !== 1) return 'zip tar.gz';
  return types[0] === 'zip' ? 'zip' : 'tar.gz';
}
