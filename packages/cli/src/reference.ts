/** docs/command.md, made from the table of commands: `signpost help --markdown`. */
import type { Command } from 'commander';
import type { CommandSpec } from './command.ts';
import { createProgram, formatExamples } from './program.ts';
import { type ExitReason, exitCodes, exitCodeTexts } from './terminal/failure.ts';

/** The exit codes, a line each. */
export function describeExitCodes(): string[] {
  return (Object.entries(exitCodes) as [ExitReason, number][]).map(
    ([reason, code]) => `${code}  ${exitCodeTexts[reason]}`,
  );
}

/** The whole reference in Markdown. */
export function formatReference(specs: readonly CommandSpec[], version: string): string {
  const program = createProgram(specs, {
    version,
    execute: async () => undefined,
    write: { out: () => undefined, err: () => undefined },
  });
  return [introduction, ...formatGlobal(program), ...specs.map((spec) => formatCommand(program, spec))].join('\n');
}

/** The help of the command with these words, without the options that all commands share. */
export function formatHelp(program: Command, spec: CommandSpec): string {
  const command = spec.words
    .split(' ')
    .reduce<Command | undefined>(
      (above, word) => above?.commands.find((candidate) => candidate.name() === word),
      program,
    );
  if (!command) throw new TypeError(`expected command ${spec.words}`);
  command.configureHelp({ showGlobalOptions: false, helpWidth: 100 });
  return `${command.helpInformation().trimEnd()}\n${formatExamples(spec.examples)}`;
}

function formatGlobal(program: Command): string[] {
  program.configureHelp({ visibleCommands: () => [], helpWidth: 100 });
  const codes = describeExitCodes().map((line) => line.replace(/^(\d+) +/, '- `$1` '));
  return [
    '## Options of every command',
    '',
    fence(program.helpInformation().trimEnd()),
    '',
    '## Exit codes',
    '',
    ...codes,
    '',
  ];
}

function formatCommand(program: Command, spec: CommandSpec): string {
  return [`## signpost ${spec.words}`, '', fence(formatHelp(program, spec)), ''].join('\n');
}

function fence(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

const introduction = `# The command

This page is made by \`signpost help --markdown\`; a test holds it to the program.

With \`--json\` a command prints one JSON document on stdout and nothing else there: what it found, or
\`{"error": {"message", "hint", "code", "exit_code"}}\`. Questions, warnings and what is to be signed go to stderr.
Progress is shown when stderr is a terminal. Every refusal says what was expected and gives a hint what to type instead.

Secrets come from a question at the terminal, from \`--…-file PATH\` (its first line) or from \`--…-fd N\`; never from
arguments or the environment. The one exception is \`SIGNPOST_API_KEY\`, for continuous integration. \`SIGNPOST_SERVER\` names
the server. API keys of \`signpost login\` and what clients have seen are kept in \`$XDG_CONFIG_HOME/signpost\`
(\`~/.config/signpost\`, on Windows \`%APPDATA%\\signpost\`), readable by the owner only.

## Key files

\`signpost root init\`, \`root rotate\` and \`key new-maintainer\` write a key file of format \`signpost-key-1\`: JSON with the public
key in the clear and the 32-byte Ed25519 seed under a passphrase. Argon2id (3 passes, 64 MiB, 4 lanes; RFC 9106) over the
passphrase in NFC makes the key of AES-256-GCM; the associated data is the canonical JSON of everything else in the file,
so that no word of it can be changed unnoticed. Passphrases have at least 12 characters. Files are written to a temporary
name, synced and renamed; mode 0600.

## The root folder

\`draft.json\` is what the next trust list will say, \`keys/\` holds this holder's locked keys, \`lists/N.json\` every list signed
or imported here. Which list is in force follows from the lists, verified each time; a version number is never used twice.
Several holders: one signs, the others \`root import\` the file and \`root sign\` the same bytes, or \`root combine\` puts copies
together.

## The folder of an offline certificate authority

\`key.json\` is a key file of format \`signpost-ca-key-1\`: locked as above, with a PKCS#8 key of any type in it. \`root.pem\` is the
only file that leaves; \`issued/<serial>.pem\` holds what the root signed, \`crl/<number>.crl\` its revocation lists, each signed and
verified again whenever the folder is opened. Which certificates are revoked follows from the newest list.
`;
