/** `signpost help` and `signpost completion`: what is made from the table of commands. */
import { type CommandSpec, type Invocation, readArgument, readArguments } from '../command.ts';
import { formatCompletion, type Shell, shells } from '../completion.ts';
import { createProgram } from '../program.ts';
import { describeExitCodes, formatHelp, formatReference } from '../reference.ts';
import { Failure } from '../terminal/failure.ts';
import type { Answer } from '../terminal/output.ts';

/** `signpost help` and `signpost completion` over the commands that stand in the table. */
export function createHelpCommands(
  specs: () => Promise<readonly CommandSpec[]>,
  version: string,
): readonly CommandSpec[] {
  return [
    {
      words: 'help',
      arguments: '[topic...]',
      summary: 'Show the help of a command, the exit codes, or the whole reference',
      options: [{ flags: '--markdown', text: 'print docs/command.md' }],
      examples: ['signpost help root sign', 'signpost help exit-codes', 'signpost help --markdown > docs/command.md'],
      run: async (invocation) => answerHelp(invocation, await specs(), version),
    },
    {
      words: 'completion',
      arguments: '<shell>',
      summary: 'Print the completions for bash, zsh or fish',
      examples: [
        'signpost completion bash > ~/.local/share/bash-completion/completions/signpost',
        'signpost completion fish | source',
      ],
      run: async (invocation) => answerCompletion(invocation, await specs()),
    },
  ];
}

function answerHelp(invocation: Invocation, specs: readonly CommandSpec[], version: string): Answer {
  const topic = readArguments(invocation, 0).join(' ');
  if (invocation.options.flag('markdown')) return answerText(formatReference(specs, version));
  if (topic === 'exit-codes') return answerText(describeExitCodes().join('\n'));
  const program = createProgram(specs, { version, execute: async () => undefined, write: silent });
  if (topic === '') return answerText(program.helpInformation().trimEnd());
  const spec = specs.find(({ words }) => words === topic);
  if (spec) return answerText(formatHelp(program, spec));
  const below = specs.filter(({ words }) => words.startsWith(`${topic} `));
  if (below.length > 0) return answerText(below.map(({ words, summary }) => `${words}  ${summary}`).join('\n'));
  throw new Failure('usage', `there is no help on "${topic}"`, { hint: 'signpost help lists the commands' });
}

const silent = { out: () => undefined, err: () => undefined };

function answerText(text: string): Answer {
  return { document: { text }, lines: text.trimEnd().split('\n') };
}

function answerCompletion(invocation: Invocation, specs: readonly CommandSpec[]): Answer {
  const shell = readArgument(invocation, 0);
  if (!isShell(shell)) throw new Failure('usage', `expected one of ${shells.join(', ')}, got "${shell}"`);
  return answerText(formatCompletion(shell, specs));
}

function isShell(text: string): text is Shell {
  return (shells as readonly string[]).includes(text);
}
