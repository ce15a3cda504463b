import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertPassword, Passwords } from '../../src/accounts/passwords.ts';
import { Refusal } from '../../src/errors.ts';
import { createQuickPasswords } from './quick-passwords.ts';

test('a password is hashed by Argon2id into a PHC string, with a salt of its own', async () => {
  const passwords = new Passwords();
  const [first, second] = [await passwords.hash('twelve chars'), await passwords.hash('twelve chars')];
  assert.match(first, /^\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert.notEqual(first, second);
  assert.equal(await passwords.verify('twelve chars', first), true);
  assert.equal(await passwords.verify('Twelve chars', first), false);
});

test('a password is the same in whichever way its letters are composed', async () => {
  const passwords = new Passwords();
  const hash = await passwords.hash('Zw\u00f6lf B\u00e4ume hier');
  assert.equal(await passwords.verify('Zwo\u0308lf Ba\u0308ume hier', hash), true);
});

test('without a hash, and for an endless password, the answer is no after the same work', async () => {
  const passwords = new Passwords();
  // The derivation itself is the evidence: with both places taken, these wait for one.
  assert.equal(await passwords.verify('twelve chars', undefined), false);
  assert.equal(await passwords.verify('x'.repeat(5000), await passwords.hash('twelve chars')), false);
});

test('a password has 12 to 1024 characters, counted as people count them', () => {
  for (const refused of ['', 'eleven char', '🔑'.repeat(11), 'x'.repeat(1025)]) {
    assert.throws(() => assertPassword(refused), Refusal);
  }
  for (const taken of ['twelve chars', '🔑'.repeat(12), 'x'.repeat(1024)]) assertPassword(taken);
});

test('a flood is refused rather than queued without end', async () => {
  const passwords = createQuickPasswords();
  const answers = await Promise.allSettled(
    Array.from({ length: 40 }, () => passwords.verify('x'.repeat(5000), undefined)),
  );
  const refused = answers.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 6);
});
