/** Commands as pages show them: each must be a command line that the program takes, with the values that stand in it there. */
import { execFileSync } from 'node:child_process';
import type { Page } from 'playwright-core';
import { loadAllCommands } from '../../packages/cli/src/commands.ts';
import { createProgram } from '../../packages/cli/src/program.ts';

const commands = await loadAllCommands();
const silent = { out: () => undefined, err: () => undefined };

/** What the program says to the command lines of a page that it does not take. */
export async function findRefusedCommands(page: Page): Promise<string[]> {
  const texts = await page.locator('figure:has(.shell) pre').allTextContents();
  const lines = texts.flatMap((text) => text.replaceAll(/\s*\\\n\s*/g, ' ').split('\n'));
  const refused: string[] = [];
  for (const line of lines.filter((each) => each.startsWith('signpost '))) {
    const message = await refusalOf(line);
    if (message !== undefined) refused.push(`${line}: ${message}`);
  }
  return refused;
}

/** Undefined for a line that is taken. */
async function refusalOf(line: string): Promise<string | undefined> {
  const program = createProgram(commands, { version: '0', execute: async () => undefined, write: silent });
  try {
    await program.parseAsync(wordsOf(line), { from: 'user' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The words that a shell makes of it; what comes after a redirection is the shell's own. */
function wordsOf(line: string): readonly string[] {
  const command = line.replace(/ > \S+$/, '');
  const shell = `set -f; signpost() { printf '%s\\0' "$@"; }; ${command}`;
  return execFileSync('/bin/sh', ['-c', shell], { encoding: 'utf8' }).split('\0').slice(0, -1);
}
