/** The way that our own releases take, against a real server: what is wrong in one thing is refused before a good one passes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { encodeZip } from '../../packages/cli/src/demo/zip.ts';
import { identityPolicy, writeJson } from '../../packages/cli/test/evidence/minted.ts';
import { run } from '../../packages/cli/test/support/run.ts';
import { createRoot, installServerKey, startServer, type TestServer } from '../../packages/cli/test/support/server.ts';
import { createSignerParty, describeTrustedRoot, subject } from '../../packages/protocol/test/sigstore/instance.ts';
import { type BundleJson, mint, sha256Hex } from '../../packages/protocol/test/sigstore/minted.ts';

const top = join(import.meta.dirname, '../..');
const project = ['--project', 'signpost-app'];
const policy = `policy: 1
signature:
${identityPolicy.replaceAll(/^/gm, '  ').trimEnd()}
  trust_roots: [tests]
  log_entries: 1
  scts: 1
sbom: { formats: [cyclonedx] }
`;

suite('the gate before our own releases', () => {
  const closers: (() => unknown)[] = [];
  const good = pack('a release');
  let server: TestServer;
  let root: string;
  after(async () => {
    for (const close of closers) await close();
  });

  before(async () => {
    server = await startServer({ after: (close) => void closers.push(close as () => unknown) });
    root = await createRoot(server);
    await installServerKey(server, '*', root);
    const { cwd, json } = server;
    const names = [{ kind: 'uri', text: `${subject}-evil` } as const];
    const other = await createSignerParty({ extensions: { subjectAlternativeName: { names, critical: true } } });
    await Promise.all([
      writeFile(join(cwd, 'policy.yaml'), policy),
      writeFile(join(cwd, 'lax.yaml'), 'policy: 1\nsbom: {}\n# issuer: none\n'),
      writeFile(join(cwd, 'app.zip'), good),
      writeJson(join(cwd, 'trusted_root.json'), describeTrustedRoot()),
      writeJson(join(cwd, 'app.zip.sigstore.json'), await mint({ artifact: good })),
      writeJson(join(cwd, 'forged.sigstore.json'), forge(await mint({ artifact: good }))),
      writeJson(join(cwd, 'stranger.sigstore.json'), await mint({ artifact: good, signer: other })),
      writeJson(join(cwd, 'app.cdx.json'), describeSbom(good)),
      writeJson(join(cwd, 'other.cdx.json'), describeSbom(pack('another'))),
    ]);
    await json('project', 'create', 'signpost-app');
    await json('trust-root', 'add', 'tests', '--file', 'trusted_root.json');
    await json('policy', 'set', 'policy.yaml', ...project);
  });

  /** Uploads a release with its documents and tries to publish it. */
  async function publish(version: string, bytes: Uint8Array, documents: readonly string[]) {
    const { cwd, json, signpost } = server;
    await writeFile(join(cwd, 'app.zip'), bytes);
    await json('release', 'upload', 'app.zip', ...project, '--release', version);
    const attached = await Promise.all(
      documents.map((name) => signpost('evidence', 'attach', version, name, ...project, '--artifact', 'app.zip')),
    );
    const { code, stderr } = await signpost('release', 'activate', version, ...project);
    return { code, stderr, attached: attached.map((one) => (one.code === 0 ? 'attached' : one.stderr)) };
  }

  const bad: readonly (readonly [string, Uint8Array, readonly string[], RegExp])[] = [
    ['without any evidence', good, [], /signature of app\.zip: .*sbom of app\.zip/],
    [
      'with another signature',
      good,
      ['forged.sigstore.json', 'app.cdx.json'],
      /forged\.sigstore\.json: timestamp_invalid/,
    ],
    ['by a signer that nobody named', good, ['stranger.sigstore.json', 'app.cdx.json'], /: identity_mismatch: .*-evil/],
    [
      'that was tampered with',
      pack('a backdoor'),
      ['app.zip.sigstore.json'],
      /app\.zip\.sigstore\.json: digest_mismatch/,
    ],
    ['without an SBOM', good, ['app.zip.sigstore.json'], /sbom of app\.zip/],
    ['with the SBOM of another file', good, ['app.zip.sigstore.json', 'other.cdx.json'], /sbom of app\.zip/],
  ];

  for (const [index, [name, bytes, documents, reason]] of bad.entries()) {
    test(`a release ${name} is refused, and nothing is published`, async () => {
      const { code, stderr } = await publish(`0.0.${index + 1}`, bytes, documents);
      assert.equal(code, 1);
      assert.match(stderr, /\[policy-denied\]/);
      assert.match(stderr, reason);
      const { status } = await fetch(`${server.base}/api/projects/signpost-app/manifest`);
      assert.equal(status, 404);
    });
  }

  test('after all of them, the good one is published, and a client checks it', async () => {
    const { code, stderr, attached } = await publish('0.1.0', good, ['app.zip.sigstore.json', 'app.cdx.json']);
    assert.deepEqual(attached, ['attached', 'attached']);
    assert.equal(code, 0, stderr);
    const client = {
      cwd: server.cwd,
      env: { SIGNPOST_SERVER: server.base, XDG_CONFIG_HOME: join(server.cwd, 'client') },
    };
    const got = await run(['download', 'signpost-app', '--out', 'got.zip', '--root', root], client);
    assert.equal(got.code, 0, got.stderr);
    const shown = await run(['evidence', 'show', '0.1.0', ...project, '--json'], client);
    const kinds = (JSON.parse(shown.stdout).documents as { kind: string }[]).map(({ kind }) => kind);
    assert.ok(
      ['bundle', 'release', 'verification-summary'].every((kind) => kinds.includes(kind)),
      kinds.join(),
    );
  });

  test('scripts/first-release.ts proves the policy on the files themselves, and finds one that lets bad ones through', () => {
    const files = ['app.zip', 'app.zip.sigstore.json', 'app.cdx.json'];
    const proven = prove(...files, 'policy.yaml', 'tests=trusted_root.json');
    assert.equal(proven.status, 0, proven.stdout + proven.stderr);
    assert.equal(proven.stdout.match(/^ok /gm)?.length, 5);
    const lax = prove(...files, 'lax.yaml', 'tests=trusted_root.json');
    assert.equal(lax.status, 1, lax.stdout);
    assert.match(lax.stdout, /^FAIL another signature: passed$/m);
    assert.equal(prove('app.zip').status, 2);
  });

  function prove(...words: readonly string[]) {
    const script = join(top, 'scripts/first-release.ts');
    return spawnSync(process.execPath, [script, ...words], { cwd: server.cwd, encoding: 'utf8', timeout: 240_000 });
  }
});

function pack(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encodeZip([{ name: 'readme.txt', bytes: Buffer.from(text) }]));
}

function describeSbom(bytes: Uint8Array) {
  const hashes = [{ alg: 'SHA-256', content: sha256Hex(bytes) }];
  return {
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 },
    metadata: { component: { 'bom-ref': 'app', type: 'application', name: 'app.zip', hashes } },
    components: [],
  };
}

/** One octet of the signature is another. */
function forge({ messageSignature, ...rest }: BundleJson): BundleJson {
  const parts = messageSignature as { readonly messageDigest: unknown; readonly signature: string };
  const signature = Buffer.from(parts.signature, 'base64');
  signature.writeUInt8(signature.readUInt8(signature.length - 2) ^ 1, signature.length - 2);
  return { ...rest, messageSignature: { ...parts, signature: signature.toString('base64') } };
}
