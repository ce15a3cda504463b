/** Manifests as registries send them, and as strangers may. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import fc from 'fast-check';
import { parseDockerConfig } from '../../../../src/watch/readers/oci/docker-config.ts';
import { classifyLayer, mayBeEvidence } from '../../../../src/watch/readers/oci/layer-kind.ts';
import { isDigest, parseManifest } from '../../../../src/watch/readers/oci/manifest.ts';
import { parsePlace } from '../../../../src/watch/readers/oci/place.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const parse = (value: unknown) => parseManifest(encodeText(JSON.stringify(value)));

test('a manifest is read as far as signatures hang on it', () => {
  const layer = { mediaType: 'a/b', digest, size: 7, annotations: { c: 'd', e: 5 } };
  const read = { ...layer, artifactType: undefined, annotations: new Map([['c', 'd']]) };
  const manifest = parse({ config: { mediaType: 'x/y' }, layers: [layer], artifactType: '' });
  assert.deepEqual(manifest, { artifactType: 'x/y', layers: [read], manifests: [] });
  assert.deepEqual(parse({ artifactType: 'z', blobs: [layer] })?.layers, [read]);
  assert.deepEqual(parse({ manifests: [{ ...layer, artifactType: 't' }] })?.manifests, [
    { ...read, artifactType: 't' },
  ]);
});

test('what leads nowhere is left out, and what is no object is no manifest', () => {
  const wrong = [
    {},
    7,
    null,
    { digest, size: -1 },
    { digest, size: '7' },
    { digest: 'sha512:aa', size: 1 },
    { size: 1 },
  ];
  assert.deepEqual(parse({ layers: wrong, manifests: 'none' }), { artifactType: undefined, layers: [], manifests: [] });
  for (const value of [[], null, 7, 'text']) assert.equal(parse(value), undefined);
  for (const text of ['', '{', '\ufeff{}']) assert.equal(parseManifest(encodeText(text)), undefined, text);
});

test('any bytes are a manifest whose descriptors lead somewhere, or none', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map(encodeText),
    fc.array(fc.jsonValue()).map((layers) => encodeText(JSON.stringify({ layers, config: layers[0] }))),
  );
  fc.assert(
    fc.property(bytes, (some) => {
      const { layers = [], manifests = [] } = parseManifest(Uint8Array.from(some)) ?? {};
      assert.ok([...layers, ...manifests].every((one) => isDigest(one.digest) && one.size >= 0));
    }),
  );
});

test('any configuration of Docker is read or refused', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (auths, credHelpers) => {
      try {
        parseDockerConfig(encodeText(JSON.stringify({ auths, credHelpers })));
      } catch (error) {
        assert.equal((error as Error).name, 'TrustError');
      }
    }),
  );
});

test('what a layer is says its media type, to the letter', () => {
  const kinds = {
    'application/vnd.dev.sigstore.bundle.v0.3+json': 'bundle',
    'application/vnd.dev.sigstore.bundle+json;version=0.1': 'bundle',
    'application/vnd.dev.cosign.simplesigning.v1+json': 'cosign-signature',
    'application/vnd.dsse.envelope.v1+json': 'envelope',
    'application/vnd.in-toto.provenance+dsse': 'envelope',
    'application/vnd.cyclonedx+json': 'sbom',
    'text/spdx+json': 'sbom',
    'application/jose+json': 'foreign-signature',
    'application/vnd.oci.image.layer.v1.tar+gzip': undefined,
    'application/vnd.dev.sigstore.bundle.v0.3+json.gz': undefined,
    'x-application/spdx+json': undefined,
  };
  for (const [mediaType, kind] of Object.entries(kinds)) assert.equal(classifyLayer(mediaType), kind, mediaType);
});

test('an artifact is looked into when it may be evidence, or does not say what it is', () => {
  for (const type of [undefined, 'application/vnd.oci.empty.v1+json', 'application/vnd.cncf.notary.signature']) {
    assert.equal(mayBeEvidence(type), true, type);
  }
  for (const type of ['application/vnd.dev.cosign.artifact.sig.v1+json', 'application/vnd.in-toto+json', 'text/spdx']) {
    assert.equal(mayBeEvidence(type), true, type);
  }
  for (const type of ['application/vnd.cncf.helm.config.v1+json', 'application/vnd.wasm.config.v0+json']) {
    assert.equal(mayBeEvidence(type), false, type);
  }
});

test('a key leads to the API of its registry, over TLS unless it is on this machine or listed', () => {
  const originOf = (key: string) => parsePlace(key, new Set(['plain.example:5000'])).origin;
  assert.equal(originOf('oci:docker.io/library/postgres'), 'https://registry-1.docker.io');
  assert.equal(originOf('oci:ghcr.io/org/app'), 'https://ghcr.io');
  assert.equal(originOf('oci:localhost:5000/app'), 'http://localhost:5000');
  assert.equal(originOf('oci:[::1]:5000/app'), 'http://[::1]:5000');
  assert.equal(originOf('oci:plain.example:5000/app'), 'http://plain.example:5000');
  assert.equal(originOf('oci:plain.example/app'), 'https://plain.example');
  assert.throws(() => originOf('npm:left-pad'), TypeError);
});
