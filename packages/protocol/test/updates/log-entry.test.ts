/** An entry of the log has one form, in every direction. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import {
  createLogEntryDocument,
  createManifestEntry,
  encodeLogEntry,
  type LogEntry,
  parseLogEntry,
} from '@signpost/protocol/updates/log-entry';
import fc from 'fast-check';

const slug = fc.stringMatching(/^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/);
const digest = fc.stringMatching(/^[0-9a-f]{64}$/);
const hex = fc.stringMatching(/^(?:[0-9a-f]{2}){1,20}$/);
const counter = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const organisation = slug;

const plain = { noNullPrototype: true };
const entries: fc.Arbitrary<LogEntry> = fc.oneof(
  fc.record(
    {
      ...{ type: fc.constant('manifest' as const), organisation, project: slug },
      ...{ channel: fc.stringMatching(/^[a-z][a-z0-9-]{0,29}$/), counter, keyId: digest, sha256: digest },
      version: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._+~-]{0,63}$/),
    },
    plain,
  ),
  fc.record({ type: fc.constant('trust-list' as const), organisation, trustVersion: counter, sha256: digest }, plain),
  fc.record(
    {
      ...{ type: fc.constant('catalogue' as const), organisation, collection: slug },
      ...{ version: counter, sha256: digest },
    },
    plain,
  ),
  fc.record(
    { type: fc.constant('certificate' as const), organisation, issuer: digest, serial: hex, sha256: digest },
    plain,
  ),
  fc.record(
    {
      ...{ type: fc.constant('revocation' as const), organisation, issuer: digest, serial: hex },
      reason: fc.constantFrom('unspecified', 'keyCompromise'),
      revokedAt: fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }).map(Number),
    },
    plain,
  ),
  fc.record({ type: fc.constant('audit-head' as const), organisation, sequence: counter, sha256: digest }, plain),
);

test('what is written is read back, and nothing else reads as the same entry', () => {
  fc.assert(
    fc.property(entries, (entry) => {
      const bytes = encodeLogEntry(entry);
      assert.deepEqual(parseLogEntry(bytes), entry);
      // RFC 8785 sorts members, and writes such values as JSON.stringify does.
      const members = Object.entries(createLogEntryDocument(entry)).sort(([left], [right]) => (left < right ? -1 : 1));
      assert.equal(parseText(bytes), JSON.stringify(Object.fromEntries(members)));
    }),
    { numRuns: 50 },
  );
});

test('bytes that are no entry are refused with a code, and bytes that are one are its only form', () => {
  const mutations = fc.tuple(entries, fc.nat(), fc.integer({ min: 32, max: 126 })).map(([entry, at, octet]) => {
    const bytes = encodeLogEntry(entry);
    bytes[at % bytes.length] = octet;
    return bytes;
  });
  fc.assert(
    fc.property(fc.oneof(mutations, fc.uint8Array()), (bytes) => {
      try {
        assert.deepEqual(encodeLogEntry(parseLogEntry(bytes)), Uint8Array.from(bytes));
      } catch (error) {
        assert.ok(error instanceof TrustError, String(error));
      }
    }),
    { numRuns: 200 },
  );
});

const manifest = createManifestEntry(
  { project: 'demo', channel: 'stable', version: '1.2.0', counter: 7, keyId: 'a'.repeat(64), digest: 'b'.repeat(64) },
  'default',
);

test('the entry of a manifest', () => {
  assert.equal(
    parseText(encodeLogEntry(manifest)),
    `{"channel":"stable","counter":7,"key_id":"${'a'.repeat(64)}","organisation":"default","project":"demo",` +
      `"sha256":"${'b'.repeat(64)}","type":"manifest","version":"1.2.0"}`,
  );
});

const damages: readonly [string, string, string][] = [
  ['a type that is not known', 'format_unsupported', '{"organisation":"default","type":"weather"}'],
  ['no type', 'malformed', '{"organisation":"default"}'],
  ['white space', 'not_canonical', ' {"organisation":"default","type":"weather"}'],
  [
    'a member that is not its own',
    'malformed',
    parseText(encodeLogEntry(manifest)).replace('"type"', '"then":1,"type"'),
  ],
  ['a member that is missing', 'malformed', parseText(encodeLogEntry(manifest)).replace('"counter":7,', '')],
  ['no object', 'malformed', '[]'],
  ['more than a tile holds', 'too_large', `"${'x'.repeat(65_536)}"`],
];

for (const [name, code, text] of damages) {
  test(`an entry with ${name} is refused with ${code}`, () => {
    assert.throws(() => parseLogEntry(encodeText(text)), { code });
  });
}

test('a time has one form', () => {
  const text = (time: string) =>
    `{"issuer":"aa","organisation":"default","reason":"keyCompromise","revoked_at":"${time}","serial":"01","type":"revocation"}`;
  assert.equal(parseLogEntry(encodeText(text('2027-01-01T00:00:00Z'))).type, 'revocation');
  for (const time of ['2027-01-01T00:00:00.000Z', '2027-01-01T00:00:00+00:00']) {
    assert.throws(() => parseLogEntry(encodeText(text(time))), { code: 'not_canonical' });
  }
});
