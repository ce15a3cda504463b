/** The example of docs/protocol/x509.md does what it says. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { encodePem, parsePem } from '@signpost/protocol/asn1/pem';
import { parseCertificate } from '@signpost/protocol/x509/certificate';
import { purposes } from '@signpost/protocol/x509/oids';
import { parseServerName } from '@signpost/protocol/x509/server-name';
import { type VerifiedPath, verifyCertificate } from '@signpost/protocol/x509/verify-certificate';
import { createAuthority, createServer } from './authority.ts';

test('the example of x509.md verifies a chain', async () => {
  const page = await readFile(new URL('../../../../docs/protocol/x509.md', import.meta.url), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(page) ?? [];
  const [imports, code] = example.split('\n\n');
  const exported = { parsePem, parseCertificate, purposes, parseServerName, verifyCertificate };
  const imported = [...(imports ?? '').matchAll(/import \{ (\w+) \}/g)].map(([, name]) => name);
  assert.deepEqual(imported, Object.keys(exported));

  const root = await createAuthority();
  const intermediate = await createAuthority({ issuer: root });
  const host = await createServer({ issuer: intermediate });
  const chainText = [host, intermediate].map((one) => encodePem('CERTIFICATE', one.certificate.bytes)).join('');
  const given = { ...exported, chainText, anchors: [root.certificate] };
  const run = new Function(...Object.keys(given), `return (async () => { ${code} return path; })();`);
  const path = (await run(...Object.values(given))) as VerifiedPath;
  assert.equal(path.anchor, root.certificate);
  assert.deepEqual(path.certificate, host.certificate);
});
