import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PreparedAnswer, PreparedAnswers } from '../../src/http/prepared.ts';

function answer(organisationId: string, wish: Partial<PreparedAnswer> = {}): PreparedAnswer {
  return {
    organisationId,
    route: 'GET /x',
    headers: [],
    etag: '"x"',
    body: Buffer.alloc(10),
    validUntil: 1000,
    ...wish,
  };
}

function keep(answers: PreparedAnswers, [host, target]: [string, string], kept: PreparedAnswer): void {
  answers.keep({ host, target, generation: answers.generation }, kept);
}

test('an answer is found at its host and target only, until it ends', () => {
  let now = 0;
  const answers = new PreparedAnswers(() => now);
  const kept = answer('a');
  keep(answers, ['one.example', '/x'], kept);
  assert.equal(answers.find('one.example', '/x'), kept);
  for (const [host, target] of [
    ['two.example', '/x'],
    ['one.example', '/x?'],
    ['one.example', '/X'],
    ['', 'one.example /x'],
  ] as const)
    assert.equal(answers.find(host, target), undefined);
  now = 999;
  assert.equal(answers.find('one.example', '/x'), kept);
  now = 1000;
  assert.equal(answers.find('one.example', '/x'), undefined);
});

test('an answer computed before something was forgotten is not kept', () => {
  const answers = new PreparedAnswers(() => 0);
  const { generation } = answers;
  answers.forget('another');
  answers.keep({ host: 'h', target: '/x', generation }, answer('a'));
  assert.equal(answers.find('h', '/x'), undefined);
  const later = answers.generation;
  answers.forgetAll();
  answers.keep({ host: 'h', target: '/x', generation: later }, answer('a'));
  assert.equal(answers.find('h', '/x'), undefined);
});

test('forgetting one organisation leaves the others', () => {
  const answers = new PreparedAnswers(() => 0);
  keep(answers, ['h', '/a'], answer('a'));
  keep(answers, ['h', '/b'], answer('b'));
  answers.forget('a');
  assert.deepEqual([answers.find('h', '/a'), answers.find('h', '/b')?.organisationId], [undefined, 'b']);
});

test('neither many names nor large answers fill the memory; the newest stay', () => {
  const answers = new PreparedAnswers(() => 0);
  for (let index = 0; index < 5000; index++) keep(answers, [`h${index}`, '/x'], answer('a'));
  assert.equal(countFound(answers, 5000), 2000);
  assert.ok(answers.find('h4999', '/x'));
  // A body of its own each, that takes none of the memory that it talks about.
  const large = () => answer('a', { body: { length: 1024 * 1024 } as Uint8Array });
  for (let index = 0; index < 200; index++) keep(answers, [`h${index}`, '/x'], large());
  assert.ok(countFound(answers, 200) <= 64);
  assert.ok(answers.find('h199', '/x'));
  keep(answers, ['huge', '/x'], answer('a', { body: Buffer.alloc(65 * 1024 * 1024) }));
  assert.equal(answers.find('huge', '/x'), undefined);
  assert.ok(answers.find('h199', '/x'), 'what does not fit drives nothing out');
});

test('whatever is kept and forgotten, the bytes never go beyond the bound and none are lost count of', () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant('keep' as const), name: fc.nat(9), mib: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ act: fc.constant('forget' as const), name: fc.nat(2), mib: fc.constant(0) }),
    fc.record({ act: fc.constant('forgetAll' as const), name: fc.constant(0), mib: fc.constant(0) }),
  );
  // A view that says how long it is, so that the test needs none of the memory that it talks about.
  const bodyOf = (mib: number) => ({ length: mib * 1024 * 1024 }) as Uint8Array;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const answers = new PreparedAnswers(() => 0);
      for (const { act, name, mib } of steps) {
        if (act === 'keep') keep(answers, [`h${name}`, '/x'], answer(String(name % 3), { body: bodyOf(mib) }));
        else if (act === 'forget') answers.forget(String(name));
        else answers.forgetAll();
        const found = Array.from({ length: 10 }, (_, index) => answers.find(`h${index}`, '/x')?.body.length ?? 0);
        assert.ok(found.reduce((sum, length) => sum + length, 0) <= 64 * 1024 * 1024);
        if (act === 'keep') assert.equal(answers.find(`h${name}`, '/x')?.body.length, mib * 1024 * 1024);
      }
    }),
  );
});

function countFound(answers: PreparedAnswers, hosts: number): number {
  return Array.from({ length: hosts }, (_, index) => answers.find(`h${index}`, '/x')).filter(Boolean).length;
}

test('a body that many places share counts once, is kept at few of them, and is let go with the last', () => {
  const answers = new PreparedAnswers(() => 0, { answers: 100, bytes: 25 });
  const shared = answer('a', { body: Buffer.alloc(20) });
  for (let index = 0; index < 100; index++) keep(answers, [`host-${index}`, '/x'], shared);
  const held = Array.from({ length: 100 }, (_, index) => answers.find(`host-${index}`, '/x')).filter(Boolean);
  assert.equal(held.length, 8, 'hosts are the choice of whoever asks');
  keep(answers, ['h', '/other'], answer('b', { body: Buffer.alloc(5) }));
  assert.ok(answers.find('h', '/other') && answers.find('host-0', '/x'), 'together they are within the limit');
  keep(answers, ['h', '/more'], answer('b', { body: Buffer.alloc(10) }));
  assert.equal(answers.find('host-7', '/x'), undefined, 'the oldest went first, all places of the shared body');
  assert.ok(answers.find('h', '/other') && answers.find('h', '/more'));
  answers.forget('b');
  keep(answers, ['h', '/x'], shared);
  keep(answers, ['h', '/y'], answer('b', { body: Buffer.alloc(5) }));
  assert.ok(answers.find('h', '/x') && answers.find('h', '/y'), 'nothing is counted that is not held');
});
