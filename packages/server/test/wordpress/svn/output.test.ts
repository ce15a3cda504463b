/** What svn prints, read strictly, and its errors, told by their numbers. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { explainFailure, SvnFailure } from '../../../src/wordpress/svn/failure.ts';
import { openProxy } from '../../../src/wordpress/svn/http-proxy.ts';
import { findLastChange, parseProperties } from '../../../src/wordpress/svn/repository.ts';
import { parseStatus } from '../../../src/wordpress/svn/working-copy.ts';

test('lines of the status are read, with all that paths may hold', () => {
  const text =
    ' M      trunk\nA       trunk/a@2.txt\nD       trunk/a b.txt\nM       trunk/ä\nR       trunk/>x\nMM      trunk/both\n';
  assert.deepEqual(
    parseStatus(text).map(({ content, properties, path }) => [content, properties, path]),
    [
      [' ', 'M', 'trunk'],
      ['A', ' ', 'trunk/a@2.txt'],
      ['D', ' ', 'trunk/a b.txt'],
      ['M', ' ', 'trunk/ä'],
      ['R', ' ', 'trunk/>x'],
      ['M', 'M', 'trunk/both'],
    ],
  );
  assert.deepEqual(parseStatus(''), []);
});

test('a redirection to SSH starts no program', async (t) => {
  const server = createServer((_, response) => {
    response.writeHead(301, { location: 'svn+ssh://127.0.0.1/repository', 'content-length': 0 }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const scratch = await mkdtemp(join(tmpdir(), 'signpost-svn-'));
  t.after(async () => {
    server.close();
    await rm(scratch, { recursive: true });
  });
  const { port } = server.address() as AddressInfo;
  const login = { username: 'acme', password: 'secret-1' };
  const session = { scratch, login, signal: new AbortController().signal, proxy: undefined };
  const url = `http://127.0.0.1:${port}/repository`;
  await assert.rejects(findLastChange(session, url), /Undefined tunnel scheme 'ssh'/);
  const proxy = await openProxy(url);
  t.after(() => proxy?.close());
  await assert.rejects(findLastChange({ ...session, proxy }, url), /got a redirection to svn\+ssh:/);
});

test('whatever is in no state that could be committed is refused', () => {
  for (const line of [
    '?       x',
    '!       x',
    '~       x',
    'C       x',
    'X       x',
    '      C x',
    '  L     x',
    'A',
    'Performing',
  ]) {
    assert.throws(() => parseStatus(`${line}\n`), SvnFailure, line);
  }
});

test('names of properties are read by path', () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?><properties><target path="trunk/a &amp; b"><property
   name="svn:executable"/><property name="svn:mime-type"/></target><target path="trunk"/></properties>`;
  const properties = parseProperties(xml);
  assert.deepEqual([...(properties.get('trunk/a & b') ?? [])], ['svn:executable', 'svn:mime-type']);
  assert.equal(properties.get('trunk')?.size, 0);
  assert.throws(() => parseProperties('<properties><target'), SvnFailure);
});

test('the numbers of errors say why, the gravest first', () => {
  assert.equal(explainFailure('svn: E165001: Commit failed\nsvn: E160024: Conflict at /trunk'), 'out-of-date');
  assert.equal(explainFailure('svn: E215004: No more credentials'), 'credentials-refused');
  assert.equal(
    explainFailure('svn: E170013: Unable to connect\nsvn: E170001: Password incorrect'),
    'credentials-refused',
  );
  assert.equal(explainFailure('svn: E165001: Commit blocked by pre-commit hook'), 'hook-refused');
  assert.equal(explainFailure('svn: E170013: Unable to connect\nsvn: E000111: refused'), 'unreachable');
  assert.equal(explainFailure('svn: warning: W170000: URL non-existent\nsvn: E200009: not all'), 'not-found');
  assert.equal(explainFailure('svn: E235000: assertion failed'), 'other');
});
