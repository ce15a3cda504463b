/** Release feeds, read by the watch. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import { codePoint } from '../../../../../protocol/test/code-points.ts';
import { type PublisherKey, parseKeyFile } from '../../../../src/watch/publisher-keys/key-file.ts';
import { readEntries } from '../../../../src/watch/readers/feed/entries.ts';
import { createFeedReader } from '../../../../src/watch/readers/feed/feed-reader.ts';
import type { ListedArtifact } from '../../../../src/watch/readers/reader.ts';
import { createAsk } from '../../../../src/watch/readers/send-question.ts';
import { context, foundStatement, provenance, slsa1 } from '../signing.ts';
import { findMissingSigners, openSigningPrograms } from '../signing-programs.ts';

const answers = new Map<string, { readonly status: number; readonly body: string | Uint8Array }>();
const server = createServer((request, response) => {
  const { status, body } = answers.get(request.url ?? '') ?? { status: 404, body: '' };
  const isKnown = request.headers['if-none-match'] === '"one"';
  response.writeHead(isKnown ? 304 : status, { etag: '"one"' }).end(body);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());
const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
const never = new AbortController().signal;
const source = { organisationId: 'o', key: `feed:http://${host}/releases.xml` };
const file = Buffer.from('the bytes of 1.2.0');
const sha256 = createHash('sha256').update(file).digest('hex');

/** The keys that people named. */
let named: readonly PublisherKey[] = [];

const parts = {
  ...{ readTrustedRoots: async () => context.trustedRoots, builders: context.builders, now: () => context.now },
  findPublisherKeys: async () => named,
};

const createReader = () =>
  createFeedReader({ ...parts, ask: createAsk({ privateHosts: new Set([host]), now: () => context.now }) });

const appcast = `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:sparkle="http://www.andymatuschak.org/xml-namespaces/sparkle"><channel><title>Rocket</title>
<item><title>Version 1.2.0</title><pubDate>Sat, 21 Nov 2026 09:00:00 +0000</pubDate>
  <sparkle:shortVersionString>1.2.0</sparkle:shortVersionString>
  <enclosure url="/files/rocket-1.2.0.zip?from=feed" length="18" type="application/zip" sparkle:edSignature="AA=="/></item>
<item><title>Version 1.1.0</title><pubDate>Fri, 20 Nov 2026 09:00:00 +0000</pubDate>
  <enclosure url="https://dl.example/rocket-1.1.0.zip" sparkle:version="1.1.0" length="9"/></item>
<item><title>News without a file</title></item></channel></rss>`;

beforeEach(() => {
  named = [];
  answers.clear();
  answers.set('/releases.xml', { status: 200, body: appcast });
  answers.set('/files/rocket-1.2.0.zip?from=feed', { status: 200, body: file });
});

const latest: ListedArtifact = { names: { version: '1.2.0' }, line: '1', isDefault: true };

async function factsOf() {
  const observed = await createReader().observe(source, latest, never);
  return 'facts' in observed ? observed.facts : assert.fail(JSON.stringify(observed));
}

test('a feed of Sparkle lists its files, and nothing when nothing changed', async () => {
  const reader = createReader();
  const listing = await reader.list(source, never);
  assert.ok(listing.kind === 'listed');
  assert.deepEqual(
    listing.artifacts.map(({ names, line, publishedAt, isDefault }) => [names.version, line, publishedAt, isDefault]),
    [
      ['1.2.0', '1', Date.UTC(2026, 10, 21, 9), true],
      ['1.1.0', '1', Date.UTC(2026, 10, 20, 9), false],
    ],
  );
  assert.deepEqual(await reader.list({ ...source, validators: listing.validators }, never), { kind: 'unchanged' });
});

test('a feed of Atom does, too, and of several files of one entry each is called by its name', () => {
  const feed = `<feed xmlns="http://www.w3.org/2005/Atom"><title>Rocket</title><entry><title>Rocket v2.0.0-rc.1 is out</title>
    <updated>2026-11-21T09:00:00Z</updated><link rel="alternate" href="/notes"/>
    <link rel="enclosure" href="rocket.deb"/><link rel="enclosure" href="rocket.rpm"/></entry></feed>`;
  assert.deepEqual(
    readEntries(feed, 'https://dl.example/feed/atom.xml')?.map(({ version, url }) => [version, url]),
    [
      ['2.0.0-rc.1 rocket.deb', 'https://dl.example/feed/rocket.deb'],
      ['2.0.0-rc.1 rocket.rpm', 'https://dl.example/feed/rocket.rpm'],
    ],
  );
});

test('a second file of a version is seen beside the first, wherever the feed has it', async () => {
  const other =
    '<item><sparkle:version>9999</sparkle:version><enclosure url="/files/evil.zip" sparkle:shortVersionString="1.2.0"/></item>';
  answers.set('/files/evil.zip', { status: 200, body: 'other bytes' });
  for (const feed of [
    appcast.replace('<item>', `${other}<item>`),
    appcast.replace('</channel>', `${other}</channel>`),
  ]) {
    answers.set('/releases.xml', { status: 200, body: feed });
    const reader = createReader();
    const listing = await reader.list(source, never);
    const contents = new Set<string>();
    for (const artifact of listing.kind === 'listed' ? listing.artifacts : assert.fail()) {
      if (!artifact.names.version?.startsWith('1.2.0')) continue;
      assert.equal(artifact.line, '1');
      const observed = await reader.observe(source, artifact, never);
      contents.add('facts' in observed ? observed.facts.content : assert.fail(JSON.stringify(observed)));
    }
    assert.deepEqual(contents, new Set([sha256, createHash('sha256').update('other bytes').digest('hex')]));
  }
  assert.equal(
    readEntries(appcast.replace('</channel>', `${other}${other}</channel>`), 'https://dl.example/')?.length,
    3,
  );
});

test('a file is known by its bytes, and whoever signed the bundle beside it', async () => {
  const unsigned = await factsOf();
  assert.deepEqual([unsigned.content, unsigned.publishedAt], [sha256, Date.UTC(2026, 10, 21, 9)]);
  const { bytes } = (await foundStatement({ predicateType: slsa1, predicate: provenance }, sha256)) as {
    bytes: Uint8Array;
  };
  answers.set('/files/rocket-1.2.0.zip.sigstore.json?from=feed', { status: 200, body: bytes });
  const { signatures, provenance: built } = await factsOf();
  assert.ok(signatures !== 'unknown' && built !== 'unknown');
  assert.deepEqual(
    signatures.map(({ kind, format, outcome }) => [kind, format, outcome]),
    [
      ['keyless', 'detached', 'verified'],
      ['key', 'inline', 'unverifiable'],
    ],
  );
  assert.equal(built[0]?.repository, 'https://github.com/acme/app');
  answers.set('/files/rocket-1.2.0.zip?from=feed', { status: 200, body: 'other bytes' });
  const other = await factsOf();
  assert.ok(other.signatures !== 'unknown');
  assert.deepEqual(other.signatures[0]?.outcome, 'invalid');
});

const skip = findMissingSigners();
const programs = skip ? undefined : openSigningPrograms();
after(() => programs?.stop());

async function signatureFacts() {
  const { signatures } = await factsOf();
  assert.ok(signatures !== 'unknown');
  return signatures;
}

function serve(suffix: string, body: string | Uint8Array) {
  answers.set(`/files/rocket-1.2.0.zip${suffix}?from=feed`, { status: 200, body });
}

for (const [name, suffix, make] of [
  ['OpenPGP', '.asc', (by) => [by.makePgpKey('ada'), by.signByPgp('ada', file)]],
  ['minisign', '.minisig', (by) => [by.makeMinisignKey('hashed'), by.signByMinisign('hashed', file, '-H')]],
  ['minisign over the whole file', '.minisig', (by) => [by.makeMinisignKey('w'), by.signByMinisign('w', file, '-l')]],
  ['signify', '.sig', (by) => [by.makeSignifyKey('bsd'), by.signBySignify('bsd', file)]],
] as const satisfies readonly (readonly [
  string,
  string,
  (by: ReturnType<typeof openSigningPrograms>) => readonly [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>],
])[]) {
  test(`a signature by ${name} says whose it is, and is verified once somebody named the key`, { skip }, async () => {
    const [keyFile, signature] = make(programs ?? assert.fail());
    serve(suffix, signature);
    const [unknown] = await signatureFacts();
    assert.deepEqual([unknown?.outcome, unknown?.reason], ['unverifiable', 'key_unknown']);
    assert.match(unknown?.issuer ?? '', /^(?:[0-9A-F]{16}|[0-9A-F]{40})$/);
    const key = await parseKeyFile(keyFile);
    named = [key];
    const [verified] = await signatureFacts();
    assert.deepEqual([verified?.outcome, verified?.key, verified?.format], ['verified', key.key, 'detached']);
    answers.set('/files/rocket-1.2.0.zip?from=feed', { status: 200, body: 'other bytes' });
    const [other] = await signatureFacts();
    assert.deepEqual([other?.outcome, other?.reason, other?.key], ['invalid', 'bad_signature', undefined]);
  });
}

test('Sparkle’s signature in the feed is held against every key that was named for the application', async () => {
  const [own, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
  const edSignature = sign(null, file, own.privateKey).toString('base64');
  answers.set('/releases.xml', { status: 200, body: appcast.replace('"AA=="', `"${edSignature}"`) });
  const rawOf = ({ publicKey }: typeof own) => publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const read = (text: string) => parseKeyFile(new Uint8Array(Buffer.from(text)));
  named = [await read(rawOf(other).toString('base64')), await read(`${rawOf(own).toString('base64')}\n`)];
  const [verified] = await signatureFacts();
  assert.deepEqual([verified?.kind, verified?.outcome, verified?.key], ['key', 'verified', named[1]?.key]);
  named = [await read(other.publicKey.export({ type: 'spki', format: 'pem' }).toString())];
  const [invalid] = await signatureFacts();
  assert.deepEqual([invalid?.outcome, invalid?.reason], ['invalid', 'bad_signature']);
});

test('what is no signature, though it lies where one would, cannot be judged and names nobody', async () => {
  for (const suffix of ['.minisig', '.asc', '.sig']) serve(suffix, 'page not found');
  assert.deepEqual(
    (await signatureFacts()).map(({ kind, outcome, reason, issuer }) => [kind, outcome, reason, issuer]),
    [
      ...['minisign', 'gpg', 'gpg'].map((kind) => [kind, 'unverifiable', 'malformed', undefined]),
      ['key', 'unverifiable', 'key_unknown', undefined],
    ],
  );
});

test('a page for people in the place of a signature is none, and its status may say what it likes', async () => {
  const pages = ['<html>page not found</html>', '\ufeff\n<!DOCTYPE html><title>404</title>', '<!-- nothing --><p>'];
  for (const page of pages) {
    for (const suffix of ['.sigstore.json', '.sigstore', '.minisig', '.asc', '.sig']) serve(suffix, page);
    assert.deepEqual(
      (await signatureFacts()).map(({ format, reason }) => [format, reason]),
      [['inline', 'key_unknown']],
    );
  }
});

test('a host of files that asks for silence does not stop the feed that leads to it', async () => {
  const feed = `https://dl.example/releases.xml`;
  for (const [host, retryAfterMs] of [
    ['cdn.example', undefined],
    ['dl.example', 7000],
  ] as const) {
    const text = appcast.replaceAll(/url="[^"]*\.zip[^"]*"/g, `url="https://${host}/rocket-1.2.0.zip"`);
    const reader = createFeedReader({
      ...parts,
      ask: async ({ url }) => {
        if (url !== feed) return { kind: 'unknown', reason: 'status 429', status: 429, retryAfterMs: 7000 };
        return { kind: 'answer', status: 200, headers: new Headers(), body: new Uint8Array(Buffer.from(text)) };
      },
    });
    const own = { ...source, key: `feed:${feed}` };
    const observed = await reader.observe(own, latest, never);
    assert.deepEqual(observed, { kind: 'unknown', reason: 'status 429', ...(retryAfterMs && { retryAfterMs }) });
  }
});

test('what is not answered is unknown, and what is gone is absent', async () => {
  const reader = createReader();
  answers.set('/files/rocket-1.2.0.zip.asc?from=feed', { status: 403, body: '' });
  assert.equal((await factsOf()).signatures, 'unknown');
  answers.set('/files/rocket-1.2.0.zip?from=feed', { status: 503, body: '' });
  const observed = await reader.observe(source, latest, never);
  assert.equal('kind' in observed && observed.kind, 'unknown');
  answers.delete('/files/rocket-1.2.0.zip?from=feed');
  assert.deepEqual(await reader.observe(source, latest, never), { kind: 'absent' });
  const older = { ...latest, names: { version: '0.9.0' } };
  assert.deepEqual(await reader.observe(source, older, never), { kind: 'absent' });
  answers.set('/releases.xml', { status: 200, body: '<html><p>' });
  assert.equal((await reader.list(source, never)).kind, 'unknown');
  answers.delete('/releases.xml');
  assert.deepEqual(await reader.list(source, never), { kind: 'listed', artifacts: [] });
});

test('a public feed cannot have a private host asked', async () => {
  const asked: string[] = [];
  const reader = createFeedReader({
    ask: async ({ url, namedBy = '' }) => {
      asked.push(`${namedBy} ${url}`);
      return { kind: 'unknown', reason: 'nobody is there' };
    },
    ...{ readTrustedRoots: async () => [], builders: [], findPublisherKeys: async () => [], now: () => 0 },
  });
  await reader.list(source, never);
  assert.deepEqual(asked, [` http://${host}/releases.xml`]);
  const guarded = createAsk({ privateHosts: new Set([host]), now: () => 0 });
  const question = { url: `http://${host}/secret`, namedBy: 'https://feeds.example/', maxBytes: 100, signal: never };
  assert.equal((await guarded(question)).kind, 'unknown');
});

test('whatever a feed holds, it is read or refused: no DOCTYPE, no other schemes, no credentials', () => {
  const item = (url: string) =>
    `<rss><channel><item><title>1.0.0</title><enclosure url="${url}"/></item></channel></rss>`;
  assert.equal(readEntries(item('https://dl.example/a'), 'https://dl.example/')?.length, 1);
  for (const url of ['file:///etc/passwd', 'https://a:b@dl.example/', 'https://', 'javascript:1']) {
    assert.deepEqual(readEntries(item(url), 'https://dl.example/'), [], url);
  }
  assert.equal(readEntries(`<!DOCTYPE rss [<!ENTITY a "b">]>${item('https://dl.example/')}`, 'https://x/'), undefined);
  assert.equal(readEntries('<rss>'.repeat(40), 'https://x/'), undefined);
  const words = fc.constantFrom(
    '<rss>',
    '<item>',
    '</item>',
    '<enclosure url="a"/>',
    '<title>1.0',
    '</title>',
    '&amp;',
    '<![CDATA[',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: codePoint }),
        fc.array(words).map((all) => all.join('')),
      ),
      (text) => {
        readEntries(text, 'https://dl.example/');
      },
    ),
  );
});
