/** Repositories of TUF are followed and releases fetched alike in Node, in a bare context and in Chromium, whether they are good or damaged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText, parseText } from '@signpost/protocol/bytes/text';
import { createRandom, pick } from '../fuzz/der-damage.ts';
import { damageJson } from '../fuzz/json-damage.ts';
import * as instance from '../sigstore/instance.ts';
import { describeStatement, mint, sha256Hex } from '../sigstore/minted.ts';
import { createTestKey, nameKeys, now, TestRepository } from '../tuf/repository.ts';
import { findMissingBrowser, withPage } from './browser.ts';
import { bundleForWeb, withBuiltPackage } from './bundle.ts';
import {
  type Answer,
  type DownloadFiles,
  type PortableDownloads,
  type RepositoryFiles,
  runDownloads,
} from './download-entry.ts';

const base = 'https://x.example';
const registry = `${base}/v2/acme/app`;

const entry = fileURLToPath(new URL('download-entry.ts', import.meta.url));
const files: PortableDownloads = { repositories: await createRepositories(), downloads: await createDownloads() };
const expected = await runDownloads(files);
const script = await withBuiltPackage((folder) => bundleForWeb(entry, folder));

/** One with delegations and a key that was rotated, as it is, and with one file damaged at a time. */
async function createRepositories(): Promise<readonly RepositoryFiles[]> {
  const repository = await TestRepository.create();
  const { pinnedRoot } = repository;
  await repository.delegate('targets', 'team', { paths: ['a/*.txt'] });
  await repository.delegate('team', 'bins', { path_hash_prefixes: ['0', '5', 'a', 'f'] });
  await repository.addTarget('a/deep.txt', 'deep', 'bins');
  const newKey = await createTestKey();
  repository.keys.timestamp = [newKey];
  repository.root.roles.timestamp = nameKeys(repository.root, [newKey]);
  await repository.publishNextRoot();
  await repository.publishNext();
  const good = Object.fromEntries([...repository.files].map(([path, bytes]) => [path, encodeBase64(bytes)]));
  const common = { pinnedRoot: encodeBase64(pinnedRoot), targets: ['file.txt', 'a/deep.txt', 'none'], now };
  const random = createRandom(11);
  const damaged = Array.from({ length: 60 }, () => {
    const [path, bytes] = pick(
      [...repository.files].filter(([name]) => name.endsWith('.json')),
      random,
    );
    const text = damageJson(parseText(bytes), parseText(pinnedRoot), random);
    return { ...common, files: { ...good, [path]: encodeBase64(encodeText(text)) } };
  });
  return [{ ...common, files: good }, { ...common, files: good, now: now + 1e12 }, ...damaged];
}

async function createDownloads(): Promise<readonly DownloadFiles[]> {
  const common = {
    trustedRoot: JSON.stringify(instance.describeTrustedRoot()),
    identities: [{ issuer: instance.issuer, subject: instance.subject }],
    now: instance.signedAt,
  };
  const [one, two] = ['version one', 'version two'];
  const capsule = JSON.stringify({ version: '1.2.3', targets: { linux: sha256Hex(encodeText(one)) } });
  const plain = { ...common, location: `${base}/app` };
  const moved: Answer = { status: 302, headers: { location: 'http://x.example/app' } };
  return [
    { ...plain, rounds: [await serve('app', two), await serve('app', one, -120_000), await serve('app', two)] },
    { ...plain, rounds: [{}, { ...(await serve('app', one)), [`${base}/app`]: answer(two) }] },
    { ...plain, rounds: [{ ...(await serve('app', one)), [`${base}/app`]: moved }] },
    { ...plain, rounds: [{ ...(await serve('app', one)), [`${base}/app`]: answer('x'.repeat(1001)) }] },
    {
      ...plain,
      capsule: { url: `${base}/manifest.json`, target: 'linux' },
      rounds: [{ ...(await serve('manifest.json', capsule)), [`${base}/app`]: answer(one) }],
    },
    {
      ...common,
      location: 'oci://x.example/acme/app:v1',
      rounds: [await serveRegistry(one), await serveRegistry(one, two)],
    },
  ];
}

function answer(text: string): Answer {
  return { body: encodeBase64(encodeText(text)) };
}

async function serve(path: string, text: string, later = 0): Promise<Readonly<Record<string, Answer>>> {
  const bundle = await bundleFor(text, later);
  return { [`${base}/${path}`]: answer(text), [`${base}/${path}.sigstore.json`]: answer(bundle) };
}

async function bundleFor(text: string, later = 0): Promise<string> {
  const payload = describeStatement([{ name: 'x', digest: { sha256: sha256Hex(encodeText(text)) } }]);
  return JSON.stringify(await mint({ payload, timestamps: [{ time: instance.signedAt + later }] }));
}

async function serveRegistry(blob: string, served = blob): Promise<Readonly<Record<string, Answer>>> {
  const describe = (text: string) => ({ digest: `sha256:${sha256Hex(encodeText(text))}`, size: text.length });
  const manifest = JSON.stringify({ layers: [describe(blob)] });
  const bundle = await bundleFor(manifest);
  const evidence = JSON.stringify({ layers: [describe(bundle)] });
  const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const referrers = JSON.stringify({ manifests: [{ ...describe(evidence), artifactType }] });
  return {
    challenge: { status: 401, headers: { 'www-authenticate': `Bearer realm="${base}/token",service="x.example"` } },
    [`${base}/token?service=x.example&scope=repository%3Aacme%2Fapp%3Apull`]: answer('{"token":"t"}'),
    [`${registry}/manifests/v1`]: answer(manifest),
    [`${registry}/referrers/${describe(manifest).digest}`]: answer(referrers),
    [`${registry}/manifests/${describe(evidence).digest}`]: answer(evidence),
    [`${registry}/blobs/${describe(bundle).digest}`]: answer(bundle),
    [`${registry}/blobs/${describe(blob).digest}`]: answer(served),
  };
}

test('Node takes what is good and refuses what is not', () => {
  assert.deepEqual(expected.slice(0, 5), [
    'accepted hello',
    'root snapshot targets timestamp',
    'accepted deep',
    'bins root snapshot targets team timestamp',
    'target_unknown expected metadata of the target "none"',
  ]);
  const ofDownloads = expected.slice(files.repositories.length * 6).filter((_, index) => index % 2 === 0);
  const codes = ofDownloads.map((verdict) => verdict.split(' ')[0]);
  assert.deepEqual(codes, [
    ...['accepted', 'source_replayed', 'accepted', 'fetch_failed', 'subject_mismatch', 'fetch_failed', 'too_large'],
    ...['accepted', 'accepted', 'digest_mismatch'],
  ]);
});

test('a bare context decides alike, with no more than these globals', async () => {
  const { crypto, atob, btoa, TextEncoder, TextDecoder, URL } = globalThis;
  const { Headers, Response, AbortController, AbortSignal, setTimeout, clearTimeout } = globalThis;
  const web = { Headers, Response, AbortController, AbortSignal, setTimeout, clearTimeout };
  const context = createContext({ crypto, atob, btoa, TextEncoder, TextDecoder, URL, ...web });
  runInContext(script, context);
  const verdicts = (await runInContext(
    `signpost.runDownloads(${JSON.stringify(files)})`,
    context,
  )) as readonly string[];
  assert.deepEqual([...verdicts], expected);
});

test('Chromium decides alike', { skip: findMissingBrowser() }, async () => {
  await withPage(script, async (page) => {
    const ask = (given: unknown) => (globalThis as unknown as BrowserGlobal).signpost.runDownloads(given);
    assert.deepEqual(await page.evaluate(ask, files), expected);
  });
});

interface BrowserGlobal {
  readonly signpost: { runDownloads(files: unknown): Promise<readonly string[]> };
}
