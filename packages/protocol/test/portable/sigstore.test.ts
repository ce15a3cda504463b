/** Bundles are verified alike in Node, in a bare context and in Chromium, whether they are good or damaged. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { createRandom, type Random } from '../fuzz/der-damage.ts';
import * as instance from '../sigstore/instance.ts';
import { artifact, describeStatement, mint, type Plan, writeIntotoBody } from '../sigstore/minted.ts';
import { createServer } from '../x509/authority.ts';
import { findMissingBrowser, withPage } from './browser.ts';
import { bundleForWeb, withBuiltPackage } from './bundle.ts';
import { runSigstore, type SigstoreFiles } from './sigstore-entry.ts';

const entry = fileURLToPath(new URL('sigstore-entry.ts', import.meta.url));
const damagedOfEach = 25;
const files = await createFiles();
const expected = await runSigstore(files);
const script = await withBuiltPackage((folder) => bundleForWeb(entry, folder));

async function createFiles(): Promise<SigstoreFiles> {
  const managed = await createServer();
  const older = { log: instance.log };
  const plans: readonly Plan[] = [
    {},
    { entries: [older], timestamps: [] },
    { version: '0.1', entries: [older] },
    { payload: describeStatement() },
    { payload: describeStatement(), entries: [older] },
    { payload: describeStatement(), entries: [{ ...older, body: writeIntotoBody }] },
    { signer: await instance.createSignerParty({ keyType: { kind: 'rsa', modulusBits: 2048 } }), entries: [older] },
    { signer: managed, isManaged: true },
  ];
  const random = createRandom(3);
  const bundles: { text: string; key: string | undefined }[] = [];
  for (const plan of plans) {
    const text = JSON.stringify(await mint(plan));
    const key = plan.isManaged ? encodeBase64(managed.signer.subjectKey.spki) : undefined;
    bundles.push({ text, key });
    for (let count = 0; count < damagedOfEach; count++) bundles.push({ text: damageText(text, random), key });
  }
  const [sha256 = '', sha384 = '', sha512 = ''] = ['sha256', 'sha384', 'sha512'].map((name) =>
    createHash(name).update(artifact).digest('base64'),
  );
  return {
    trustedRoot: JSON.stringify(instance.describeTrustedRoot()),
    artifact: encodeBase64(artifact),
    digests: [sha256, sha384, sha512],
    identities: [{ issuer: instance.issuer, subject: instance.subject }],
    bundles,
    now: instance.signedAt,
  };
}

/** One character of base64 is another one, mostly. */
function damageText(text: string, random: Random): string {
  const at = Math.floor(random() * text.length);
  return `${text.slice(0, at)}${text[at] === 'B' ? 'C' : 'B'}${text.slice(at + 1)}`;
}

test('Node accepts what is good and refuses nearly all that is damaged', () => {
  const accepted = expected.filter((verdict) => verdict.startsWith('accepted'));
  assert.ok(accepted.length >= 24 && accepted.length < 40, `${accepted.length} of ${expected.length}`);
});

test('a bare context decides alike, with no more than these globals', async () => {
  const { crypto, atob, btoa, TextEncoder, TextDecoder, URL } = globalThis;
  const context = createContext({ crypto, atob, btoa, TextEncoder, TextDecoder, URL });
  runInContext(script, context);
  const verdicts = (await runInContext(`signpost.runSigstore(${JSON.stringify(files)})`, context)) as readonly string[];
  assert.deepEqual([...verdicts], expected);
});

test('Chromium decides alike', { skip: findMissingBrowser() }, async () => {
  await withPage(script, async (page) => {
    const ask = (given: unknown) => (globalThis as unknown as BrowserGlobal).signpost.runSigstore(given);
    assert.deepEqual(await page.evaluate(ask, files), expected);
  });
});

interface BrowserGlobal {
  readonly signpost: { runSigstore(files: unknown): Promise<readonly string[]> };
}
