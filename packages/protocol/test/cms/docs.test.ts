/** The example of docs/protocol/pkcs12.md does what it says. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type Pkcs12Contents, parsePkcs12 } from '@signpost/protocol/cms/pkcs12';
import { encodePkcs12 } from '@signpost/protocol/cms/write-pkcs12';
import { createServer } from '../x509/authority.ts';

test('the example of pkcs12.md writes a file and reads it', async () => {
  const page = await readFile(new URL('../../../../docs/protocol/pkcs12.md', import.meta.url), 'utf8');
  const [, example = ''] = /```ts\n(.*?)```/s.exec(page) ?? [];
  const [imports, code] = example.split('\n\n');
  const exported = { parsePkcs12, encodePkcs12 };
  const imported = [...(imports ?? '').matchAll(/import \{ (\w+) \}/g)].map(([, name]) => name);
  assert.deepEqual(imported, Object.keys(exported));

  const host = await createServer();
  const given = { pkcs8: host.pkcs8, certificate: host.certificate.bytes, chain: [], password: 'x' };
  const parts = { ...exported, ...given };
  const run = new Function(...Object.keys(parts), `return (async () => { ${code} return { keys, certificates }; })();`);
  const found = (await run(...Object.values(parts))) as Pkcs12Contents;
  assert.deepEqual(found.keys[0]?.pkcs8, host.pkcs8);
  assert.deepEqual(found.certificates[0]?.bytes, host.certificate.bytes);
});
