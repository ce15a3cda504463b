/** What of the console can be known without a browser: paths, the client, commands, differences, moments. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { codePoint } from '../../protocol/test/code-points.ts';
import { type Client, createClient } from '../src/api/client.ts';
import { Problem } from '../src/api/problem.ts';
import { chooseHeard } from '../src/app/heard-channels.ts';
import { stateOf } from '../src/app/live-state.ts';
import { fillPath, matchPath, splitPath } from '../src/app/routes.ts';
import { drawQr } from '../src/areas/accounts/qr.ts';
import { formatDistance, formatExact, formatSize } from '../src/language/moments.ts';
import { chooseLevels, chooseTicks, roundUp } from '../src/parts/chart-scale.ts';
import { type DiffPart, diffLines } from '../src/parts/diff-lines.ts';
import { listCommands, searchCommands } from '../src/shell/commands.ts';

test('a path that was filled is matched again with the same values', () => {
  const segment = fc.string({ minLength: 1, unit: codePoint }).filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(segment, segment, (project, version) => {
      const path = fillPath('releases/{project}/{version}', { project, version });
      assert.deepEqual({ ...matchPath('releases/{project}/{version}', path) }, { project, version });
    }),
  );
});

test('paths of the console are split from the organisation before them, and others are none', () => {
  assert.deepEqual(splitPath('/console/'), { base: '', path: '' });
  assert.deepEqual(splitPath('/o/acme/console/releases/x/'), { base: '/o/acme', path: 'releases/x' });
  assert.equal(splitPath('/consoles'), undefined);
  assert.equal(matchPath('releases', 'trust'), undefined);
  assert.equal(matchPath('releases/{project}', 'releases/%zz'), undefined);
});

test('pages go on by ways that nobody is taken who has left them', () => {
  const areas = join(import.meta.dirname, '../src/areas');
  const sources = readdirSync(areas, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(svelte|ts)$/.test(name),
  );
  assert.ok(sources.length > 100);
  const direct = sources.filter((name) => /\bgoTo\b/.test(readFileSync(join(areas, name), 'utf8')));
  assert.deepEqual(direct, [], 'expected createWay instead of goTo');
});

test('a page listens to the channels of the server first, and names those that it has no room for', () => {
  const applications = Array.from({ length: 20 }, (_, index) => ({ name: `app.${String.fromCharCode(97 + index)}` }));
  const { heard, unheard } = chooseHeard([...applications, { name: 'trust' }, { name: 'releases' }]);
  assert.deepEqual(
    heard.slice(0, 3).map(({ name }) => name),
    ['releases', 'trust', 'app.a'],
  );
  assert.deepEqual([heard.length, unheard], [16, ['app.o', 'app.p', 'app.q', 'app.r', 'app.s', 'app.t']]);
  assert.deepEqual(chooseHeard(applications.slice(0, 3)).unheard, []);
});

suite('the client', () => {
  test('sends what a route takes, with the token, and gives what it answers', async () => {
    const sent: { url: string; init: RequestInit }[] = [];
    const client = clientOver(async (url, init) => {
      sent.push({ url, init });
      return Response.json({ releases: [] });
    });
    await client.change('POST /api/projects/{slug}/releases/{version}/withdraw', {
      path: { slug: 'a b', version: '1' },
      body: { reason: 'why' },
    });
    assert.equal(sent[0]?.url, '/o/x/api/projects/a%20b/releases/1/withdraw');
    assert.equal(sent[0]?.init.body, '{"reason":"why"}');
    assert.equal(new Headers(sent[0]?.init.headers).get('x-signpost-csrf'), 'token');
  });

  test('turns a problem document into a Problem, and no answer into one that says so', async () => {
    const problem = { code: 'conflict', detail: 'taken', hint: 'choose another' };
    const refused = clientOver(async () => Response.json(problem, { status: 409 }));
    await assert.rejects(refused.ask('GET /api/status'), (error) => {
      assert.ok(error instanceof Problem);
      assert.deepEqual([error.details.code, error.details.hint], ['conflict', 'choose another']);
      return true;
    });
    const broken = clientOver(() => Promise.reject(new TypeError('network')));
    await assert.rejects(
      broken.ask('GET /api/status'),
      (error) => error instanceof Problem && error.details.code === 'offline',
    );
  });

  test('calls nothing for a name that would lead elsewhere', async () => {
    const asked: string[] = [];
    const client = clientOver(async (url) => {
      asked.push(url);
      return Response.json({});
    });
    for (const slug of ['', '.', '..']) {
      await assert.rejects(
        client.change('DELETE /api/projects/{slug}', { path: { slug } }),
        (error) => error instanceof Problem && error.details.code === 'not_found',
      );
      assert.throws(() => client.urlOf('GET /api/projects/{slug}', { path: { slug } }), Problem);
    }
    assert.deepEqual(asked, []);
    assert.equal(client.urlOf('GET /api/projects/{slug}', { path: { slug: '../x' } }), '/o/x/api/projects/..%2Fx');
  });

  test('tells when the session has ended, and leaves empty query values out', async () => {
    let ended = 0;
    const client = clientOver(
      async () => new Response('', { status: 401 }),
      () => {
        ended += 1;
      },
    );
    await assert.rejects(client.ask('GET /api/session'));
    assert.equal(ended, 1);
    assert.equal(
      client.urlOf('GET /api/watch/inventory', { query: { search: 'a&b', after: '' } }),
      '/o/x/api/watch/inventory?search=a%26b',
    );
  });
});

test('commands are found in any language, without accents, the ones that begin with the words first', () => {
  const navigation = { label: { en: 'Overview', de: 'Übersicht' }, icon: 'overview', path: '', key: 'o' } as const;
  const commands = [
    { label: { en: 'All over', de: 'Alles' }, path: 'x' },
    { label: { en: 'Secret', de: 'Geheim' }, path: 'y', roles: ['admin'] as const },
    { label: { en: 'All of the server', de: 'Der ganze Server' }, path: 'z', serverWide: true } as const,
  ];
  const area = { name: 'overview', routes: [], navigation, commands } as const;
  const listed = listCommands([area], ({ roles, serverWide }) => !roles && !serverWide);
  assert.deepEqual(
    searchCommands(listed, 'uber').map(({ path }) => path),
    ['', 'x'],
  );
  assert.deepEqual(
    searchCommands(listed, 'all').map(({ path }) => path),
    ['x'],
  );
});

test('the light beside live frames is that of the worst channel, and a refusal is taken back by nothing', () => {
  const heard = (...states: ('live' | 'stale' | 'withheld')[]) => new Map(states.map((state, at) => [`c${at}`, state]));
  assert.equal(stateOf({ channels: heard(), refused: false }), 'connecting');
  assert.equal(stateOf({ channels: heard('live', 'live'), refused: false }), 'verified');
  assert.equal(stateOf({ channels: heard('stale', 'live'), refused: false }), 'late');
  assert.equal(stateOf({ channels: heard('withheld', 'live'), refused: false }), 'refused');
  assert.equal(stateOf({ channels: heard('live'), refused: true }), 'refused');
});

test('a difference holds both texts, whatever they are', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 12 }).map((all) => all.join('\n'));
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const parts = diffLines(before, after);
      assert.equal(textOf(parts, 'removed'), before);
      assert.equal(textOf(parts, 'added'), after);
    }),
  );
});

test('moments are told by their distance and exactly, sizes by thousands', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  assert.equal(formatDistance(now - 3 * 86_400_000, now, 'en'), '3 days ago');
  assert.equal(formatDistance(now + 2 * 3_600_000, now, 'de'), 'in 2 Stunden');
  const near = [4, 31, 59.4, 59.6, 89 * 60, 91 * 60, 47 * 3600, 29.6 * 86_400, 30.4 * 86_400, 364.9 * 86_400];
  assert.deepEqual(
    near.map((seconds) => formatDistance(now - seconds * 1000, now, 'en')),
    [
      ...['now', '31 seconds ago', '59 seconds ago', '1 minute ago', '1 hour ago', '2 hours ago', '2 days ago'],
      ...['4 weeks ago', 'last month', '12 months ago'],
    ],
  );
  assert.equal(formatExact(now), '2026-11-22 12:00:00 UTC');
  assert.match(formatSize(1_500_000, 'de'), /^1,5\sMB$/);
});

test('an axis ends at a round number that holds the largest count, and names whole numbers alone', () => {
  assert.deepEqual([0, 1, 3, 11, 26, 100].map(roundUp), [1, 1, 4, 20, 40, 100]);
  assert.deepEqual([1, 2, 6, 10].map(chooseLevels), [
    [0, 1],
    [0, 1, 2],
    [0, 3, 6],
    [0, 5, 10],
  ]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e9 }), (value) => {
      const top = roundUp(value);
      return top >= value && chooseLevels(top).every(Number.isInteger);
    }),
  );
  assert.deepEqual(chooseTicks(30, 6), [0, 5, 10, 15, 20, 25]);
});

test('a QR code is the square that another reader (jsQR 1.4.0) has read, for one block and for several', () => {
  const digest = (text: string) => {
    const rows = drawQr(text).map((row) => row.map(Number).join(''));
    return [rows.length, createHash('sha256').update(rows.join('\n')).digest('hex')];
  };
  const uri = 'otpauth://totp/Signpost:alice%40example.org?secret=ABC';
  assert.deepEqual(digest(uri), [33, '0f2dac339a92a87e659fdc344e771d18180dfc512436a3869ddf94502dab0289']);
  assert.deepEqual(digest('x'.repeat(300)), [61, 'd7800c87eac801b0f650884b741ba20abbe4fe844537a6fd7d779c0feb55fffb']);
  assert.throws(() => drawQr('x'.repeat(859)), RangeError);
});

function clientOver(
  fetch: (url: string, init: RequestInit) => Promise<Response>,
  onSignedOut: () => void = () => undefined,
): Client {
  return createClient({ fetch, base: '/o/x', csrfToken: () => 'token', onSignedOut });
}

function textOf(parts: readonly DiffPart[], kind: 'added' | 'removed'): string {
  return parts
    .flatMap((part) => (part.kind === 'same' ? part.lines : part.kind === kind ? [part.line] : []))
    .join('\n');
}
