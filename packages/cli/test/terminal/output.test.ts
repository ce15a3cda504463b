import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { answerTable } from '../../src/commands/answers.ts';
import { Output } from '../../src/terminal/output.ts';
import { createProgress, formatBar } from '../../src/terminal/progress.ts';
import { formatPairs, formatSize, formatTable } from '../../src/terminal/table.ts';

function createOutput(given: { json?: boolean; quiet?: boolean } = {}) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = new Output({ stdout, stderr, json: given.json ?? false, quiet: given.quiet ?? false });
  const read = (stream: PassThrough) => String(stream.read() ?? '');
  return { output, read: () => ({ stdout: read(stdout), stderr: read(stderr) }) };
}

test('text from elsewhere cannot drive the terminal', () => {
  const { output, read } = createOutput();
  output.answer({ document: null, lines: ['a\u001b[2Jb\u202ec\u0007\rd\u009b'] });
  assert.equal(read().stdout, 'a\ufffd[2Jb\ufffdc\ufffd\ufffdd\ufffd\n');
});

test('with --json the document is all there is, and failures are documents too', () => {
  const { output, read } = createOutput({ json: true });
  output.note('a remark');
  output.say('a line');
  output.answer({ document: { a: 1 }, lines: ['x'] });
  assert.deepEqual(read(), { stdout: '{"a":1}\n', stderr: '' });
  output.fail({ message: 'no', hint: 'yes', code: 'c', exit_code: 1 });
  assert.deepEqual(JSON.parse(read().stdout), { error: { message: 'no', hint: 'yes', code: 'c', exit_code: 1 } });
});

test('quiet keeps warnings, failures and what belongs to a question', () => {
  const { output, read } = createOutput({ quiet: true });
  output.note('a remark');
  output.answer({ document: {}, lines: ['x'] });
  assert.deepEqual(read(), { stdout: '', stderr: '' });
  output.show(['to be signed']);
  output.warn('careful');
  output.fail({ message: 'no', hint: 'type this', exit_code: 1 });
  assert.equal(read().stderr, 'to be signed\nwarning: careful\nerror: no\nhint: type this\n');
});

test('tables line up and say when they are empty', () => {
  assert.deepEqual(
    formatTable(
      ['id', 'name'],
      [
        ['1', 'a'],
        ['22', 'b'],
      ],
    ),
    ['ID  NAME', '1   a', '22  b'],
  );
  assert.deepEqual(formatTable(['id'], []), ['(none)']);
  assert.deepEqual(
    formatPairs([
      ['a', '1'],
      ['long', '2'],
      ['gone', undefined],
    ]),
    ['a     1', 'long  2'],
  );
  assert.deepEqual([0, 1023, 1024, 1536, 2 ** 31].map(formatSize), [
    '0 bytes',
    '1023 bytes',
    '1.0 KiB',
    '1.5 KiB',
    '2.0 GiB',
  ]);
});

test('progress is silent unless it is wanted, and wipes its line', () => {
  const stderr = new PassThrough();
  const hidden = createProgress(stderr, false, () => 0);
  hidden.update('up', 1, 2);
  hidden.finish();
  assert.equal(stderr.read(), null);
  const shown = createProgress(stderr, true, () => 0);
  shown.update('up', 1, 2);
  shown.finish();
  assert.match(String(stderr.read()), /up \[#{12}-{12}\] {2}50 % {2}1 bytes of 2 bytes\r.\[2K$/);
  assert.equal(formatBar(0, 0, 'steps'), `[${'#'.repeat(24)}] 100 %`);
});

test('a name with a line break in it makes no row of its own', () => {
  const keys = [{ id: 'a', name: 'ci\nb  forged' }];
  const { lines } = answerTable({ keys }, 'keys', ['id', 'name']);
  assert.deepEqual(lines, ['ID  NAME', 'a   ci\ufffdb  forged']);
});
