/** What docs/protocol says is what the code does: its examples, its codes, its steps, its members. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { catalogueStepNames, stepNames } from '@signpost/protocol/client/steps';
import { trustErrorCodes } from '@signpost/protocol/errors';
import { encodeCanonical } from '@signpost/protocol/json/canonical';
import { parseSignable } from '@signpost/protocol/json/parse';
import { hashLeaf } from '@signpost/protocol/tlog/merkle';
import { createManifestEntry, encodeLogEntry } from '@signpost/protocol/updates/log-entry';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { openWorld } from './client/world.ts';
import { createRoots, now, rootA, signManifest, signTrust } from './documents.ts';

function readPage(name: string): Promise<string> {
  return readFile(new URL(`../../../docs/protocol/${name}.md`, import.meta.url), 'utf8');
}

async function readBlocks(name: string, language: string): Promise<readonly string[]> {
  const blocks = (await readPage(name)).matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\\n\`\`\``, 'gs'));
  return [...blocks].map(([, text = '']) => text);
}

/** The names in backquotes that open the rows of a page's tables, in the column counted from 0. */
async function readNames(name: string, column: number): Promise<readonly string[]> {
  const rows = (await readPage(name)).split('\n').filter((line) => line.startsWith('|'));
  return rows.flatMap((row) =>
    [...(row.split(/(?<!\\)\|/)[column + 1] ?? '').matchAll(/`([a-z0-9_]+)`/g)].map(([, text = '']) => text),
  );
}

test('errors.md lists every code, in the order of the code', async () => {
  assert.deepEqual(await readNames('errors', 0), trustErrorCodes);
});

test('client.md lists every step, in the order of the code', async () => {
  assert.deepEqual(await readNames('client', 1), stepNames);
});

test('catalogue.md lists every step, in the order of the code', async () => {
  const names = (await readNames('catalogue', 0)).filter((name) => name.startsWith('catalogue_'));
  assert.deepEqual(
    names.filter((name) => name !== 'catalogue_schema_version'),
    catalogueStepNames,
  );
});

test('trust-list.md and manifest.md name every member', async () => {
  const shapes = JSON.parse(await readFile(new URL('../vectors/shapes.json', import.meta.url), 'utf8')) as Record<
    string,
    object
  >;
  for (const [page, shape] of [
    ['trust-list', 'trust'],
    ['manifest', 'manifest'],
  ] as const) {
    const members = Object.keys(shapes[shape] ?? {}).map((member) => member.replace('?', ''));
    assert.deepEqual([...(await readNames(page, 0))].sort(), members.sort());
  }
});

test('the example of canonical-json.md is right to the byte', async () => {
  const [given = '', canonical = ''] = await readBlocks('canonical-json', 'json');
  const bytes = encodeCanonical(parseSignable(encodeText(given), 1000));
  assert.deepEqual(bytes, encodeText(canonical));
  assert.ok((await readPage('canonical-json')).includes(`these ${bytes.length} bytes`));
});

test('the examples of trust-list.md and manifest.md are accepted with the digests stated', async () => {
  const [trustText = ''] = await readBlocks('trust-list', 'json');
  const [manifestText = ''] = await readBlocks('manifest', 'json');
  assert.equal(trustText, await signTrust());
  assert.equal(manifestText, await signManifest());
  const trust = await verifyTrustList(encodeText(trustText), { roots: await createRoots([rootA]), now });
  const manifest = await verifyManifest(encodeText(manifestText), { trust, project: 'demo', channel: 'stable', now });
  assert.ok((await readPage('trust-list')).includes(trust.digest));
  assert.ok((await readPage('trust-list')).includes(rootA.pubkeyB64));
  assert.ok((await readPage('manifest')).includes(manifest.digest));
});

test('the example of log.md is the entry of the example of manifest.md, with the leaf hash stated', async () => {
  const trust = await verifyTrustList(encodeText(await signTrust()), { roots: await createRoots([rootA]), now });
  const context = { trust, project: 'demo', channel: 'stable', now };
  const manifest = await verifyManifest(encodeText(await signManifest()), context);
  const entry = encodeLogEntry(createManifestEntry(manifest, 'default'));
  assert.equal((await readBlocks('log', 'json'))[0], parseText(entry));
  assert.ok((await readPage('log')).includes(`\`${encodeHex(hashLeaf(entry))}\``));
});

test('the example of client.md prints what it says', async () => {
  await using world = await openWorld();
  const client = world.createClient();
  const found = await client.checkForUpdate({ project: 'demo', installedVersion: '1.1.0' });
  assert.ok(found.kind === 'update');
  await client.download(found.manifest.main, { write() {}, commit() {}, abort() {} });
  const printed = world.steps.map(({ name, detail }) => `${name}: ${detail}`);
  assert.deepEqual((await readBlocks('client', 'text'))[0]?.split('\n'), printed);
});
