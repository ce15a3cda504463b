/** Certificates, answers, timestamps and key files are read, judged, verified and made alike in Node, in a bare context and in Chromium. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import type { KeyType } from '@signpost/protocol/keys/key-type';
import * as timestamps from '../cms/scene.ts';
import { createRandom } from '../fuzz/der-damage.ts';
import { damageOne } from '../fuzz/der-fuzz.ts';
import { createFuzzSeeds } from '../fuzz/der-seeds.ts';
import { createAuthority, createServer, now } from '../x509/authority.ts';
import { describeStatus, respond } from '../x509/ocsp/responses.ts';
import { findMissingBrowser, withPage } from './browser.ts';
import { bundleForWeb, withBuiltPackage } from './bundle.ts';
import { type PkiFiles, type PkiOutcome, runPki } from './pki-entry.ts';

const entry = fileURLToPath(new URL('pki-entry.ts', import.meta.url));
const files = await createFiles();
const expected = await runPki(files);
const script = await withBuiltPackage((folder) => bundleForWeb(entry, folder));

async function createFiles(): Promise<PkiFiles> {
  const keyTypes: readonly KeyType[] = [
    { kind: 'ecdsa', curve: 'P-256' },
    { kind: 'ecdsa', curve: 'P-384' },
    { kind: 'ecdsa', curve: 'P-521' },
    { kind: 'rsa', modulusBits: 2048 },
    { kind: 'ed25519' },
  ];
  const root = await createAuthority();
  const hosts = await Promise.all(keyTypes.map((keyType) => createServer({ issuer: root, keyType })));
  const answers = await Promise.all(hosts.map(async (host) => respond(root, [await describeStatus(host, root)])));
  const seeds = await createFuzzSeeds();
  const random = createRandom(7);
  const damaged = Array.from({ length: 1500 }, () => damageOne(seeds, random));
  return {
    things: [...seeds, ...damaged].map(({ kind, bytes }) => ({ kind, bytes: encodeBase64(bytes) })),
    root: encodeBase64(root.certificate.bytes),
    hosts: hosts.map(({ certificate }) => encodeBase64(certificate.bytes)),
    answers: answers.map(encodeBase64),
    token: {
      bytes: encodeBase64(await timestamps.sign()),
      root: encodeBase64(timestamps.root.certificate.bytes),
      message: encodeBase64(timestamps.message),
    },
    at: now,
  };
}

function assertSame(outcome: PkiOutcome): void {
  assert.deepEqual([...outcome.verdicts], expected.verdicts);
  assert.deepEqual(
    [outcome.hosts, outcome.timestamp, ...outcome.keys],
    [expected.hosts, expected.timestamp, ...expected.keys],
  );
}

test('Node accepts what is good and refuses most of what is damaged', () => {
  const accepted = expected.verdicts.filter((verdict) => verdict === 'accepted').length;
  assert.ok(accepted > 20 && accepted < 800, `${accepted} accepted`);
  assert.equal(expected.keys.length, 5);
});

test('a bare context decides alike, with no more than these globals', async () => {
  const { crypto, atob, btoa, TextEncoder, TextDecoder } = globalThis;
  const context = createContext({ crypto, atob, btoa, TextEncoder, TextDecoder });
  runInContext(script, context);
  assertSame((await runInContext(`signpost.runPki(${JSON.stringify(files)})`, context)) as PkiOutcome);
});

test('Chromium decides alike', { skip: findMissingBrowser() }, async () => {
  await withPage(script, async (page) => {
    assertSame(await page.evaluate((given) => (globalThis as unknown as BrowserGlobal).signpost.runPki(given), files));
  });
});

interface BrowserGlobal {
  readonly signpost: { runPki(files: unknown): Promise<PkiOutcome> };
}
