/** `signpost fetch` from a registry that does not answer everybody: name and password go to it, and to nobody else. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sha256Hex } from '../../../protocol/test/sigstore/minted.ts';
import { createEvidence } from '../evidence/minted.ts';
import { run } from '../support/run.ts';
import { type Answer, bundleFor, startPlace } from './place.ts';

const { cwd } = await createEvidence({ after });
const place = await startPlace({ after });
const stranger = await startPlace({ after });
const { host } = new URL(place.base);
const config = join(cwd, 'registry.json');
const basic = `Basic ${Buffer.from('ada:open:sesame').toString('base64')}`;
const bytes = Buffer.from('only for members');
/** What the registry says to whoever is not known, and what it wants then. */
let [challenge, wanted] = ['', ''];

const guard =
  (answer: Uint8Array | string): Answer =>
  ({ headers }, response) => {
    if (headers.authorization === wanted) response.writeHead(200).end(answer);
    else response.writeHead(401, { 'www-authenticate': challenge }).end();
  };

/** An image of one layer, with its bundle among the referrers. */
async function publish(): Promise<void> {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const describe = (content: Uint8Array) => ({ digest: `sha256:${sha256Hex(content)}`, size: content.length });
  const write = (...layers: readonly Uint8Array[]) =>
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, layers: layers.map(describe) }));
  const manifest = write(bytes);
  const bundle = Buffer.from(await bundleFor(manifest));
  const holder = write(bundle);
  const index = JSON.stringify({ schemaVersion: 2, manifests: [{ ...describe(holder), artifactType }] });
  const api = '/v2/acme/secret';
  place.answers.set(`${api}/manifests/v1`, guard(manifest));
  place.answers.set(`${api}/manifests/sha256:${sha256Hex(holder)}`, guard(holder));
  place.answers.set(`${api}/referrers/sha256:${sha256Hex(manifest)}`, guard(index));
  for (const blob of [bytes, bundle]) place.answers.set(`${api}/blobs/sha256:${sha256Hex(blob)}`, guard(blob));
  place.answers.set('/token?scope=repository%3Aacme%2Fsecret%3Apull', ({ headers }, response) => {
    if (headers.authorization === basic) response.writeHead(200).end('{"token":"private"}');
    else response.writeHead(401).end();
  });
}

await publish();

function ask(...words: readonly string[]) {
  const trust = ['--policy', 'signers.yaml', '--trusted-root', 'root.json', '--source', 'secret'];
  return run(['fetch', `oci://${host}/acme/secret:v1`, ...trust, '--out', 'layer', ...words], { cwd });
}

const withConfig = ['--registry-config', config];

function writeConfig(auths: object): Promise<void> {
  return writeFile(config, JSON.stringify({ auths }));
}

for (const [scheme, words, token] of [
  ['to whoever gives its tokens', `Bearer realm="${place.base}/token"`, 'Bearer private'],
  ['to itself', 'Basic realm="acme"', basic],
] as const) {
  test(`a registry that wants name and password ${scheme} gets them, and nothing without them`, async () => {
    [challenge, wanted] = [words, token];
    await writeConfig({ [host]: { auth: basic.slice('Basic '.length) } });
    assert.equal((await ask()).code, 3);
    const { code, stdout, stderr } = await ask(...withConfig);
    assert.equal(code, 0, stdout + stderr);
    assert.deepEqual(await readFile(join(cwd, 'layer')), bytes);
  });
}

test('somebody else whom the registry names over plain HTTP is not even asked', async () => {
  [challenge, wanted] = [`Bearer realm="${stranger.base}/token"`, 'Bearer private'];
  await writeConfig({ [host]: { auth: basic.slice('Basic '.length) } });
  assert.equal((await ask(...withConfig)).code, 3);
  assert.deepEqual(stranger.asked, []);
});

for (const [what, text] of [
  ['no JSON', '{'],
  ['no registries', '{}'],
  ['another registry', '{"auths":{"other.example":{"auth":"YTpi"}}}'],
  ['a helper that keeps the password', JSON.stringify({ auths: { [host]: {} }, credsStore: 'desktop' })],
  ['a password that is no base64', JSON.stringify({ auths: { [host]: { auth: 'sesame!' } } })],
] as const) {
  test(`a configuration of ${what} is refused, without its text`, async () => {
    await writeFile(config, text);
    const { code, stderr } = await ask(...withConfig);
    assert.equal(code, 2);
    assert.doesNotMatch(stderr, /sesame/);
  });
}

test('name and password for what is in no registry are refused', async () => {
  const words = ['--policy', 'signers.yaml', '--trusted-root', 'root.json', '--out', 'x', ...withConfig];
  assert.equal((await run(['fetch', `${place.base}/x`, ...words], { cwd })).code, 2);
});
