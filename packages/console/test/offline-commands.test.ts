/** What is typed on the offline machine does what it says, whatever a server calls its keys. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { quoteFile } from '@signpost/protocol/bytes/shell-word';
import { pinOptions } from '../src/app/pin-options.ts';
import { listCommands, revokeCommands } from '../src/app/root-commands.ts';
import { writeProof } from '../src/areas/system/backup-commands.ts';
import { writeSelftest } from '../src/areas/watch/selftest-command.ts';

const keyOf = (byte: number) => encodeBase64(new Uint8Array(32).fill(byte));
const key = { pubkey_b64: keyOf(1), label: 'server', scope: '*' };

/** The words that a shell makes of the first command. */
function wordsOf(commands: string): readonly string[] {
  const shell = `signpost() { printf '%s\\n' "$@"; }; ${commands.split('\n')[0]}`;
  return execFileSync('/bin/sh', ['-c', shell], { encoding: 'utf8' }).split('\n');
}

test('a label is one word for a shell, and cannot end a paste into a terminal', () => {
  const label = "it's\u001b[201~\u0003\ntouch x; $(id) `id`";
  const commands = listCommands({ ...key, label }, [keyOf(2)]);
  assert.doesNotMatch(commands, /[^\P{Cc}\n]/u);
  assert.equal(commands.split('\n').length, 2, 'the label adds no line');
  const words = wordsOf(commands);
  assert.equal(words[words.indexOf('--label') + 1], "it's [201~  touch x; $(id) `id`");
  assert.equal(words[words.indexOf('--scope') + 1], '*');
  assert.equal(words[words.indexOf('--push-key') + 1], keyOf(2));
});

test('what a server calls a key is written only where it is one', () => {
  const spoken = `${keyOf(1)}; touch x`;
  for (const pubkey of [spoken, '$(touch x)', 'AAAA', '']) {
    assert.throws(() => listCommands({ ...key, pubkey_b64: pubkey }, []), { code: 'malformed' });
    assert.throws(() => listCommands(key, [pubkey]), { code: 'malformed' });
  }
  assert.ok(wordsOf(revokeCommands({ key_id: '$(id)' })).includes('$(id)'));
  const roots = [{ key_id: '1', pubkey_b64: spoken }];
  assert.equal(pinOptions({ roots, threshold: 1 }), `--root '${spoken}'`);
});

test('a file is one word for a shell, and no option of the command', () => {
  assert.equal(quoteFile('app-1.0.0+b_2.zip'), 'app-1.0.0+b_2.zip');
  for (const name of ['a b.zip', "it's.zip", '$(id).zip', '-rf', '*', '~', 'a;b', 'ä.zip']) {
    const words = execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${quoteFile(name)}`], { encoding: 'utf8' });
    assert.equal(words, `${name.startsWith('-') ? './' : ''}${name}\n`);
  }
});

test('the newest backup is the one to be proved, by the key file where the settings name keys, and whatever it is called', () => {
  const backups = ['2026-01-01', '2026-01-03', '2026-01-02'].map((day) => ({
    ...{ name: `-it's ${day}.zip.age`, stored_at: `${day}T02:41:00Z`, size_bytes: 1, encrypted: true },
  }));
  const schedule = { nightly: true, recipients: ['age1x'], keep_days: 30 };
  assert.deepEqual(wordsOf(writeProof('drill', { backups, schedule })), [
    ...['backup', 'drill', "./-it's 2026-01-03.zip.age", '--identity', 'signpost-backup-key.txt', ''],
  ]);
  const asked = writeProof('verify', { backups: [], schedule: { ...schedule, recipients: [] } });
  assert.equal(asked, 'signpost backup verify signpost-backup-2026-01-31.zip.age');
});

test('the repository of a self-test is one word, and without one the command serves its own', () => {
  const words = wordsOf(writeSelftest('$(id)/x y', 'https://s.example/o/a'));
  assert.equal(words[words.indexOf('--registry') + 1], '$(id)/x y');
  assert.equal(words[words.indexOf('--server') + 1], 'https://s.example/o/a');
  assert.equal(writeSelftest('', 'https://s.example'), 'signpost watch selftest --server https://s.example');
});
