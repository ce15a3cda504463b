/** Command lines as people keep them in scripts: words, quotes and `||`; whatever a shell would have to work out is refused. */
import { refuseFile } from './foreign-text.ts';

/** Commands of which one is enough. */
export interface CommandGroup {
  /** From the comment before it: `# rule: name`. */
  readonly name: string | undefined;
  readonly commands: readonly (readonly string[])[];
}

const maxCommands = 2000;
const wordPattern = /^(?:'[^']*'|"[^"$`\\]*"|\\[^\n]|[^\s'"\\$`;&|<>(){}*?[\]#~!]|(?<=[^\s])[#~!])+/;

/** The commands of a script, group by group. Throws `invalid`, rule `watch-format`, with the line that is more than words. */
export function parseCommands(text: string): readonly CommandGroup[] {
  const groups: { name: string | undefined; commands: string[][] }[] = [];
  let name: string | undefined;
  let isAlternative = false;
  let count = 0;
  for (const [index, line] of joinLines(text).entries()) {
    const comment = /^\s*#(.*)$/.exec(line)?.[1];
    if (comment !== undefined) {
      name = /^ rule: (.+)$/.exec(comment)?.[1] ?? name;
      continue;
    }
    for (const token of tokenise(line, index + 1)) {
      if (token === '||') isAlternative = true;
      if (token === '||' || token === '&&') continue;
      if (++count > maxCommands) throw refuseFile(`expected at most ${maxCommands} commands`);
      const last = groups.at(-1);
      if (isAlternative && last) last.commands.push(token);
      else groups.push({ name, commands: [token] });
      isAlternative = false;
    }
    if (!isAlternative && line.trim() !== '') name = undefined;
  }
  return groups;
}

function joinLines(text: string): readonly string[] {
  return text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/);
}

function tokenise(line: string, number: number): readonly ('||' | '&&' | string[])[] {
  const tokens: ('||' | '&&' | string[])[] = [];
  let rest = line.trim();
  let words: string[] = [];
  while (rest !== '') {
    const operator = /^(?:\|\||&&)/.exec(rest)?.[0];
    const word = operator ?? wordPattern.exec(rest)?.[0];
    if (word === undefined || (operator && words.length === 0)) {
      throw refuseFile(`expected plain words at line ${number}: nothing of a script is run`);
    }
    if (operator) {
      tokens.push(words, operator as '||' | '&&');
      words = [];
    } else {
      words.push(unquote(word));
    }
    rest = rest.slice(word.length).trimStart();
  }
  if (words.length > 0) tokens.push(words);
  return tokens;
}

function unquote(word: string): string {
  return word.replaceAll(/'([^']*)'|"([^"]*)"|\\(.)/g, (_, single, double, escaped) => single ?? double ?? escaped);
}
