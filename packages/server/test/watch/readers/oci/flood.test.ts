/** Images on which more hangs than is read in one look. */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { encodeBundle, mintStatement, signedAt, signOlder } from '../signing.ts';
import { digestOf, manifestType, putImage, putOlderSignatures, putReferrer, simpleSigning } from './images.ts';
import { type MemoryRegistry, startMemoryRegistry } from './memory-registry.ts';
import { type Look, lookAt, outcomesOf } from './scene.ts';

const images: MemoryRegistry = await startMemoryRegistry();
after(() => images.close());
beforeEach(() => images.clear());

const hexOf = (digest: string) => digest.slice('sha256:'.length);
const unsigned = async () => putImage(images, '1.0.0');
const see = () => lookAt(images.host).see('1.0.0');

test('that holds thousands of signatures is read up to a limit, which is told', async () => {
  const digest = await unsigned();
  const good = await signOlder(hexOf(digest));
  const junk = { payload: encodeText('junk'), annotations: {} };
  await putOlderSignatures(images, digest, [good, ...Array.from({ length: 2000 }, () => junk)]);
  const { facts } = await see();
  assert.equal(facts.isCapped, true);
  assert.ok(facts.signatures !== 'unknown' && facts.signatures.some(({ outcome }) => outcome === 'verified'));
});

test('whoever fills one place hides nothing in another', async () => {
  const digest = await unsigned();
  const junk = { payload: encodeText('junk'), annotations: {} };
  await putOlderSignatures(
    images,
    digest,
    Array.from({ length: 200 }, () => junk),
  );
  const bundle = encodeBundle(await mintStatement(hexOf(digest)));
  images.referrers.set(digest, [await putReferrer(images, digest, bundle)]);
  assert.deepEqual(outcomesOf(await see()), ['bundle verified', 'sig-tag invalid malformed']);
});

test('whoever hangs a hundred things on an image makes nothing of it unknown, however slow the registry is', async () => {
  const digest = await unsigned();
  await putOlderSignatures(images, digest, [await signOlder(hexOf(digest))]);
  const junk = await Promise.all(
    Array.from({ length: 100 }, (_, at) => putReferrer(images, digest, encodeText(`junk ${at}`))),
  );
  for (const msEach of [0, 300, 900, 1200, 1500]) {
    images.referrers.set(digest, junk);
    let at = signedAt;
    const look = lookAt(images.host, { now: () => at, asked: () => (at += msEach) });
    images.requests.length = 0;
    const { facts } = await look.see('1.0.0');
    assert.ok(facts.signatures !== 'unknown', `at ${msEach} ms a request`);
    assert.ok(facts.signatures.some(({ outcome }) => outcome === 'verified'));
    assert.ok(facts.isCapped && images.requests.length < 70);
  }
});

test('what was left out is read in the next looks, and what says that it is a signature and is new comes first', async () => {
  const digest = await unsigned();
  const junk = await Promise.all(
    Array.from({ length: 40 }, (_, at) => putReferrer(images, digest, encodeText(`junk ${at}`))),
  );
  const good = await putReferrer(images, digest, encodeBundle(await mintStatement(hexOf(digest))));
  const isVerified = ({ facts: { signatures } }: Awaited<ReturnType<Look['see']>>) =>
    signatures !== 'unknown' && signatures.some(({ outcome }) => outcome === 'verified');
  images.referrers.set(digest, [...junk, good]);
  const look = lookAt(images.host);
  assert.deepEqual([isVerified(await look.see('1.0.0')), isVerified(await look.see('1.0.0'))], [false, true]);
  const quiet = junk.map((one) => ({ ...one, artifactType: 'application/octet-stream' }));
  images.referrers.set(digest, [...quiet, good]);
  assert.ok(isVerified(await lookAt(images.host).see('1.0.0')));
  const annotations = { 'org.opencontainers.image.created': '2026-01-02T00:00:00Z' };
  images.referrers.set(digest, [...junk, { ...good, annotations }]);
  assert.ok(isVerified(await lookAt(images.host).see('1.0.0')));
});

test('a signature that is too long is left out, which is told', async () => {
  const digest = await unsigned();
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(encodeText('{}')), size: 2 };
  const layers = [{ mediaType: simpleSigning, digest: digestOf(encodeText('x')), size: 7 * 1024 * 1024 }];
  const manifest = encodeText(JSON.stringify({ schemaVersion: 2, config, layers }));
  await images.putManifest(`${digest.replace(':', '-')}.sig`, manifest, manifestType);
  const seen = await see();
  assert.deepEqual([seen.facts.isCapped, outcomesOf(seen)], [true, []]);
  assert.ok(!images.requests.some((request) => request.startsWith('GET blobs/')));
});
