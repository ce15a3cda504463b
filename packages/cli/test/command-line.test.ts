import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadAllCommands, loadCommands } from '../src/commands.ts';
import { formatCompletion } from '../src/completion.ts';
import { createProgram } from '../src/program.ts';
import { formatHelp, formatReference } from '../src/reference.ts';
import { version } from '../src/version.ts';
import { run, runProcess } from './support/run.ts';

const commands = await loadAllCommands();
const silent = { out: () => undefined, err: () => undefined };

test('docs/command.md is what the program says about itself', async () => {
  const page = await readFile(fileURLToPath(new URL('../../../docs/command.md', import.meta.url)), 'utf8');
  assert.equal(page, formatReference(commands, version), 'signpost help --markdown > docs/command.md');
});

test('every command has a help with examples that name the command', () => {
  const program = createProgram(commands, { version, execute: async () => undefined, write: silent });
  for (const spec of commands) {
    const help = formatHelp(program, spec);
    assert.match(help, new RegExp(`^Usage: signpost ${spec.words}`));
    assert.ok(help.includes(spec.summary.slice(0, 30)), spec.words);
    for (const example of spec.examples) assert.ok(example.startsWith(`signpost ${spec.words}`), example);
  }
});

test('every example is a command line that the program takes', async () => {
  for (const { examples, words } of commands) {
    for (const example of examples) {
      const taken: string[] = [];
      const execute = async (spec: { words: string }) => {
        taken.push(spec.words);
      };
      const program = createProgram(commands, { version, execute, write: silent });
      await program.parseAsync(splitWords(example), { from: 'user' });
      assert.deepEqual(taken, [words], example);
    }
  }
});

test('the name of a command stands once in the table, and every group has a summary', () => {
  const words = commands.map((spec) => spec.words);
  assert.equal(new Set(words).size, words.length);
  const program = createProgram(commands, { version, execute: async () => undefined, write: silent });
  for (const command of program.commands) assert.notEqual(command.description(), '', command.name());
});

test('what a command needs is loaded by its first word', async () => {
  for (const { words } of commands) {
    const loaded = await loadCommands(words.split(' '));
    assert.ok(
      loaded.some((spec) => spec.words === words),
      words,
    );
  }
  assert.ok((await loadCommands(['ca', 'list'])).length < commands.length / 2);
  const behindOption = await loadCommands(['--org', 'ca', 'status']);
  assert.equal(behindOption.length, commands.length, 'the word behind an option may be its value');
});

test('--help prints the help and ends with 0; a group without a command ends with 2', async () => {
  const help = await run(['root', 'sign', '--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Examples:\n {2}\$ signpost root sign/);
  assert.equal((await run(['root'])).code, 2);
});

test('an unknown command is told what was probably meant', async () => {
  const mistyped = await run(['root', 'sing']);
  assert.equal(mistyped.code, 2);
  assert.match(mistyped.stderr, /unknown command 'sing'\n\(Did you mean sign\?\)\nhint: /);
});

test('with --json a usage failure is one document on stdout and nothing on stderr', async () => {
  const refused = await run(['root', 'add-key', '--nonsense', '--json']);
  assert.equal(refused.code, 2);
  assert.equal(refused.stderr, '');
  const { error } = JSON.parse(refused.stdout);
  assert.deepEqual([error.code, error.exit_code], ['usage', 2]);
});

test('a server that does not answer ends with 3', async () => {
  const refused = await run(['trust', 'pubkey', '--server', 'http://127.0.0.1:1', '--json']);
  assert.equal(refused.code, 3);
  assert.equal(JSON.parse(refused.stdout).error.code, 'unreachable');
});

test('the process ends with the code of its run, and prints what the run printed', async () => {
  const words = ['trust', 'pubkey', '--server', 'http://127.0.0.1:1', '--json'];
  assert.deepEqual(await runProcess(words), await run(words));
  assert.deepEqual(await runProcess(['root', 'sing']), await run(['root', 'sing']));
});

test('help exit-codes names every code', async () => {
  const { stdout } = await run(['help', 'exit-codes']);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ', 1)[0]),
    ['0', '1', '2', '3', '4', '130'],
  );
});

test('no command takes a secret as the value of an option', () => {
  const secret = /passw|passphrase|secret|token/;
  for (const spec of commands) {
    for (const { flags } of spec.options ?? []) {
      if (secret.test(flags)) assert.match(flags, /-(?:file <path>|fd <n>)$/, `${spec.words} ${flags}`);
    }
  }
});

test('the completions name every command and every option', () => {
  const bash = formatCompletion('bash', commands);
  const fish = formatCompletion('fish', commands);
  for (const { words, options } of commands) {
    const last = words.split(' ').at(-1);
    assert.ok(bash.includes(`"${words}")`), words);
    assert.ok(fish.includes(`-a '${last}'`), words);
    for (const { flags } of options ?? []) assert.ok(bash.includes(/--[a-z-]+/.exec(flags)?.[0] ?? flags), flags);
  }
});

/** Splits as a shell does, without what a shell does itself: redirections and pipes. */
function splitWords(line: string): string[] {
  const command = line.replace(/ (?:\||\d?[<>]).*$/, '');
  return (command.match(/"[^"]*"|\S+/g) ?? []).slice(1).map((word) => word.replaceAll('"', ''));
}
