/** `signpost fetch --platform` from an index of several platforms: the index is what is signed, or each of its manifests. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { sha256Hex } from '../../../protocol/test/sigstore/minted.ts';
import { createEvidence } from '../evidence/minted.ts';
import { run } from '../support/run.ts';
import { bundleFor, startPlace } from './place.ts';

const { cwd } = await createEvidence({ after });
const place = await startPlace({ after });
const artifactType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const [amd64, arm64] = ['for amd64', 'for arm64'].map((text) => Buffer.from(text)) as [Buffer, Buffer];

/** Puts a document of the repository `name` where its digest leads to. */
function put(name: string, kind: 'manifests' | 'blobs', bytes: Buffer): { digest: string; size: number } {
  const digest = `sha256:${sha256Hex(bytes)}`;
  place.answers.set(`/v2/acme/${name}/${kind}/${digest}`, bytes);
  return { digest, size: bytes.length };
}

function putManifest(name: string, layer: Buffer) {
  return Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [put(name, 'blobs', layer)] }));
}

async function sign(name: string, subject: Buffer): Promise<void> {
  const holder = putManifest(name, Buffer.from(await bundleFor(subject)));
  const referrers = JSON.stringify({ manifests: [{ ...put(name, 'manifests', holder), artifactType }] });
  place.answers.set(`/v2/acme/${name}/referrers/sha256:${sha256Hex(subject)}`, referrers);
}

/** An index under the tag v1, of which `signed` is signed. */
async function publish(name: string, signed: 'index' | 'manifests' | 'nothing'): Promise<void> {
  const manifests = [amd64, arm64].map((layer) => putManifest(name, layer));
  const [first, second] = manifests.map((manifest) => put(name, 'manifests', manifest));
  const index = Buffer.from(
    JSON.stringify({
      manifests: [
        { ...first, platform: { os: 'linux', architecture: 'amd64' } },
        { ...second, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      ],
    }),
  );
  place.answers.set(`/v2/acme/${name}/manifests/v1`, index);
  if (signed === 'index') await sign(name, index);
  if (signed === 'manifests') for (const manifest of manifests) await sign(name, manifest);
}

function ask(name: string, ...words: readonly string[]) {
  const url = `${place.base.replace('http:', 'oci:')}/acme/${name}:v1`;
  return run(
    ['fetch', url, '--policy', 'signers.yaml', '--trusted-root', 'root.json', '--out', 'layer', '--json', ...words],
    {
      cwd,
    },
  );
}

for (const signed of ['index', 'manifests'] as const) {
  test(`of an index the file of the platform is installed when the ${signed} bears a signature, and holds offline`, async () => {
    await publish(signed, signed);
    for (const [platform, bytes] of [
      ['linux/amd64', amd64],
      ['linux/arm64/v8', arm64],
    ] as const) {
      const words = ['--platform', platform];
      const fetched = await ask(signed, ...words);
      assert.equal(fetched.code, 0, fetched.stdout);
      assert.deepEqual(await readFile(join(cwd, 'layer')), bytes);
      assert.equal((await ask(signed, ...words, '--offline')).code, 0, 'each platform is a source of its own');
      assert.deepEqual(await readFile(join(cwd, 'layer')), bytes);
    }
  });
}

test('a platform that is not there, none at all, or one of what is no index is refused', async () => {
  await publish('choice', 'index');
  const codes = async (name: string, ...words: readonly string[]) =>
    JSON.parse((await ask(name, ...words)).stdout).error.code;
  assert.equal(await codes('choice', '--platform', 'linux/s390x'), 'target_unknown');
  assert.equal(await codes('choice', '--platform', 'linux/arm64'), 'target_unknown');
  assert.equal(await codes('choice'), 'format_unsupported');
  place.answers.set('/v2/acme/choice/manifests/v1', putManifest('choice', amd64));
  assert.equal(await codes('choice', '--platform', 'linux/amd64'), 'format_unsupported');
  const words = ['--policy', 'signers.yaml', '--trusted-root', 'root.json', '--out', 'x', '--platform', 'linux/amd64'];
  assert.equal((await run(['fetch', `${place.base}/x`, ...words], { cwd })).code, 2);
});

test('without a signature, or with a manifest that the index does not name, nothing is installed', async () => {
  await publish('unsigned', 'nothing');
  assert.equal((await ask('unsigned', '--platform', 'linux/amd64')).code, 3);
  await publish('swapped', 'index');
  const digest = sha256Hex(putManifest('swapped', amd64));
  place.answers.set(`/v2/acme/swapped/manifests/sha256:${digest}`, putManifest('swapped', arm64));
  const swapped = await ask('swapped', '--platform', 'linux/amd64');
  assert.equal(JSON.parse(swapped.stdout).error.code, 'digest_mismatch');
});
