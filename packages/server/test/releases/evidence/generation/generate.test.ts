/** SBOMs made of uploads: what is found in archives, and how the document says so. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createSbomInspection, type InspectSbom } from '../../../../src/evidence/sboms/inspection.ts';
import { Spool } from '../../../../src/evidence/spool.ts';
import { discardDraft, freeDiscarded } from '../../../../src/releases/discarded/discard.ts';
import { collectPackageFiles } from '../../../../src/releases/evidence/generation/collect.ts';
import { generateSbom, generationJobKind } from '../../../../src/releases/evidence/generation/generate.ts';
import { MemorySource } from '../../../../src/releases/inspection/byte-source.ts';
import type { Database } from '../../../../src/storage/database.ts';
import { discardedKeptMs } from '../../../../src/storage/discarded-blobs.ts';
import { forEachEngine } from '../../../storage/engines.ts';
import { buildZip, file } from '../../inspection/zip-builder.ts';
import { openWorkshop } from '../../uploads/workshop.ts';

const folder = await mkdtemp(join(tmpdir(), 'signpost-generation-'));
after(() => rm(folder, { recursive: true, force: true }));

const limits = { maxUncompressedBytes: 64 * 2 ** 20 };
const lock = JSON.stringify({
  lockfileVersion: 3,
  packages: {
    'node_modules/lodash': { version: '4.17.21', license: 'MIT' },
    'node_modules/@babel/core': { version: '7.0.0', license: 'SEE LICENSE IN x' },
  },
});
const manifest = JSON.stringify({ name: 'lodash', version: '4.17.21', license: 'MIT' });

async function collect(bytes: Uint8Array): Promise<string[]> {
  const files = await collectPackageFiles(new MemorySource(bytes), limits);
  return files.map(({ path, bytes: content }) => `${path} ${Buffer.from(content).toString().slice(0, 20)}`);
}

/** What tar makes of files. */
async function createTar(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const dir = await mkdtemp(join(folder, 'tar-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(dir, name, '..'), { recursive: true });
    await writeFile(join(dir, name), content);
  }
  return execFileSync('tar', ['--format=ustar', '-C', dir, '-cf', '-', '.'], { maxBuffer: 2 ** 26 });
}

test('files that name packages are taken out of ZIP, tar and tar.gz, stored or deflated, and nothing else is', async () => {
  const zip = buildZip([
    file('app/package-lock.json', { content: Buffer.from(lock), method: 0 }),
    file('app/go.mod', { content: Buffer.from('module x\n'.repeat(300)) }),
    file('app/readme.md', { content: Buffer.from('x') }),
  ]);
  assert.deepEqual(await collect(zip), [
    `app/package-lock.json ${lock.slice(0, 20)}`,
    `app/go.mod ${'module x\n'.repeat(3).slice(0, 20)}`,
  ]);
  const tar = await createTar({
    'a/Cargo.lock': '[[package]]\n'.repeat(200),
    'b.txt': 'x',
    'var/lib/dpkg/status': 'Package: a\n',
  });
  const names = (await collect(tar)).sort();
  assert.deepEqual(
    names.map((name) => name.split(' ')[0]),
    ['./a/Cargo.lock', './var/lib/dpkg/status'],
  );
  assert.deepEqual((await collect(gzipSync(tar))).sort(), names);
  assert.deepEqual(await collect(Buffer.from('no archive at all')), []);
});

test('the control file of a Debian package is found, however it is packed but by xz', async () => {
  const dir = join(folder, 'deb');
  await mkdir(join(dir, 'DEBIAN'), { recursive: true });
  await writeFile(
    join(dir, 'DEBIAN/control'),
    'Package: demo\nVersion: 1.0-1\nArchitecture: all\nMaintainer: Ada <a@x.example>\nDescription: demo\n',
  );
  for (const [compression, expected] of [
    ['gzip', 1],
    ['none', 1],
    ['xz', 0],
  ] as const) {
    const path = join(folder, `${compression}.deb`);
    execFileSync(
      'dpkg-deb',
      [`-Z${compression}`, '--uniform-compression', '--root-owner-group', '--build', dir, path],
      { stdio: 'ignore' },
    );
    const found = await collect(await readFile(path));
    assert.equal(found.length, expected, compression);
    if (expected === 1) assert.match(found[0] ?? '', /control Package: demo/);
  }
});

async function openGeneration(database: Database) {
  const workshop = await openWorkshop(database, { scan: 'off' });
  const dependencies = {
    ...workshop,
    ...{
      spool: await Spool.open(join(workshop.folder, 'incoming')),
      inspectSbom: createSbomInspection(),
      version: '1.2.3',
    },
    config: { maxSbomMb: 64, maxUncompressedMb: 64 },
  };
  return { workshop, dependencies };
}

forEachEngine((_name, open) => {
  describe('an SBOM that the server makes', () => {
    test('holds what lock files name, says how each is known, and is made once', async () => {
      const { workshop, dependencies } = await openGeneration(await open());
      const zip = buildZip([
        file('package-lock.json', { content: Buffer.from(lock) }),
        file('lib/package.json', { content: Buffer.from(manifest) }),
      ]);
      const { row } = await workshop.upload(zip);
      const { query } = workshop.database;
      const job = await query
        .selectFrom('job')
        .selectAll()
        .where('kind', '=', generationJobKind)
        .executeTakeFirstOrThrow();
      const payload = JSON.parse(job.payload);
      assert.equal(payload.artifact_id, row.artifact_id);
      for (const _ of ['once', 'and again']) await generateSbom(dependencies, { payload });
      const sboms = await query.selectFrom('sbom').selectAll().execute();
      const [sbom] = sboms;
      assert.deepEqual([sboms.length, sbom?.origin, sbom?.component_count], [1, 'generated', 2]);
      const chunks: Buffer[] = [];
      for await (const chunk of workshop.blobs.read(sbom?.sha256 ?? '')) chunks.push(chunk);
      const document = JSON.parse(Buffer.concat(chunks).toString());
      assert.deepEqual(document.metadata.tools.components, [
        { type: 'application', name: 'signpost', version: '1.2.3' },
      ]);
      assert.deepEqual(
        document.metadata.properties.map(({ value }: { value: string }) => value),
        ['lock files and package metadata inside the file', 'package-lock.json', 'lib/package.json'],
      );
      assert.deepEqual(document.compositions, [{ aggregate: 'incomplete', assemblies: ['artifact'] }]);
      const [babel, lodash] = document.components;
      assert.deepEqual(
        [babel.purl, babel.licenses],
        ['pkg:npm/%40babel/core@7.0.0', [{ license: { name: 'SEE LICENSE IN x' } }]],
      );
      assert.deepEqual([lodash.licenses, lodash.properties[0].value], [[{ expression: 'MIT' }], 'lock file']);
      assert.deepEqual(lodash.evidence.identity[0].methods, [
        { technique: 'manifest-analysis', confidence: 0.9, value: 'package-lock.json' },
      ]);
      await workshop.close();
    });

    test('leaves no bytes behind when its draft is discarded while it is made, and none are freed that a row names', async () => {
      const { workshop, dependencies } = await openGeneration(await open());
      const zip = buildZip([file('package-lock.json', { content: Buffer.from(lock) })]);
      const { row } = await workshop.upload(zip);
      const payload = { artifact_id: row.artifact_id };
      const { database, blobs, caller } = workshop;
      const draft = await database.query.selectFrom('release').selectAll().executeTakeFirstOrThrow();
      const discard = () =>
        database.transaction((tx) => discardDraft(tx, draft, { caller, slug: 'demo', at: workshop.now() }));
      let made = '';
      const inspectSbom: InspectSbom = async (order, taker) => {
        const inspected = await dependencies.inspectSbom(order, taker);
        made = createHash('sha256')
          .update(await readFile(order.path))
          .digest('hex');
        await discard();
        return inspected;
      };
      await generateSbom({ ...dependencies, inspectSbom }, { payload });
      assert.deepEqual(await database.query.selectFrom('sbom').selectAll().execute(), []);
      assert.notEqual(await blobs.measure(made), undefined, 'a backup may still read it');
      const dayLater = workshop.now() + discardedKeptMs + 1;
      assert.equal(await freeDiscarded({ database, blobs, now: () => dayLater }), 2, 'the file and its SBOM');
      assert.equal(await blobs.measure(made), undefined);

      const again = await workshop.upload(zip);
      await generateSbom(dependencies, { payload: { artifact_id: again.row.artifact_id } });
      assert.equal(await freeDiscarded({ database, blobs, now: () => dayLater }), 0);
      const { sha256 } = await database.query.selectFrom('sbom').selectAll().executeTakeFirstOrThrow();
      assert.notEqual(await blobs.measure(sha256), undefined);
      await workshop.close();
    });

    test('is not made of a file that names no package: an empty list would say that there is none', async () => {
      const { workshop, dependencies } = await openGeneration(await open());
      const { row } = await workshop.upload(buildZip([file('a.txt', { content: Buffer.from('x') })]));
      await generateSbom(dependencies, { payload: { artifact_id: row.artifact_id } });
      await generateSbom(dependencies, { payload: { artifact_id: 'nobody' } });
      assert.deepEqual(await workshop.database.query.selectFrom('sbom').selectAll().execute(), []);
      await workshop.close();
    });
  });
});
