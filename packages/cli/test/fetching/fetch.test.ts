/** `signpost fetch`: what is installed, what is refused, and that the old one stays whenever something is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { signedAt } from '../../../protocol/test/sigstore/instance.ts';
import { sha256Hex } from '../../../protocol/test/sigstore/minted.ts';
import { createEvidence, identityPolicy } from '../evidence/minted.ts';
import { type Run, run, start } from '../support/run.ts';
import { type Answer, bundleFor, createTarGz, serveBytes, startPlace } from './place.ts';

const { cwd } = await createEvidence({ after });
const place = await startPlace({ after });
const { answers, asked } = place;
const trust = ['--policy', 'signers.yaml', '--trusted-root', 'root.json'];
const minuteMs = 60_000;

function fetchFrom(path: string, ...words: readonly string[]): Promise<Run> {
  return run(['fetch', `${place.base}${path}`, ...trust, ...words, '--json'], { cwd });
}

async function codeOf(
  path: string,
  ...words: readonly string[]
): Promise<readonly [number | null, string | undefined]> {
  const { code, stdout } = await fetchFrom(path, ...words);
  return [code, JSON.parse(stdout).error?.code];
}

async function serve(path: string, bytes: Uint8Array, at?: number): Promise<void> {
  answers.set(path, bytes);
  answers.set(`${path}.sigstore.json`, await bundleFor(bytes, at));
}

/** What is left of downloads, in all sources. */
async function listParts(): Promise<string[]> {
  const all = await readdir(join(cwd, '.config/signpost/sources'), { recursive: true });
  return all.filter((name) => /part(?:\.etag)?$/.test(name));
}

/** Sends a piece, and breaks the connection once some of it has arrived. */
function breakOff(response: ServerResponse): void {
  response.write(one.subarray(0, 100_000));
  void whenSomeArrived().then(() => response.destroy());
}

async function whenSomeArrived(): Promise<void> {
  const sources = join(cwd, '.config/signpost/sources');
  const sizeOf = (name: string) =>
    stat(join(sources, name)).then(
      ({ size }) => size,
      () => 0,
    );
  for (;;) {
    const sizes = await Promise.all((await listParts()).filter((name) => name.endsWith('part')).map(sizeOf));
    if (sizes.some((size) => size > 0)) return;
    await sleep(5);
  }
}

const one = Buffer.from('version one\n'.repeat(50_000));
const two = Buffer.from('version two\n'.repeat(50_000));

test('a file is installed when its bundle holds, and not fetched again while it does', async () => {
  await serve('/plain', one);
  const first = await fetchFrom('/plain', '--out', 'plain');
  assert.equal(first.code, 0, first.stdout);
  const document = JSON.parse(first.stdout);
  assert.deepEqual([document.sha256, document.from_cache], [sha256Hex(one), false]);
  assert.ok((await readFile(join(cwd, 'plain'))).equals(one));
  asked.length = 0;
  assert.equal(JSON.parse((await fetchFrom('/plain', '--out', 'again')).stdout).from_cache, true);
  assert.deepEqual(asked, ['/plain.sigstore.json']);
  assert.deepEqual(await listParts(), []);
});

test('what is kept is verified whenever it is used: a changed one is fetched again, and refused offline', async () => {
  await serve('/kept', one);
  const offline = ['--out', 'kept', '--offline'];
  assert.equal((await fetchFrom('/kept', ...offline)).code, 1);
  await fetchFrom('/kept', '--out', 'kept');
  asked.length = 0;
  assert.equal((await fetchFrom('/kept', ...offline)).code, 0);
  assert.deepEqual(asked, []);
  for (const folder of await readdir(join(cwd, '.config/signpost/sources'))) {
    await writeFile(join(cwd, '.config/signpost/sources', folder, 'artifact'), 'changed');
  }
  assert.deepEqual(await codeOf('/kept', ...offline), [1, 'subject_mismatch']);
  assert.equal(JSON.parse((await fetchFrom('/kept', '--out', 'kept')).stdout).from_cache, false);
});

test('another file than the signed one is refused, nothing of it is left, and the old one stays', async () => {
  await serve('/swapped', one);
  await fetchFrom('/swapped', '--out', 'swapped');
  answers.set('/swapped', two);
  answers.set('/swapped.sigstore.json', await bundleFor(Buffer.from('else')));
  assert.deepEqual(await codeOf('/swapped', '--out', 'swapped'), [1, 'subject_mismatch']);
  assert.ok((await readFile(join(cwd, 'swapped'))).equals(one));
  assert.deepEqual(await listParts(), []);
  answers.delete('/swapped.sigstore.json');
  assert.deepEqual(await codeOf('/swapped', '--out', 'swapped'), [3, 'fetch_failed']);
});

test('an older signature is refused, but on purpose, which is recorded', async () => {
  await serve('/rolling', two, signedAt);
  assert.equal((await fetchFrom('/rolling', '--out', 'rolling')).code, 0);
  await serve('/rolling', one, signedAt - 2 * minuteMs);
  assert.deepEqual(await codeOf('/rolling', '--out', 'rolling'), [1, 'source_replayed']);
  assert.ok((await readFile(join(cwd, 'rolling'))).equals(two));
  assert.equal((await fetchFrom('/rolling', '--out', 'rolling', '--allow-older', 'short')).code, 2);
  const allowed = await fetchFrom('/rolling', '--out', 'rolling', '--allow-older', 'version two loses data');
  assert.equal(JSON.parse(allowed.stdout).older_allowed, true);
  assert.match(allowed.stderr, /warning: this is older/);
  const states = await Promise.all(
    (await readdir(join(cwd, '.config/signpost/sources'))).map((name) =>
      readFile(join(cwd, '.config/signpost/sources', name, 'state.json'), 'utf8'),
    ),
  );
  assert.ok(states.some((text) => text.includes('version two loses data') && text.includes(sha256Hex(one))));
  // It was for once.
  assert.deepEqual(await codeOf('/rolling', '--out', 'rolling'), [1, 'source_replayed']);
});

test('a signature of the last days is fresh enough', async () => {
  await serve('/stale', one, signedAt);
  assert.equal((await fetchFrom('/stale', '--out', 'stale', '--max-age-days', '1')).code, 0);
});

test('a source has one memory under all of its addresses when it is named', async () => {
  await serve('/v2/app', two, signedAt);
  await serve('/v1/app', one, signedAt - 2 * minuteMs);
  const words = ['--out', 'named', '--source', 'acme-app'];
  assert.equal((await fetchFrom('/v2/app', ...words)).code, 0);
  assert.deepEqual(await codeOf('/v1/app', ...words), [1, 'source_replayed']);
  assert.equal((await fetchFrom('/v1/app', '--out', 'other')).code, 0);
});

test('a broken connection is gone on from where it broke', async () => {
  await serve('/broken', one);
  const ranges: (string | undefined)[] = [];
  answers.set('/broken', (request, response) => {
    ranges.push(request.headers.range);
    if (ranges.length > 1) return serveBytes(one, request, response);
    const etag = `"${sha256Hex(one).slice(0, 16)}"`;
    response.writeHead(200, { etag, 'content-length': one.length });
    breakOff(response);
  });
  assert.equal((await fetchFrom('/broken', '--out', 'broken')).code, 0);
  assert.ok((await readFile(join(cwd, 'broken'))).equals(one));
  assert.equal(ranges[0], undefined);
  assert.match(ranges[1] ?? '', /^bytes=[1-9]\d*-$/);
});

test('what was changed meanwhile is begun anew', async () => {
  await serve('/changed', two);
  let count = 0;
  answers.set('/changed', (request, response) => {
    if (count++ > 0) return serveBytes(two, request, response);
    response.writeHead(200, { etag: '"of-one"', 'content-length': one.length });
    breakOff(response);
  });
  assert.equal((await fetchFrom('/changed', '--out', 'changed')).code, 0);
  assert.ok((await readFile(join(cwd, 'changed'))).equals(two));
});

test('a rest that is of something else, or begins elsewhere, is refused', async () => {
  const rests = { '/rest-etag': ['"other"', 100_000], '/rest-start': ['"one"', 5] } as const;
  for (const [path, [etag, offset]] of Object.entries(rests)) {
    await serve(path, one);
    answers.set(path, (request, response) => {
      if (request.headers.range === undefined) {
        response.writeHead(200, { etag: '"one"', 'content-length': one.length });
        breakOff(response);
        return;
      }
      const start = offset === 5 ? 5 : Number(/\d+/.exec(request.headers.range)?.[0]);
      response.writeHead(206, { etag, 'content-range': `bytes ${start}-${one.length - 1}/${one.length}` });
      response.end(one.subarray(start));
    });
    assert.deepEqual(await codeOf(path, '--out', 'rest'), [3, 'fetch_failed'], path);
  }
  assert.deepEqual(await listParts(), []);
});

test('an endless body is cut off at the bound, and nothing of it is kept', async () => {
  await serve('/endless', one);
  answers.set('/endless', (_request, response) => {
    response.writeHead(200);
    const pump = () => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      if (!response.destroyed) response.once('drain', pump);
    };
    pump();
  });
  assert.deepEqual(await codeOf('/endless', '--out', 'endless', '--max-bytes', '1000000'), [1, 'too_large']);
  answers.set('/endless.sigstore.json', answers.get('/endless') ?? '');
  assert.deepEqual(await codeOf('/endless', '--out', 'endless'), [1, 'too_large']);
  assert.deepEqual(await listParts(), []);
});

test('a redirect to another scheme is refused, others are followed', async () => {
  await serve('/there', one);
  const redirect =
    (location: string): Answer =>
    (_request, response) =>
      response.writeHead(302, { location }).end();
  for (const location of ['ftp://127.0.0.1/x', 'file:///etc/passwd', 'data:,x', '/loop']) {
    answers.set('/loop', redirect(location));
    assert.deepEqual(
      await codeOf('/loop', '--bundle', `${place.base}/there.sigstore.json`, '--out', 'x'),
      [3, 'fetch_failed'],
      location,
    );
  }
  answers.set('/here', redirect('/there'));
  assert.equal((await fetchFrom('/here', '--bundle', `${place.base}/there.sigstore.json`, '--out', 'here')).code, 0);
});

test('a capsule manifest names the file for a target', async () => {
  const manifest = Buffer.from(
    JSON.stringify({ version: '1.2.0', targets: { 'x86_64-unknown-linux-gnu': sha256Hex(one) } }),
  );
  await serve('/capsule-manifest.json', manifest);
  answers.set('/app', one);
  const words = (target: string) => [
    '--manifest',
    `${place.base}/capsule-manifest.json`,
    '--target',
    target,
    '--out',
    'capsule',
  ];
  const good = await fetchFrom('/app', ...words('x86_64-unknown-linux-gnu'));
  assert.equal(JSON.parse(good.stdout).version, '1.2.0', good.stdout);
  asked.length = 0;
  assert.deepEqual(await codeOf('/app', ...words('aarch64-apple-darwin')), [1, 'target_unknown']);
  assert.equal(asked.includes('/app'), false, 'refused before the download');
  answers.set('/app2', two);
  assert.deepEqual(await codeOf('/app2', ...words('x86_64-unknown-linux-gnu')), [1, 'digest_mismatch']);
  const older = Buffer.from(
    JSON.stringify({ version: '1.1.9', targets: { 'x86_64-unknown-linux-gnu': sha256Hex(two) } }),
  );
  await serve('/capsule-manifest.json', older);
  assert.deepEqual(await codeOf('/app', ...words('x86_64-unknown-linux-gnu')), [1, 'source_replayed']);
});

test('a registry is asked with an anonymous token; bundles are among the referrers, or under the fallback tag', async () => {
  const image = 'application/vnd.oci.image.manifest.v1+json';
  const type = 'application/vnd.dev.sigstore.bundle.v0.3+json';
  const descriptor = (bytes: Uint8Array) => ({ digest: `sha256:${sha256Hex(bytes)}`, size: bytes.length });
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: image, layers: [descriptor(one)] }));
  const bundle = Buffer.from(await bundleFor(manifest));
  const holder = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: image, layers: [descriptor(bundle)] }));
  const index = JSON.stringify({ schemaVersion: 2, manifests: [{ ...descriptor(holder), artifactType: type }] });
  const api = '/v2/acme/app';
  const guard =
    (bytes: Uint8Array | string): Answer =>
    (request, response) => {
      const challenge = `Bearer realm="${place.base}/token",service="registry",scope="repository:evil:push"`;
      if (request.headers.authorization === 'Bearer anonymous') response.writeHead(200).end(bytes);
      else response.writeHead(401, { 'www-authenticate': challenge }).end();
    };
  answers.set('/token?service=registry&scope=repository%3Aacme%2Fapp%3Apull', '{"token":"anonymous"}');
  answers.set(`${api}/manifests/sha256:${sha256Hex(manifest)}`, guard(manifest));
  answers.set(`${api}/manifests/v1`, guard(manifest));
  answers.set(`${api}/manifests/sha256:${sha256Hex(holder)}`, guard(holder));
  for (const bytes of [one, bundle]) answers.set(`${api}/blobs/sha256:${sha256Hex(bytes)}`, guard(bytes));
  const referrers = `${api}/referrers/sha256:${sha256Hex(manifest)}`;
  answers.set(referrers, guard(index));
  const oci = place.base.replace('http:', 'oci:');
  const fetchImage = (reference: string) =>
    run(['fetch', `${oci}/acme/app${reference}`, ...trust, '--out', 'layer', '--json'], { cwd });
  const byDigest = await fetchImage(`@sha256:${sha256Hex(manifest)}`);
  assert.equal(byDigest.code, 0, byDigest.stdout);
  assert.ok((await readFile(join(cwd, 'layer'))).equals(one));
  answers.delete(referrers);
  assert.equal((await fetchImage(':v1')).code, 3, 'no referrers');
  answers.set(`${api}/manifests/sha256-${sha256Hex(manifest)}`, guard(index));
  assert.equal((await fetchImage(':v1')).code, 0);
  answers.set(`${api}/manifests/sha256:${sha256Hex(manifest)}`, guard(holder));
  const swapped = await fetchImage(`@sha256:${sha256Hex(manifest)}`);
  assert.equal(JSON.parse(swapped.stdout).error.code, 'digest_mismatch');
});

test('an archive is unpacked beside the folder, which then leads to it; a refused one leaves the old', async () => {
  await serve(
    '/app.tar.gz',
    createTarGz([
      { name: './', type: '5' },
      { name: './bin/app', content: 'one', mode: 0o755 },
    ]),
    signedAt - minuteMs,
  );
  const words = ['--extract', 'app'];
  assert.equal((await fetchFrom('/app.tar.gz', ...words)).code, 0);
  assert.equal(await readFile(join(cwd, 'app/bin/app'), 'utf8'), 'one');
  assert.equal((await stat(join(cwd, 'app/bin/app'))).mode & 0o777, 0o755);
  await serve(
    '/app.tar.gz',
    createTarGz([
      { name: 'bin/app', content: 'two' },
      { name: '../evil', content: 'x' },
    ]),
  );
  assert.deepEqual(await codeOf('/app.tar.gz', ...words), [1, 'archive_refused']);
  assert.equal(await readFile(join(cwd, 'app/bin/app'), 'utf8'), 'one');
  await serve('/app.tar.gz', createTarGz([{ name: 'bin/app', content: 'three' }]));
  assert.equal((await fetchFrom('/app.tar.gz', ...words)).code, 0);
  assert.equal(await readFile(join(cwd, 'app/bin/app'), 'utf8'), 'three');
  assert.equal((await readdir(cwd)).filter((name) => name.startsWith('.app.')).length, 1, 'the old one is gone');
  assert.deepEqual(await codeOf('/app.tar.gz', '--extract', '.config'), [1, undefined]);
});

test('what a killed process left beside the folder is removed once it is old, and nothing else', async () => {
  await serve('/left.tar.gz', createTarGz([{ name: 'a', content: 'a' }]));
  const [left, young, foreign] = ['.left.0123456789ab-01234567', '.left.0123456789ab-89abcdef', '.left.d'] as const;
  for (const name of [left, young, foreign]) await mkdir(join(cwd, name));
  const longAgo = new Date(Date.now() - 2 * 60 * minuteMs);
  for (const name of [left, foreign]) await utimes(join(cwd, name), longAgo, longAgo);
  assert.equal((await fetchFrom('/left.tar.gz', '--extract', 'left')).code, 0);
  const names = await readdir(cwd);
  assert.deepEqual(
    [left, young, foreign].map((name) => names.includes(name)),
    [false, true, true],
  );
});

test('a source is fetched by one process at a time', async () => {
  await serve('/busy', one);
  answers.set('/busy', (_request, response) => {
    response.writeHead(200, { 'content-length': one.length });
    response.write(one.subarray(0, 100_000));
  });
  const child = start(['fetch', `${place.base}/busy`, ...trust, '--out', 'busy'], { cwd });
  await whenSomeArrived();
  const second = await fetchFrom('/busy', '--out', 'busy');
  assert.equal(second.code, 3);
  assert.match(second.stdout, /under way/);
  child.kill('SIGKILL');
  await once(child, 'close');
  answers.set('/busy', one);
  assert.equal((await fetchFrom('/busy', '--out', 'busy')).code, 0);
});

test('a policy of releases is held against what is fetched', async () => {
  await serve('/judged', one);
  const rule = `policy: 1\nsignature:\n${identityPolicy.replaceAll(/^/gm, '  ').trimEnd()}\n`;
  await writeFile(join(cwd, 'policy.yaml'), rule);
  await writeFile(join(cwd, 'strict.yaml'), `${rule}  timestamps: 2\n`);
  const fetchUnder = (policy: string) =>
    run(
      ['fetch', `${place.base}/judged`, '--policy', policy, '--trusted-root', 'root.json', '--out', 'judged', '--json'],
      { cwd },
    );
  assert.equal((await fetchUnder('policy.yaml')).code, 0);
  assert.equal(JSON.parse((await fetchUnder('strict.yaml')).stdout).error.code, 'policy_denied');
});

test('a process that is killed in the middle leaves the old install, and the next goes on', async () => {
  await serve('/killed', one, signedAt - minuteMs);
  assert.equal((await fetchFrom('/killed', '--out', 'killed')).code, 0);
  await serve('/killed', two);
  const ranges: (string | undefined)[] = [];
  const etag = `"${sha256Hex(two).slice(0, 16)}"`;
  answers.set('/killed', (request, response) => {
    ranges.push(request.headers.range);
    if (ranges.length > 1) return serveBytes(two, request, response);
    response.writeHead(200, { etag, 'content-length': two.length });
    response.write(two.subarray(0, 200_000));
  });
  const child = start(['fetch', `${place.base}/killed`, ...trust, '--out', 'killed'], { cwd });
  await whenSomeArrived();
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.ok((await readFile(join(cwd, 'killed'))).equals(one));
  assert.equal((await fetchFrom('/killed', '--out', 'killed')).code, 0);
  assert.ok((await readFile(join(cwd, 'killed'))).equals(two));
  assert.equal(ranges.length, 2);
});

test('a wrong command line ends with 2', async () => {
  for (const words of [
    ['--out', 'x', '--extract', 'y'],
    ['--target', 'x'],
    ['--max-bytes', '0', '--out', 'x'],
  ]) {
    assert.equal((await fetchFrom('/plain', ...words)).code, 2, words.join(' '));
  }
  for (const url of ['ftp://x/y', 'https://user@x/y', 'oci://x/Y@sha256:0', 'nonsense']) {
    assert.equal((await run(['fetch', url, ...trust, '--out', 'x'], { cwd })).code, 2, url);
  }
  assert.equal((await fetchFrom('/', ...[])).code, 2, 'no name in the URL');
});
