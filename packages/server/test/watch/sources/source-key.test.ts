/** Sources have one name, however they are written; what is malformed has none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatSourceReference, parseSourceReference } from '../../../src/watch/sources/source-key.ts';

const hex = 'a'.repeat(64);

/** Each name, and other ways to write it. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  'oci:docker.io/library/postgres': [
    'postgres',
    'postgres:16',
    'library/postgres:16',
    'docker.io/postgres',
    'docker.io/library/postgres:16',
    'index.docker.io/library/postgres',
    'registry-1.docker.io/library/postgres',
    `${'registry'}.hub.docker.com/library/postgres`,
    'DOCKER.IO/postgres',
    'docker.io.:443/library/postgres',
    'docker://postgres:16',
    'oci://docker.io/library/postgres',
    `oci:postgres:16@sha256:${hex}`,
  ],
  'oci:ghcr.io/org/app': [
    'GHCR.IO/org/app:1',
    'ghcr.io./org/app:1',
    'ghcr.io:443/org/app',
    'ghcr.io.:443/org/app',
    `ghcr.io/org/app@sha256:${hex}`,
  ],
  // An image of that name, and no scheme.
  'oci:docker.io/library/docker': ['docker:24-dind', 'docker'],
  // Another service than that of port 443.
  'oci:ghcr.io:80/org/app': ['ghcr.io:80/org/app', 'ghcr.io:080/org/app'],
  'oci:ghcr.io:5000/org/app': ['ghcr.io:5000/org/app:2'],
  'oci:localhost/x': ['localhost/x', 'LOCALHOST/x', 'localhost:80/x:1'],
  'oci:localhost:443/x': ['localhost:443/x'],
  'oci:localhost:5000/team/svc': ['localhost:5000/team/svc:v2'],
  'oci:[::1]:5000/x': ['[::1]:5000/x', '[0:0:0:0:0:0:0:1]:5000/x'],
  'oci:[2001:db8::1]/x': ['[2001:DB8::1]:443/x'],
  'oci:xn--bcher-kva.example/x': ['bücher.example/x', 'BÜCHER.example/x'],
  'npm:lodash': ['npm:lodash', 'npm:lodash@4.17.21', 'npm:lodash@latest'],
  'npm:@scope/name': ['npm:@scope/name', 'npm:@Scope/Name@1.0.0'],
  'npm:JSONStream': ['npm:JSONStream@1.3.5'],
  'signpost:dl.example.org/rocket': ['signpost:dl.example.org/rocket', 'signpost:https://DL.example.org:443/rocket'],
  'signpost:dl.example.org/o/acme/rocket': ['signpost://dl.example.org./o/acme/rocket'],
  'feed:https://example.org/releases.xml?a=1': ['feed:HTTPS://Example.org:443/x/../releases.xml?a=1'],
  'feed:http://127.0.0.1:8080/f': ['feed:http://127.1:8080/f'],
  'git:github.com/org/app': [
    'git:github.com/Org/App',
    'git:https://github.com/org/app.git',
    'git:git@github.com:org/app.git@v1.0.0',
    'git:ssh://git@github.com:22/org/app/',
    'git:git+https://github.com/org/app',
    'git:github.com/org/app.GIT.git',
  ],
  'git:git.example.org/Group/Sub/App': ['git:git.example.org/Group/Sub/App.git@release/1'],
};

test('all ways to write a source lead to its one key', () => {
  for (const [key, texts] of Object.entries(aliases)) {
    for (const text of [key, ...texts]) assert.equal(parseSourceReference(text).key, key, text);
  }
});

test('a tag, version or digest is told apart from the source', () => {
  const pick = (text: string) => {
    const { label, digest } = parseSourceReference(text);
    return [label, digest];
  };
  assert.deepEqual(pick(`ghcr.io:5000/org/app:1@sha256:${hex}`), ['1', `sha256:${hex}`]);
  assert.deepEqual(pick('localhost:5000/svc'), [undefined, undefined]);
  assert.deepEqual(pick('npm:@scope/name@1.0.0-rc.1'), ['1.0.0-rc.1', undefined]);
  assert.deepEqual(pick('git:github.com/org/app@v1'), ['v1', undefined]);
});

test('what is malformed is refused, and never a key of its own', () => {
  for (const text of [
    '',
    'ghcr.io/',
    'ghcr.io/Org/app',
    'Org/app',
    'ghcr.io/org//app',
    'ghcr.io/../app',
    'ghcr.io/org/app:',
    'ghcr.io/org/app:-x',
    'ghcr.io/org/app@sha256:abc',
    `ghcr.io/org/app@sha256:${hex}@sha256:${hex}`,
    `ghcr.io/org/app@sha512:${hex}`,
    'ghcr.io:0/x',
    'ghcr.io:99999/x',
    'user:secret@ghcr.io/x',
    'ghcr.io./../x',
    '[::1/x',
    `a/${'b'.repeat(300)}`,
    'postgres ',
    'post\u0000gres',
    'npm:',
    'npm:@scope',
    'npm:@scope/a/b',
    'npm:../x',
    'npm:a@',
    `npm:${'a'.repeat(215)}`,
    'signpost:dl.example.org',
    'signpost:dl.example.org/ROCKET',
    'signpost:http://dl.example.org/rocket',
    'signpost:dl.example.org/p/acme/rocket',
    'signpost:dl.example.org/o/acme',
    'signpost:dl.example.org/o/acme/rocket/..',
    'feed:example.org/f',
    'feed:http://example.org/f',
    'feed:https://user:secret@example.org/f',
    'feed:https://example.org/f#x',
    'feed:file:///etc/passwd',
    'git:github.com/org',
    'git:github.com/org/../app',
    'git:github.com/-x/app',
    'git:github.com/org/app@a..b',
    `git:${'a/'.repeat(600)}b`,
  ]) {
    assert.throws(() => parseSourceReference(text), { code: 'invalid', rule: 'source-reference' }, text);
  }
});

const name = fc.stringMatching(/^[a-z0-9]{1,8}(?:[._-][a-z0-9]{1,4}){0,2}$/);
const host = fc.oneof(
  fc.constantFrom('docker.io', 'ghcr.io', 'localhost', '[::1]', '127.0.0.1', 'Images.Example.ORG', 'index.docker.io.'),
  fc.domain(),
);
const port = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 1, max: 65_535 }).map((value) => `:${value}`),
);
const text = fc.oneof(
  fc
    .tuple(host, port, fc.array(name, { minLength: 1, maxLength: 3 }), fc.option(name), fc.boolean())
    .map(([at, to, path, tag, hasDigest]) => {
      const ends = `${tag === null ? '' : `:${tag}`}${hasDigest ? `@sha256:${hex}` : ''}`;
      return `${at}${to}/${path.join('/')}${ends}`;
    }),
  fc
    .tuple(name, name, fc.option(name))
    .map(([scope, bare, version]) => `npm:@${scope}/${bare}${version ? `@${version}` : ''}`),
  fc.webUrl({ withQueryParameters: true, validSchemes: ['https'] }).map((url) => `feed:${url}`),
  fc
    .tuple(host, name, name, fc.constantFrom('', '.git', '.git.git', '.GIT', '/'))
    .map(([at, owner, repository, end]) => `git:${at}/${owner}/${repository}${end}`),
  fc
    .tuple(host, fc.array(fc.oneof(name, fc.constantFrom('o', '..', '')), { maxLength: 5 }))
    .map(([at, path]) => `signpost:${[at, ...path].join('/')}`),
  fc.string(),
);

test('the one form of a reference is read as what it was made from', () => {
  fc.assert(
    fc.property(text, (given) => {
      let parsed: ReturnType<typeof parseSourceReference>;
      try {
        parsed = parseSourceReference(given);
      } catch (error) {
        assert.equal(Object(error).rule, 'source-reference', String(error));
        return;
      }
      const formatted = formatSourceReference(parsed);
      assert.deepEqual(parseSourceReference(formatted), parsed);
      assert.equal(formatSourceReference(parseSourceReference(formatted)), formatted);
    }),
    { numRuns: 3000 },
  );
});
