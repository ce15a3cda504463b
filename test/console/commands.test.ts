/** What the command can do, the console can: each command is asked for by a page, done on one, or explained on one ready to be copied. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadAllCommands } from '../../packages/cli/src/commands.ts';
import { aside, asked, done } from './commands.ts';
import { isAsked } from './forged.ts';

const source = join(import.meta.dirname, '../../packages/console/src');
/** A command as a page names it: `signpost` and the words after it, up to what is no word of a command. */
const named = /(?<=["'`„“>])signpost ((?:[a-z][a-z0-9-]*)(?: [a-z][a-z0-9-]*)*)(?=["'`”“ \\$<.]|$)/gm;
/** Names under which the browser keeps something. */
const kept = /storageKey|rootsKey|keyOf|const key = |`signpost uploads/;
const known = new Set((await loadAllCommands()).map(({ words }) => words));

test('each command has its place in the console', () => {
  const explained = listNamed();
  const missing = [...known].filter((words) => !(words in asked) && !(words in done) && !explained.has(words));
  assert.deepEqual(missing.toSorted(), aside.toSorted());
});

test('what stands in for a command is in the console', () => {
  assert.deepEqual(
    [...Object.keys(asked), ...Object.keys(done), ...aside].filter((words) => !known.has(words)),
    [],
  );
  assert.deepEqual(
    Object.values(asked).filter((operation) => !isAsked(operation)),
    [],
  );
  assert.deepEqual(
    Object.values(done).filter((file) => !existsSync(join(source, file))),
    [],
  );
});

/** The commands that pages name. */
function listNamed(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of globSync('**/*.{svelte,ts}', { cwd: source })) {
    for (const line of readFileSync(join(source, file), 'utf8').split('\n')) {
      if (kept.test(line)) continue;
      for (const [, words = ''] of line.matchAll(named)) {
        const command = findCommand(words.split(' '));
        assert.ok(command, `${file} names "signpost ${words}", which is no command`);
        found.add(command);
      }
    }
  }
  return found;
}

/** The longest command that the first of the words are. */
function findCommand(words: readonly string[]): string | undefined {
  return words.map((_word, index) => words.slice(0, words.length - index).join(' ')).find((start) => known.has(start));
}
