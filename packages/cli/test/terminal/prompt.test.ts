/** Questions at a real terminal: what is typed in secret is not shown, and the terminal is left as it was found. */
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { createWorkplace } from '../support/run.ts';
import { startServer } from '../support/server.ts';
import { keys, openTerminal, type Terminal } from '../support/terminal.ts';

const secret = 'quagmire zebra lantern';
const skip = process.platform === 'linux' ? false : 'script(1) of util-linux opens the terminal';

/** Echo, lines and signals as before, and a cursor that can be seen. */
async function assertSane(terminal: Terminal, expectedCode: number): Promise<void> {
  const { code, settings } = await terminal.end();
  assert.equal(code, expectedCode, terminal.shown());
  for (const setting of ['echo', 'icanon', 'isig', 'opost']) assert.match(settings, new RegExp(`[ \n]${setting}\\b`));
  const cursor = [...terminal.shown().matchAll(/\u001b\[\?25([hl])/g)].at(-1)?.[1];
  assert.notEqual(cursor, 'l', 'the cursor is shown again');
}

suite('at a terminal', { skip }, () => {
  test('root init asks for its passphrase twice and shows it never', async (t) => {
    const cwd = await createWorkplace(t);
    const terminal = openTerminal(t, ['root', 'init', '--dir', 'root'], { cwd });
    await terminal.answer(/[Pp]assphrase/, `${secret}${keys.enter}`);
    await terminal.answer(/once more/, `${secret}${keys.enter}`);
    await assertSane(terminal, 0);
    assert.equal(/quagmire|zebra|lantern/.test(terminal.shown()), false);
    assert.deepEqual((await readdir(join(cwd, 'root', 'keys'))).length, 1);
  });

  test('two entries that differ make no root', async (t) => {
    const cwd = await createWorkplace(t);
    const terminal = openTerminal(t, ['root', 'init', '--dir', 'root'], { cwd });
    await terminal.answer(/[Pp]assphrase/, `${secret}${keys.enter}`);
    await terminal.answer(/once more/, `${secret}!${keys.enter}`);
    await assertSane(terminal, 1);
    assert.match(terminal.shown(), /the two entries differ/);
  });

  test('Ctrl-C at a secret changes nothing and leaves the terminal as it was', async (t) => {
    const cwd = await createWorkplace(t);
    const terminal = openTerminal(t, ['root', 'init', '--dir', 'root'], { cwd });
    await terminal.answer(/[Pp]assphrase/, `qua${keys.ctrlC}`);
    await assertSane(terminal, 1);
    assert.match(terminal.shown(), /cancelled, nothing was changed/);
    assert.equal((await readdir(cwd)).includes('root'), false);
  });

  test('login asks for address and password, and the password is not shown', async (t) => {
    const { cwd, base } = await startServer(t);
    const terminal = openTerminal(t, ['login', '--server', base], { cwd });
    await terminal.answer(/E-mail address/, `alice@example.org${keys.enter}`);
    await terminal.answer(/Password/, `an admin password${keys.enter}`);
    await assertSane(terminal, 0);
    assert.match(terminal.shown(), /Logged in to/);
    assert.equal(terminal.shown().includes('an admin'), false);
  });
});
