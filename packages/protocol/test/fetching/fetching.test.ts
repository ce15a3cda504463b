/** The parts of verified downloads: places, capsule manifests, what is remembered of a source, redirects. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { findCapsuleTarget, parseCapsuleManifest } from '@signpost/protocol/fetching/capsule-manifest';
import { downloadInto, type Landing } from '@signpost/protocol/fetching/download';
import { assertFresh } from '@signpost/protocol/fetching/fetch-verified';
import { parseLocation } from '@signpost/protocol/fetching/location';
import { requestFollowing } from '@signpost/protocol/fetching/request';
import {
  advanceSource,
  encodeSourceState,
  type FoundRelease,
  parseSourceState,
  type SourceState,
} from '@signpost/protocol/fetching/source-state';
import { parseTagVersion } from '@signpost/protocol/fetching/verify-bundles';
import fc from 'fast-check';

const digest = 'a'.repeat(64);

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof TrustError, String(error));
    return error.code;
  }
}

test('places are web addresses and registries', () => {
  assert.deepEqual(parseLocation('https://x.example/a?b#c'), { kind: 'web', url: 'https://x.example/a?b' });
  const place = { kind: 'oci', origin: 'https://ghcr.io', repository: 'acme/app' };
  assert.deepEqual(parseLocation(`oci://ghcr.io/acme/app@sha256:${digest}`), {
    ...place,
    reference: `sha256:${digest}`,
  });
  assert.deepEqual(parseLocation('oci://ghcr.io/acme/app:v1.0'), { ...place, reference: 'v1.0' });
  assert.equal(Object(parseLocation('oci://localhost:5000/app:v1')).origin, 'http://localhost:5000');
});

test('what is neither is refused', () => {
  for (const text of [
    ...['', 'app', 'ftp://x/y', 'file:///etc/passwd', 'https://user:secret@x/y', 'oci://ghcr.io', 'oci:///app:v1'],
    ...[
      'oci://ghcr.io/app',
      'oci://ghcr.io/App:v1',
      'oci://ghcr.io/a/../b:v1',
      `oci://ghcr.io/app@sha256:${'A'.repeat(64)}`,
    ],
    ...['oci://user@ghcr.io/app:v1', 'oci://ghcr.io/app:v1/../x', 'oci://ghcr.io/app:v1?x'],
  ]) {
    assert.equal(
      codeOf(() => parseLocation(text)),
      'malformed',
      text,
    );
  }
});

test('a capsule manifest names a SHA-256 for each target, and nothing else', () => {
  const manifest = parseCapsuleManifest(
    encodeText(`{"version":"1.0.0","targets":{"x86_64-unknown-linux-gnu":"${digest}"}}\n`),
  );
  assert.equal(findCapsuleTarget(manifest, 'x86_64-unknown-linux-gnu'), digest);
  assert.equal(
    codeOf(() => findCapsuleTarget(manifest, 'constructor')),
    'target_unknown',
  );
  for (const text of [
    ...['{}', '[]', '{"version":"1","targets":{}}', `{"version":"1","targets":{"a":"${'A'.repeat(64)}"}}`],
    ...[`{"version":"","targets":{"a":"${digest}"}}`, `{"version":"1","targets":{"a":"${digest}"},"more":1}`],
    ...[`{"version":"1","targets":{"a":"${digest}","a":"${digest}"}}`, `{"version":1,"targets":{"a":"${digest}"}}`],
  ]) {
    assert.equal(
      codeOf(() => parseCapsuleManifest(encodeText(text))),
      'malformed',
      text,
    );
  }
  assert.equal(
    codeOf(() => parseCapsuleManifest(new Uint8Array(262_145))),
    'too_large',
  );
});

test('a tag names a version, another ref none', () => {
  assert.equal(parseTagVersion('refs/tags/v1.2.3'), '1.2.3');
  assert.equal(parseTagVersion('refs/tags/1.2.3-rc.1'), '1.2.3-rc.1');
  for (const ref of ['refs/heads/main', 'refs/tags/latest', 'refs/heads/v1.2.3', 'refs/tags/v1.2']) {
    assert.equal(parseTagVersion(ref), undefined);
  }
});

const releases: fc.Arbitrary<FoundRelease> = fc.record({
  sha256: fc.constantFrom(digest, 'b'.repeat(64)),
  version: fc.option(fc.constantFrom('1.0.0', '1.2.0', '2.0.0-rc.1', '2.0.0', 'nightly'), { nil: undefined }),
  signedAt: fc.option(fc.integer({ min: 1_700_000_000_000, max: 1_700_000_000_010 }), { nil: undefined }),
});

suite('what was seen of a source', () => {
  const found: FoundRelease = { sha256: digest, version: '1.2.0', signedAt: 1_700_000_000_000 };
  const state = advanceSource(undefined, found, undefined);

  test('an older version, an older signature and one without a time are refused, but on purpose', () => {
    const later = 1_700_000_000_001;
    for (const older of [
      { ...found, version: '1.1.9', signedAt: later },
      { ...found, signedAt: found.signedAt === undefined ? 0 : found.signedAt - 1 },
      { ...found, version: '2.0.0', signedAt: undefined },
    ]) {
      assert.equal(
        codeOf(() => advanceSource(state, older, undefined)),
        'source_replayed',
      );
      const allowed = advanceSource(state, older, { reason: 'it loses data', at: later });
      assert.deepEqual(allowed.highest, state.highest);
      assert.deepEqual(allowed.overrides, [{ ...older, reason: 'it loses data', at: later }]);
    }
    assert.deepEqual(advanceSource(state, { ...found, signedAt: later }, undefined).overrides, []);
  });

  test('never goes back, whatever comes, and is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(releases, { minLength: 1, maxLength: 12 }), (all) => {
        let kept: SourceState | undefined;
        let latest = 0;
        for (const one of all) {
          try {
            kept = advanceSource(kept, one, undefined);
          } catch (error) {
            assert.ok(error instanceof TrustError && error.code === 'source_replayed');
            continue;
          }
          const time = one.signedAt ?? latest;
          assert.ok(time >= latest);
          latest = time;
          assert.deepEqual(parseSourceState(encodeSourceState(kept)), { ...kept, last: { ...kept.last } });
        }
      }),
    );
  });

  test('a state that cannot be read is no state that is missing', () => {
    for (const text of [
      '',
      '{}',
      '{"format":"signpost-source-1"}',
      encodeSourceState(state).replace('source-1', 'source-2'),
    ]) {
      assert.equal(
        codeOf(() => parseSourceState(text)),
        'state_invalid',
        text,
      );
    }
  });
});

test('what was signed too long ago is stale, and so is what no time is proven of', () => {
  const found = { sha256: digest, version: undefined, signedAt: 1000 };
  assert.equal(
    codeOf(() => assertFresh(found, 500, 1500)),
    'accepted',
  );
  assert.equal(
    codeOf(() => assertFresh(found, 499, 1500)),
    'manifest_stale',
  );
  assert.equal(
    codeOf(() => assertFresh({ ...found, signedAt: undefined }, 500, 1500)),
    'manifest_stale',
  );
  assert.equal(
    codeOf(() => assertFresh({ ...found, signedAt: undefined }, undefined, 1500)),
    'accepted',
  );
});

suite('redirects', () => {
  const answer = (location: string) => async (url: string) =>
    url.endsWith('/end') ? new Response('x') : new Response(null, { status: 302, headers: { location } });

  test('from https lead to https alone', async () => {
    assert.equal((await requestFollowing(answer('https://b.example/end'), 'https://a.example/')).status, 200);
    for (const location of ['http://a.example/end', 'ftp://a.example/end', 'data:,x', 'https://']) {
      await assert.rejects(
        requestFollowing(answer(location), 'https://a.example/'),
        { code: 'fetch_failed' },
        location,
      );
    }
    await assert.rejects(requestFollowing(answer('/again'), 'https://a.example/'), /at most 5 redirects/);
  });

  test('take credentials to their own origin alone', async () => {
    const seen: (string | null)[] = [];
    const fetch = async (url: string, init: RequestInit) => {
      seen.push(new Headers(init.headers).get('authorization'));
      return answer(url.endsWith('/a') ? '/b' : 'https://b.example/end')(url);
    };
    await requestFollowing(fetch, 'https://a.example/a', { headers: { authorization: 'Bearer x' } });
    assert.deepEqual(seen, ['Bearer x', 'Bearer x', null]);
  });
});

test('a connection that falls silent counts as broken, and the download goes on from there', async () => {
  const ranges: (string | null)[] = [];
  const fetch = async (_url: string, init: RequestInit) => {
    ranges.push(new Headers(init.headers).get('range'));
    const isFirst = ranges.length === 1;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(encodeText(isFirst ? 'abc' : 'def'));
        if (!isFirst) return controller.close();
        init.signal?.addEventListener('abort', () => controller.error(init.signal?.reason));
      },
    });
    const range = { etag: '"v1"', ...(!isFirst && { 'content-range': 'bytes 3-5/6' }) };
    return new Response(body, {
      status: isFirst ? 200 : 206,
      headers: { ...range, ...(isFirst && { 'content-length': '6' }) },
    });
  };
  const { landing, read } = createMemoryLanding();
  await downloadInto({ fetch, url: 'https://a.example/x', maxBytes: 100, landing, silenceMs: 20 });
  assert.equal(read(), 'abcdef');
  assert.deepEqual(ranges, [null, 'bytes=3-']);
});

function createMemoryLanding(): { landing: Landing; read: () => string } {
  let text = '';
  let validator: string | undefined;
  const landing: Landing = {
    readPart: async () => ({ bytes: text.length, etag: validator }),
    start: async (etag) => {
      [text, validator] = ['', etag];
    },
    append: async (chunk) => {
      text += parseText(chunk);
    },
    finish: async () => ({ artifact: { kind: 'bytes', bytes: encodeText(text) }, sha256: '', sizeBytes: text.length }),
    discard: async () => {
      text = '';
    },
  };
  return { landing, read: () => text };
}
