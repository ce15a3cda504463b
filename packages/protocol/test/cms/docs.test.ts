/** The examples of docs/protocol/pkcs12.md and cms.md do what they say. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type Pkcs12Contents, parsePkcs12 } from '@signpost/protocol/cms/pkcs12';
import {
  createImprint,
  createNonce,
  encodeTimestampRequest,
  parseTimestampRequest,
} from '@signpost/protocol/cms/timestamp-request';
import { encodeGranted, parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { type VerifiedTimestamp, verifyTimestamp } from '@signpost/protocol/cms/verify-timestamp';
import { encodePkcs12 } from '@signpost/protocol/cms/write-pkcs12';
import { createServer } from '../x509/authority.ts';
import { message, root, sign } from './scene.ts';

/** What the page's example leaves in `names`; its imports are exactly `exported`. */
async function runExample(page: string, exported: object, { given, names }: { given: object; names: string }) {
  const text = await readFile(new URL(`../../../../docs/protocol/${page}.md`, import.meta.url), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(text) ?? [];
  const [imports, code] = example.split('\n\n');
  const imported = [...(imports ?? '').matchAll(/import \{ (.+) \}/g)].flatMap(([, all = '']) => all.split(', '));
  assert.deepEqual(imported, Object.keys(exported));
  const parts = { ...exported, ...given };
  const run = new Function(...Object.keys(parts), `return (async () => { ${code}\n return { ${names} }; })();`);
  return run(...Object.values(parts));
}

test('the example of pkcs12.md writes a file and reads it', async () => {
  const host = await createServer();
  const given = { pkcs8: host.pkcs8, certificate: host.certificate.bytes, chain: [], password: 'x' };
  const exported = { parsePkcs12, encodePkcs12 };
  const found: Pkcs12Contents = await runExample('pkcs12', exported, { given, names: 'keys, certificates' });
  assert.deepEqual(found.keys[0]?.pkcs8, host.pkcs8);
  assert.deepEqual(found.certificates[0]?.bytes, host.certificate.bytes);
});

test('the example of cms.md asks for a timestamp and verifies it', async () => {
  const ask = async (request: Uint8Array<ArrayBuffer>) => {
    const { imprint, nonce } = parseTimestampRequest(request);
    return encodeGranted(await sign({ imprint, nonce }));
  };
  const given = { bytes: message, ask, anchors: [root.certificate] };
  const requests = { createImprint, createNonce, encodeTimestampRequest };
  const exported = { ...requests, parseTimestampResponse, verifyTimestamp };
  const found: VerifiedTimestamp = await runExample('cms', exported, { given, names: 'info, path' });
  assert.deepEqual(found.path.anchor, root.certificate);
});
