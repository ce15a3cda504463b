/** What the pages of releases work out by themselves: sending files, stages, differences, figures, short names. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { Client } from '../src/api/client.ts';
import { Problem } from '../src/api/problem.ts';
import { type Passage, sendFile, type Upload } from '../src/app/send-file.ts';
import { judgeStages } from '../src/app/upload-stages.ts';
import { compareFiles } from '../src/areas/releases/changes.ts';
import { groupDownloads, listDays } from '../src/areas/releases/downloads.ts';

const piece = 4_194_304;

suite('sending a file', () => {
  test('goes in pieces, after its digest was announced, and is followed to its end', async () => {
    const server = createServer();
    const outcome = await send(server, content(piece + 5));
    assert.equal(outcome.state, 'accepted');
    assert.deepEqual(server.offsets, [0, piece]);
    assert.equal(server.announced, digestOf(content(piece + 5)));
    assert.equal(digestOf(server.received), digestOf(content(piece + 5)));
    assert.deepEqual([...new Set(server.passages.map(({ phase }) => phase))], ['digesting', 'sending']);
  });

  test('goes on where the server is after the connection was cut, however often', async () => {
    const server = createServer({ cuts: 3, kept: 1000 });
    assert.equal((await send(server, content(2 * piece))).state, 'accepted');
    assert.deepEqual(server.offsets, [0, 1000, 2000, 3000, 3000 + piece]);
    assert.equal(digestOf(server.received), digestOf(content(2 * piece)));
    assert.ok(server.passages.some(({ phase }) => phase === 'cut'));
  });

  test('takes an upload up again that was begun with the same bytes', async () => {
    const server = createServer();
    server.received = content(piece).subarray(0, 700);
    server.begun = true;
    const outcome = await send(server, content(piece), (sha256) =>
      sha256 === digestOf(content(piece)) ? 'u' : undefined,
    );
    assert.equal(outcome.state, 'accepted');
    assert.deepEqual(server.offsets, [700]);
  });

  test('gives up at once on what the server refuses', async () => {
    const server = createServer({ refuses: true });
    await assert.rejects(
      send(server, content(10)),
      (error) => error instanceof Problem && error.details.code === 'conflict',
    );
  });
});

test('stages are done, under way and to come, and stop where an upload was refused', () => {
  const states = (...given: Parameters<typeof judgeStages>) => judgeStages(...given).map(({ state }) => state);
  assert.deepEqual(states({ phase: 'sending', bytes: 1 }, undefined).slice(0, 3), ['done', 'now', 'later']);
  assert.deepEqual(states({ phase: 'inspecting', stage: 'scan', progress: 0 }, undefined).slice(3), [
    'done',
    'now',
    'later',
  ]);
  assert.deepEqual(states(undefined, upload({ state: 'refused', stage: 'archive' })).slice(2, 5), [
    'done',
    'stopped',
    'later',
  ]);
  assert.deepEqual(new Set(states(undefined, upload({ state: 'accepted' }))), new Set(['done']));
});

test('each file of both releases stands in one change, and only equal bytes are the same', () => {
  const artifacts = fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      platform: fc.constantFrom('any', 'linux'),
      sha256: fc.constantFrom('1', '2', '3'),
    }),
    { selector: ({ name }) => name },
  ) as unknown as fc.Arbitrary<Parameters<typeof compareFiles>[0]>;
  fc.assert(
    fc.property(artifacts, artifacts, (before, after) => {
      const changes = compareFiles(before, after);
      const named = (side: 'before' | 'after') =>
        changes
          .flatMap((change) => change[side] ?? [])
          .map(({ name }) => name)
          .sort();
      assert.deepEqual(named('before'), before.map(({ name }) => name).sort());
      assert.deepEqual(named('after'), after.map(({ name }) => name).sort());
      for (const { kind, before: old, after: next } of changes) {
        assert.equal(kind === 'same', old !== undefined && old.sha256 === next?.sha256);
      }
    }),
  );
});

test('figures of downloads add up, whatever is told apart', () => {
  const days = listDays('2026-02-26', '2026-03-02');
  assert.deepEqual(days, ['2026-02-26', '2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02']);
  const counts = fc.array(
    fc.record({
      day: fc.constantFrom(...days),
      version: fc.constantFrom('1', '2', '3', '4', '5', '6'),
      platform: fc.constantFrom('any', 'linux'),
      count: fc.integer({ min: 1, max: 1000 }),
    }),
  );
  fc.assert(
    fc.property(counts, fc.constantFrom('version' as const, 'platform' as const), (given, grouping) => {
      const { total, series, totals } = groupDownloads(given, days, grouping);
      const sum = (numbers: readonly number[]) => numbers.reduce((left, right) => left + right, 0);
      assert.equal(total, sum(given.map(({ count }) => count)));
      assert.equal(total, sum(series.flatMap(({ values }) => values)));
      assert.equal(total, sum(totals.map(({ count }) => count)));
      assert.ok(series.length <= 4);
    }),
  );
});

interface FakeServer {
  readonly client: Pick<Client, 'ask' | 'change'>;
  readonly offsets: number[];
  readonly passages: Passage[];
  received: Uint8Array;
  announced: string | undefined;
  begun: boolean;
}

/** A server that cuts the first `cuts` pieces after `kept` bytes. */
function createServer({ cuts = 0, kept = 0, refuses = false } = {}): FakeServer {
  let [left, size] = [cuts, 0];
  const state = (): Upload =>
    upload({ state: server.received.length < size ? 'receiving' : 'accepted', offset: server.received.length });
  const server: FakeServer = {
    ...{ offsets: [], passages: [], received: new Uint8Array(), announced: undefined, begun: false },
    client: {
      ask: async () => state() as never,
      change: async (operation: string, input?: unknown) => {
        const { body, query } = input as {
          body: Blob & { size_bytes: number; sha256: string };
          query?: { offset: number };
        };
        if (refuses) throw new Problem({ status: 409, code: 'conflict', detail: 'release-closed' });
        if (operation.startsWith('POST')) {
          [size, server.announced] = [body.size_bytes, body.sha256];
          return state() as never;
        }
        server.offsets.push(query?.offset ?? -1);
        const bytes = new Uint8Array(await body.arrayBuffer());
        const isCut = left > 0;
        if (isCut) left -= 1;
        server.received = Buffer.concat([server.received, isCut ? bytes.subarray(0, kept) : bytes]);
        if (isCut) throw new Problem({ status: 0, code: 'offline', detail: 'cut' });
        return state() as never;
      },
    },
  };
  const ask = server.client.ask;
  // An upload that was begun before is as large as the file that is sent.
  server.client.ask = (async (...given: Parameters<typeof ask>) => {
    if (server.begun) size = piece;
    return ask(...given);
  }) as typeof ask;
  return server;
}

function send(
  server: FakeServer,
  bytes: Uint8Array<ArrayBuffer>,
  recall: (sha256: string) => string | undefined = () => undefined,
) {
  const file = Object.assign(new Blob([bytes]), { name: 'a.bin' });
  return sendFile(
    {
      ...{ client: server.client, recall, onBegun: () => undefined, signal: new AbortController().signal },
      onPassage: (passage) => server.passages.push(passage),
      pause: async () => undefined,
    },
    { slug: 'a', version: '1', file },
  );
}

function content(size: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(size).map((_, index) => index % 251);
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function upload(fields: Partial<Upload>): Upload {
  return { id: 'u', state: 'receiving', stage: null, progress: 0, offset: 0, size_bytes: 1, ...fields };
}
