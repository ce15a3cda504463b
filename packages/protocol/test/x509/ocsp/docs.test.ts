/** The example of docs/protocol/ocsp.md does what it says. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createCertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import { encodeOcspRequest, parseOcspRequest } from '@signpost/protocol/x509/ocsp/request';
import { parseOcspResponse } from '@signpost/protocol/x509/ocsp/response';
import { type VerifiedStatus, verifyOcspResponse } from '@signpost/protocol/x509/ocsp/verify-response';
import { createAuthority, createServer } from '../authority.ts';
import { createResponder, describeStatus, respond } from './responses.ts';

test('the example of ocsp.md asks a responder', async () => {
  const page = await readFile(new URL('../../../../../docs/protocol/ocsp.md', import.meta.url), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(page) ?? [];
  const [imports, code] = example.split('\n\n');
  const exported = { createCertificateId, encodeOcspRequest, parseOcspResponse, verifyOcspResponse };
  const imported = [...(imports ?? '').matchAll(/import \{ (\w+) \}/g)].map(([, name]) => name);
  assert.deepEqual(imported, Object.keys(exported));

  const root = await createAuthority();
  const host = await createServer({ issuer: root });
  const responder = await createResponder(root);
  const post = async (bytes: Uint8Array<ArrayBuffer>) => {
    const { nonce } = parseOcspRequest(bytes);
    return respond(responder, [await describeStatus(host, root)], { nonce });
  };
  const given = { ...exported, post, certificate: host.certificate, issuer: root.certificate };
  const run = new Function(...Object.keys(given), `return (async () => { ${code} return status; })();`);
  const status = (await run(...Object.values(given))) as VerifiedStatus;
  assert.equal(status.certificate, host.certificate);
});
