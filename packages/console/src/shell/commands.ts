/** What the command palette offers, and how what is typed finds it. */
import type { Area, Command } from '../app/area.ts';
import { locales, type Named } from '../language/message.ts';

/** A command, and the area that it is of. */
export interface ListedCommand extends Command {
  readonly area: Named;
}

/** Every place of the areas, and their own commands, as far as `isFor` lets them be shown. */
export function listCommands(
  areas: readonly Area[],
  isFor: (place: Pick<Command, 'roles' | 'serverWide'>) => boolean,
): readonly ListedCommand[] {
  return areas.flatMap(({ navigation, commands = [] }) => {
    if (!navigation || !isFor(navigation)) return [];
    const place: Command = { label: navigation.label, path: navigation.path };
    return [place, ...commands.filter(isFor)].map((command) => ({
      ...command,
      area: navigation.label,
    }));
  });
}

/** Those in which every typed word is found, in any language; where a label begins with the text comes first. */
export function searchCommands(commands: readonly ListedCommand[], text: string): readonly ListedCommand[] {
  const words = fold(text).split(/\s+/).filter(Boolean);
  const isFound = (command: ListedCommand) => words.every((word) => searchableText(command).includes(word));
  const rank = ({ label }: ListedCommand) =>
    locales.some((locale) => fold(label[locale]).startsWith(fold(text))) ? 0 : 1;
  return commands.filter(isFound).sort((one, other) => rank(one) - rank(other));
}

function searchableText({ label, area, words = '' }: ListedCommand): string {
  return fold([...locales.flatMap((locale) => [label[locale], area[locale]]), words].join(' '));
}

/** Without case and accents: "Übersicht" is found by "uber". */
function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase()
    .trim();
}
