/** A repository has one name, however a builder writes it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nameRepository } from '../../../../src/watch/readers/facts/repository-url.ts';

const spellings = [
  'https://github.com/acme/app',
  'https://github.com/acme/app.git',
  'https://github.com/acme/app/',
  'git+https://github.com/acme/app.git',
  'git+ssh://git@github.com/acme/app.git',
  'ssh://git@github.com/acme/app',
  'git@github.com:acme/app.git',
  'git://github.com/acme/app.git',
  'http://GitHub.com/acme/app',
  'https://user:secret@github.com:443/acme/app.git',
];

for (const spelling of spellings) {
  test(`${spelling} is one repository`, () => {
    const owner = 'https://github.com/acme';
    assert.deepEqual(nameRepository(spelling), { repository: 'https://github.com/acme/app', owner });
  });
}

test('groups belong to the owner, and a repository without one has none', () => {
  assert.equal(nameRepository('https://gitlab.com/group/sub/app').owner, 'https://gitlab.com/group/sub');
  assert.deepEqual(nameRepository('https://example.org/app'), {
    repository: 'https://example.org/app',
    owner: undefined,
  });
});

test('what is no location stays as it is', () => {
  for (const text of ['', 'acme/app', 'file:///srv/app', 'git+']) assert.equal(nameRepository(text).repository, text);
});

test('a name names itself, and never holds what was a password', () => {
  const part = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}$/);
  fc.assert(
    fc.property(part, part, fc.constantFrom('', '.git', '/'), (owner, name, end) => {
      const { repository } = nameRepository(`git+https://user:secret@forge.example/${owner}/${name}${end}`);
      assert.equal(nameRepository(repository).repository, repository);
      assert.ok(!repository.includes('secret'));
    }),
  );
});
