import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { maxEventLength, readEventStream, type StreamEvent } from '@signpost/protocol/client/subscribe/event-stream';
import fc from 'fast-check';
import { refuses } from '../../refuses.ts';

async function* inPieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array, void, void> {
  let offset = 0;
  for (const size of [...sizes, bytes.length]) {
    yield bytes.subarray(offset, offset + size);
    offset += size;
    if (offset >= bytes.length) return;
  }
}

async function readAll(text: string, sizes: readonly number[] = []) {
  const events: StreamEvent[] = [];
  const retries: number[] = [];
  for await (const event of readEventStream(inPieces(encodeText(text), sizes), (ms) => retries.push(ms)))
    events.push(event);
  return { events, retries };
}

const message = (data: string, lastEventId = ''): StreamEvent => ({ type: 'message', data, lastEventId });

// The examples of the standard (WHATWG HTML, 9.2.6), and what it says beside them.
const cases: readonly [string, readonly StreamEvent[]][] = [
  ['data: YHOO\ndata: +2\ndata: 10\n\n', [message('YHOO\n+2\n10')]],
  [
    ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n',
    [message('first event', '1'), message('second event'), message(' third event')],
  ],
  ['data\n\ndata\ndata\n\ndata:', [message(''), message('\n')]],
  ['data:test\n\ndata: test\n\n', [message('test'), message('test')]],
  ['event: keys\ndata: {}\n\nevent: x\n\ndata: y\n\n', [{ type: 'keys', data: '{}', lastEventId: '' }, message('y')]],
  ['\ufeffdata: with a mark\n\n', [message('with a mark')]],
  ['data: a\r\n\r\ndata: b\r\rdata: c\n\n', [message('a'), message('b'), message('c')]],
  ['id: 1\0\ndata: a\n\nid: 2\ndata: b\n\ndata: c\n\n', [message('a'), message('b', '2'), message('c', '2')]],
  ['Data: a\nunknown: b\n data: c\n\n', []],
  ['data: unfinished\n', []],
];

for (const [text, expected] of cases) {
  test(`${JSON.stringify(text)} is read as the standard says, in whatever pieces it comes`, async () => {
    assert.deepEqual((await readAll(text)).events, expected);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 })), async (sizes) => {
        assert.deepEqual((await readAll(text, sizes)).events, expected);
      }),
      { numRuns: 30 },
    );
  });
}

test('any stream is read the same in one piece and in many', async () => {
  const lines = fc.constantFrom('data: x', 'data', 'id: 1', ': c', 'event: e', '', 'data: ü😀', 'retry: 7');
  const ends = fc.constantFrom('\n', '\r', '\r\n');
  const streams = fc.array(fc.tuple(lines, ends)).map((parts) => parts.flat().join(''));
  await fc.assert(
    fc.asyncProperty(streams, fc.array(fc.integer({ min: 1, max: 9 })), async (text, sizes) => {
      assert.deepEqual(await readAll(text, sizes), await readAll(text));
    }),
  );
});

test('the server may ask for a pause, in digits only', async () => {
  assert.deepEqual((await readAll('retry: 1500\nretry: soon\nretry: -1\nretry: 99999999999\n\n')).retries, [1500]);
});

test('an event or a line that does not end is refused before it fills the memory', async () => {
  const line = `data: ${'x'.repeat(1000)}\n`;
  await assert.rejects(readAll(line.repeat(100)), refuses('too_large'));
  await assert.rejects(readAll('x'.repeat(maxEventLength + 1)), refuses('too_large'));
});

test('bytes that are not UTF-8 are refused', async () => {
  const read = async () => {
    for await (const _ of readEventStream(inPieces(Uint8Array.of(0x64, 0xff, 0x0a), [])));
  };
  await assert.rejects(read(), refuses('malformed'));
});
