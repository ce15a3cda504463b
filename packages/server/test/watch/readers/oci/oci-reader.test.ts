/** Images in a registry that has the referrers API, and in one that is hostile. */
import assert from 'node:assert/strict';
import { after, beforeEach, describe, test } from 'node:test';
import { encodeText } from '@signpost/protocol/bytes/text';
import { encodeBundle, mintStatement, signOlder, stranger } from '../signing.ts';
import {
  digestOf,
  manifestType,
  putArtifact,
  putFallback,
  putImage,
  putOlderSignatures,
  putReferrer,
  simpleSigning,
} from './images.ts';
import { fail, type MemoryRegistry, send, startMemoryRegistry } from './memory-registry.ts';
import { lookAt, outcomesOf } from './scene.ts';

const images: MemoryRegistry = await startMemoryRegistry();
after(() => images.close());
beforeEach(() => images.clear());

/** A signed image, whose signature is found by its tag. */
async function putSigned(tag = '1.0.0'): Promise<string> {
  const digest = await putImage(images, tag);
  await putOlderSignatures(images, digest, [await signOlder(hexOf(digest))]);
  return digest;
}

const hexOf = (digest: string) => digest.slice('sha256:'.length);
const unsigned = async () => putImage(images, '1.0.0');
const see = () => lookAt(images.host).see('1.0.0');

describe('with the referrers API', () => {
  test('a bundle is found by what it says it is about', async () => {
    const digest = await unsigned();
    const bundle = encodeBundle(await mintStatement(hexOf(digest)));
    images.referrers.set(digest, [await putReferrer(images, digest, bundle)]);
    assert.deepEqual(outcomesOf(await see()), ['bundle verified']);
  });

  test('what stands in both lists is read once, and what stands in the tag alone is read too', async () => {
    const digest = await unsigned();
    const one = await putReferrer(images, digest, encodeBundle(await mintStatement(hexOf(digest))));
    const two = await putReferrer(
      images,
      digest,
      encodeBundle(await mintStatement(hexOf(digest), { signer: stranger })),
    );
    images.referrers.set(digest, [one]);
    await putFallback(images, digest, [one, two]);
    assert.deepEqual(outcomesOf(await see()), ['bundle verified', 'bundle verified']);
    const manifests = images.requests.filter((request) => /^GET manifests\/sha256:/.test(request));
    assert.equal(new Set(manifests).size, manifests.length);
  });

  test('an entry whose type says nothing is looked into, one of another kind is not', async () => {
    const digest = await unsigned();
    const bundle = encodeBundle(await mintStatement(hexOf(digest)));
    const empty = {
      ...(await putReferrer(images, digest, bundle)),
      artifactType: 'application/vnd.oci.empty.v1+json',
    };
    const chart = {
      digest: digestOf(encodeText('chart')),
      size: 5,
      artifactType: 'application/vnd.cncf.helm.config.v1+json',
    };
    images.referrers.set(digest, [empty, chart]);
    assert.deepEqual(outcomesOf(await see()), ['bundle verified']);
    assert.ok(!images.requests.some((request) => request.includes(chart.digest)));
  });

  test('an SBOM that hangs on the image counts, and a signature of Notary is one that is not judged here', async () => {
    const digest = await unsigned();
    const layers = [{ mediaType: 'application/spdx+json', bytes: encodeText('{}') }];
    const sbom = await putArtifact(images, layers, { artifactType: 'application/spdx+json' });
    const notary = await putArtifact(images, [{ mediaType: 'application/jose+json', bytes: encodeText('{}') }], {
      artifactType: 'application/vnd.cncf.notary.signature',
    });
    images.referrers.set(
      digest,
      [sbom, notary].map(({ digest: own, size }) => ({ mediaType: manifestType, digest: own, size })),
    );
    const { facts } = await see();
    assert.equal(facts.sbom, 'about-subject');
    assert.deepEqual(facts.signatures !== 'unknown' && facts.signatures.map(({ kind, outcome }) => [kind, outcome]), [
      ['x509', 'unverifiable'],
    ]);
  });

  test('a second look asks only where tags lead, and reads nothing again', async () => {
    await putSigned();
    const look = lookAt(images.host);
    const first = await look.see('1.0.0');
    images.requests.length = 0;
    assert.deepEqual(await look.see('1.0.0'), first);
    assert.deepEqual(images.requests.filter((request) => !request.startsWith('HEAD ')).length, 1);
  });
});

describe('tags', () => {
  test('come in pages', async () => {
    for (let minor = 0; minor < 8; minor++) await putImage(images, `1.${minor}.0`);
    const listing = await lookAt(images.host).list();
    assert.ok(listing.kind === 'listed');
    assert.deepEqual(
      listing.artifacts.map(({ names }) => names.tag),
      [7, 6, 5, 4, 3, 2, 1, 0].map((minor) => `1.${minor}.0`),
    );
  });

  test('of a registry that leads elsewhere, in circles or on for ever, are unknown or capped', async () => {
    const links = {
      'none of its own': '<https://169.254.169.254/v2/org/app/tags/list>; rel="next"',
      'none of its own, beside': '</v2/org/secret/tags/list?last=x>; rel="next"',
      'a circle': '</v2/org/app/tags/list?n=1000>; rel="next"',
    };
    for (const link of Object.values(links)) {
      images.sabotage = (_, response) => {
        response.setHeader('link', link);
        send(response, '{"tags":[]}');
        return true;
      };
      assert.equal((await lookAt(images.host).list()).kind, 'unknown', link);
    }
    let page = 0;
    images.sabotage = (_, response) => {
      response.setHeader('link', `</v2/org/app/tags/list?last=${++page}>; rel="next"`);
      send(response, '{"tags":[]}');
      return true;
    };
    const listing = await lookAt(images.host).list();
    assert.ok(listing.kind === 'listed');
    assert.deepEqual([listing.isCapped, page], [true, 100]);
  });

  test('of which one cannot be asked are listed without saying where it leads, and when none can, nothing is known', async () => {
    for (const tag of ['1.0.0', '1.1.0']) await putImage(images, tag);
    const spoil = (pattern: RegExp) => {
      images.sabotage = (_, response, path) => {
        if (pattern.test(path)) fail(response, 500);
        return pattern.test(path);
      };
    };
    spoil(/^manifests\/1\.1\.0$/);
    const listing = await lookAt(images.host).list();
    assert.ok(listing.kind === 'listed');
    assert.deepEqual(
      listing.artifacts.map(({ names, content }) => [names.tag, content !== undefined]),
      [
        ['1.1.0', false],
        ['1.0.0', true],
      ],
    );
    spoil(/^manifests\//);
    assert.equal((await lookAt(images.host).list()).kind, 'unknown');
  });

  test('that are none are left out', async () => {
    images.sabotage = (request, response, path) => {
      if (!path.startsWith('tags/')) return false;
      send(
        response,
        JSON.stringify({ tags: ['1.0.0', '../../secret', 7, '', 'a\u0001', `sha256-${'a'.repeat(64)}.sig`] }),
      );
      return request.method === 'GET';
    };
    await unsigned();
    const listing = await lookAt(images.host).list();
    assert.deepEqual(listing.kind === 'listed' && listing.artifacts.map(({ names }) => names.tag), ['1.0.0']);
  });
});

describe('what could not be asked is unknown, what is not there is absent', () => {
  for (const status of [401, 403, 429, 500, 503]) {
    test(`${status} for the place of signatures`, async () => {
      await putSigned();
      images.sabotage = (_, response, path) => {
        if (path.endsWith('.sig')) fail(response, status);
        return path.endsWith('.sig');
      };
      const { facts } = await see();
      assert.deepEqual([facts.signatures, facts.provenance, facts.sbom], ['unknown', [], 'absent']);
    });

    test(`${status} for the image`, async () => {
      images.sabotage = (_, response) => {
        fail(response, status, { 'retry-after': '7' });
        return true;
      };
      assert.deepEqual(await lookAt(images.host).observe({ tag: '1.0.0' }), {
        ...{ kind: 'unknown', reason: `${images.host} answered ${status}`, retryAfterMs: 7000 },
      });
    });
  }

  for (const status of [404, 410]) {
    test(`${status}`, async () => {
      await unsigned();
      images.sabotage = (_, response, path) => {
        if (!path.endsWith('1.0.0') && !path.includes(':')) fail(response, status);
        return !path.endsWith('1.0.0') && !path.includes(':');
      };
      assert.deepEqual(outcomesOf(await see()), []);
      assert.deepEqual(await lookAt(images.host).observe({ tag: 'gone' }), { kind: 'absent' });
    });
  }

  test('the list of referrers', async () => {
    await putSigned();
    images.sabotage = (_, response, path) => {
      if (path.startsWith('referrers/')) fail(response, 502);
      return path.startsWith('referrers/');
    };
    const { facts } = await see();
    assert.deepEqual([facts.signatures, facts.provenance, facts.sbom], ['unknown', 'unknown', 'unknown']);
  });

  for (const status of [400, 404, 405, 406]) {
    test(`but not the list of referrers that a registry does not have, and says ${status}`, async () => {
      const digest = await unsigned();
      const bundle = encodeBundle(await mintStatement(hexOf(digest)));
      await putFallback(images, digest, [await putReferrer(images, digest, bundle)]);
      images.sabotage = (_, response, path) => {
        if (path.startsWith('referrers/')) fail(response, status);
        return path.startsWith('referrers/');
      };
      assert.deepEqual(outcomesOf(await see()), ['bundle verified']);
    });
  }
});

describe('a hostile registry', () => {
  /** Answers the paths that match in another way. */
  const spoil = (pattern: RegExp, answer: MemoryRegistry['sabotage']) => {
    images.sabotage = (request, response, path) => pattern.test(path) && (answer?.(request, response, path) ?? false);
  };

  test('that sends other bytes than a digest names is believed nothing', async () => {
    const digest = await putSigned();
    spoil(/^manifests\/sha256:/, (_, response) => {
      response.writeHead(200, { 'docker-content-digest': digest }).end('{}');
      return true;
    });
    assert.equal(((await lookAt(images.host).observe({ tag: '1.0.0' })) as { kind?: string }).kind, 'unknown');
    spoil(/^blobs\//, (_, response) => {
      response.end('{}');
      return true;
    });
    assert.equal(outcomesOf(await see()), 'unknown');
  });

  test('that does not name the digest is read all the same', async () => {
    const digest = await putSigned();
    spoil(/^manifests\/(?:1\.0\.0|.*\.sig)$/, (request, response, path) => {
      const named = images.tags.get(path.replace('manifests/', '')) ?? '';
      response.end(request.method === 'HEAD' ? undefined : images.contents.get(named)?.bytes);
      return true;
    });
    const seen = await see();
    assert.deepEqual([seen.facts.content, outcomesOf(seen)], [hexOf(digest), ['sig-tag verified']]);
  });

  test('that never ends is left, and its signatures are unknown', async () => {
    await putSigned();
    spoil(/^blobs\//, (_, response) => {
      response.writeHead(200).write('{');
      return true;
    });
    assert.equal(outcomesOf(await lookAt(images.host, { impatientFor: /\/blobs\// }).see('1.0.0')), 'unknown');
    spoil(/^manifests\/.*\.sig$/, (request, response) => {
      if (request.method === 'HEAD') response.end();
      else response.write(Buffer.alloc(5 * 1024 * 1024, ' '));
      return true;
    });
    assert.equal(outcomesOf(await see()), 'unknown');
  });

  test('that answers each question slowly takes no more than its time altogether', async () => {
    await putSigned();
    let at = 0;
    const now = () => {
      at += 15_000;
      return at;
    };
    const seen = await lookAt(images.host, { now }).observe({ tag: '1.0.0' });
    assert.deepEqual('facts' in seen && seen.facts.signatures, 'unknown');
  });

  test('that keeps blobs elsewhere is followed to public addresses alone, without credentials', async () => {
    await putSigned();
    const targets = [
      'https://169.254.169.254/latest/meta-data',
      'http://10.0.0.1/blob',
      'https://private.example/blob',
      'http://public.example/blob',
      'file:///etc/passwd',
      'https://user:password@public.example/blob',
    ];
    const resolve = async (host: string) => [host === 'private.example' ? '192.168.1.1' : '192.0.43.8'];
    for (const location of targets) {
      spoil(/^blobs\//, (_, response) => {
        fail(response, 307, { location });
        return true;
      });
      const { facts } = await lookAt(images.host, { resolve, impatientFor: /\/blobs\// }).see('1.0.0');
      assert.equal(facts.signatures, 'unknown', location);
    }
  });

  test('a signature whose size is a lie, or that is not there, is none: whoever pushes cannot make it unknown', async () => {
    const payload = encodeText('longer than it says');
    for (const digestOfLayer of [digestOf(payload), digestOf(encodeText('not there'))]) {
      images.clear();
      const digest = await unsigned();
      await images.putBlob(payload);
      const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(encodeText('{}')), size: 2 };
      const layers = [{ mediaType: simpleSigning, digest: digestOfLayer, size: 1 }];
      const manifest = encodeText(JSON.stringify({ schemaVersion: 2, config, layers }));
      await images.putManifest(`${digest.replace(':', '-')}.sig`, manifest, manifestType);
      assert.deepEqual(outcomesOf(await see()), []);
    }
  });

  test('what is no manifest in the place of signatures is a broken signature, and invalid UTF-8 too', async () => {
    for (const bytes of [encodeText('[]'), Uint8Array.of(0x7b, 0xff, 0x7d)]) {
      images.clear();
      const digest = await unsigned();
      await images.putManifest(`${digest.replace(':', '-')}.sig`, bytes, manifestType);
      assert.deepEqual(outcomesOf(await see()), ['sig-tag invalid malformed']);
    }
  });

  test('a stripped image is unsigned, and one with another signer is theirs', async () => {
    const digest = await putSigned();
    const look = lookAt(images.host);
    assert.deepEqual(outcomesOf(await look.see('1.0.0')), ['sig-tag verified']);
    images.tags.delete(`${digest.replace(':', '-')}.sig`);
    assert.deepEqual(outcomesOf(await look.see('1.0.0')), []);
    await putOlderSignatures(images, digest, [await signOlder(hexOf(digest), { signer: stranger })]);
    const { facts } = await look.see('1.0.0');
    assert.equal(
      facts.signatures !== 'unknown' && facts.signatures[0]?.identity?.repository,
      'https://github.com/stranger/app',
    );
  });
});
