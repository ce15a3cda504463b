/** Shell completions, made from the table of commands. */
import type { CommandSpec } from './command.ts';
import { globalOptions } from './program.ts';

/** The shells that are known. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** One of them. */
export type Shell = (typeof shells)[number];

/** The script that the shell reads. */
export function formatCompletion(shell: Shell, specs: readonly CommandSpec[]): string {
  switch (shell) {
    case 'bash':
      return formatBash(specs);
    case 'zsh':
      return `#compdef signpost\nautoload -U +X bashcompinit && bashcompinit\n${formatBash(specs)}`;
    case 'fish':
      return formatFish(specs);
  }
}

function formatBash(specs: readonly CommandSpec[]): string {
  const cases = [...groupWords(specs)].map(([before, next]) => `    "${before}") words="${next.join(' ')}" ;;`);
  return `_signpost() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  case "$current" in -*) ;; *) if [ -z "$words" ]; then COMPREPLY=(); return; fi ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _signpost signpost
`;
}

/** What may follow each run of words: the next words of commands, or the options of one. */
function groupWords(specs: readonly CommandSpec[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  const add = (before: string, word: string) => {
    const words = groups.get(before) ?? [];
    if (!words.includes(word)) groups.set(before, [...words, word]);
  };
  for (const { words } of specs) {
    const parts = words.split(' ');
    for (const [index, part] of parts.entries()) add(parts.slice(0, index).join(' '), part);
  }
  for (const spec of specs) for (const option of longOptions(spec)) add(spec.words, option);
  return groups;
}

function longOptions(spec: CommandSpec): string[] {
  return [...(spec.options ?? []), ...globalOptions].flatMap(({ flags }) => /--[a-z-]+/.exec(flags)?.[0] ?? []);
}

function formatFish(specs: readonly CommandSpec[]): string {
  const lines = specs.flatMap((spec) => {
    const parts = spec.words.split(' ');
    const summary = spec.summary.replaceAll("'", "\\'");
    const last = parts.at(-1) ?? '';
    const seen = parts.slice(0, -1).map((part) => `__fish_seen_subcommand_from ${part}`);
    const condition = seen.length > 0 ? seen.join('; and ') : '__fish_use_subcommand';
    const inside = parts.map((part) => `__fish_seen_subcommand_from ${part}`).join('; and ');
    return [
      `complete -c signpost -n '${condition}' -a '${last}' -d '${summary}'`,
      ...(spec.options ?? []).flatMap(({ flags, text }) => {
        const name = /--([a-z-]+)/.exec(flags)?.[1];
        return name ? [`complete -c signpost -n '${inside}' -l ${name} -d '${text.replaceAll("'", "\\'")}'`] : [];
      }),
    ];
  });
  const nouns = [...new Set(specs.flatMap(({ words }) => (words.includes(' ') ? [words.split(' ')[0] ?? ''] : [])))];
  return [...nouns.map((noun) => `complete -c signpost -n '__fish_use_subcommand' -a '${noun}'`), ...lines, ''].join(
    '\n',
  );
}
