/** A hint that names a command of ours names one that there is. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadAllCommands } from '../packages/cli/src/commands.ts';

const top = join(import.meta.dirname, '..');
/** `signpost` and the words after it, up to what is no word of a command. */
const command = /\bsignpost ((?:[a-z][a-z0-9-]*)(?: [a-z][a-z0-9-]*)*)/g;

test('every command that a hint names exists', async () => {
  const known = new Set((await loadAllCommands()).map(({ words }) => words));
  const unknown: string[] = [];
  let seen = 0;
  for (const path of globSync('packages/*/src/**/*.ts', { cwd: top })) {
    for (const [, hint = ''] of readFileSync(join(top, path), 'utf8').matchAll(
      /\bhint: *(?:\w+ *\? *)?(['"`][^\n]*)/g,
    )) {
      for (const [, words = ''] of hint.matchAll(command)) {
        seen += 1;
        if (!isCommand(words.split(' '), known)) unknown.push(`${path}: signpost ${words}`);
      }
    }
  }
  assert.ok(seen > 100, `expected hints, got ${seen}`);
  assert.deepEqual(unknown, []);
});

/** Whether the first words are a command, or the name of a group that `--help` explains. */
function isCommand(words: readonly string[], known: ReadonlySet<string>): boolean {
  return words.some((_word, index) => {
    const start = words.slice(0, index + 1).join(' ');
    return known.has(start) || (index === words.length - 1 && [...known].some((name) => name.startsWith(`${start} `)));
  });
}
