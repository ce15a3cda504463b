/** Archives that common programs write are accepted, and other strict readers agree. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BlobReader, BlobWriter, TextReader, ZipReader, ZipWriter } from '@zip.js/zip.js';
import { unpackTar } from 'modern-tar';
import { MemorySource } from '../../../src/releases/inspection/byte-source.ts';
import { type Inspection, judgeFile } from '../../../src/releases/inspection/judge-file.ts';
import { hostileZips } from './hostile-zips.ts';
import { buildTar, pax } from './tar-builder.ts';
import { buildZip, end64, extraField, file, u32, u64 } from './zip-builder.ts';

const limits = { maxUncompressedBytes: 500 * 1024 * 1024, timeLimitMs: 10_000 };
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'signpost-honest-'));
  mkdirSync(join(folder, 'tree/sub/empty'), { recursive: true });
  writeFileSync(join(folder, 'tree/readme.txt'), 'hello\n');
  writeFileSync(join(folder, 'tree/sub/large.txt'), 'line of text\n'.repeat(200_000));
  writeFileSync(join(folder, 'tree/sub/nothing'), '');
  writeFileSync(join(folder, 'tree/sub', `${'long-name-'.repeat(12)}.txt`), 'x');
});

after(() => rmSync(folder, { recursive: true, force: true }));

function judge(bytes: Buffer, name: string): Promise<Inspection> {
  return judgeFile(new MemorySource(bytes), { name, acceptedTypes: ['zip', 'tar.gz', 'any'], limits }, () => undefined);
}

const programs: readonly (readonly [what: string, name: string, program: string, args: readonly string[]])[] = [
  ['Info-ZIP', 'a.zip', 'zip', ['-qr', '../a.zip', '.']],
  ['Info-ZIP without compression', 'a0.zip', 'zip', ['-q0r', '../a0.zip', '.']],
  ['Info-ZIP to a pipe', 'pipe.zip', 'sh', ['-c', 'zip -qr - . | cat > ../pipe.zip']],
  ['Python', 'python.zip', 'python3', ['-c', "import shutil; shutil.make_archive('../python', 'zip')"]],
  ['Python to a pipe', 'python-pipe.zip', 'sh', ['-c', `python3 -c "${pythonPipe()}" | cat > ../python-pipe.zip`]],
  ['bsdtar as ZIP', 'bsd.zip', 'bsdtar', ['-a', '-cf', '../bsd.zip', 'readme.txt', 'sub']],
  ['GNU tar', 'gnu.tar.gz', 'tar', ['-czf', '../gnu.tar.gz', '.']],
  ['GNU tar in the pax format', 'pax.tar.gz', 'tar', ['--format=pax', '-czf', '../pax.tar.gz', 'readme.txt', 'sub']],
  ['GNU tar in the ustar format', 'ustar.tgz', 'tar', ['--format=ustar', '-czf', '../ustar.tgz', 'readme.txt']],
  ['GNU tar uncompressed', 'plain.tar', 'tar', ['-cf', '../plain.tar', '.']],
  ['bsdtar', 'bsd.tar.gz', 'bsdtar', ['-czf', '../bsd.tar.gz', 'readme.txt', 'sub']],
  ['Python as tar', 'python.tar.gz', 'python3', ['-c', "import shutil; shutil.make_archive('../python', 'gztar')"]],
];

function pythonPipe(): string {
  return [
    'import sys, zipfile',
    "z = zipfile.ZipFile(sys.stdout.buffer, 'w', zipfile.ZIP_DEFLATED)",
    "z.write('sub/large.txt')",
    "h = z.open('wide.txt', 'w', force_zip64=True)",
    "h.write(b'xyz')",
    'h.close()',
    'z.close()',
  ].join('; ');
}

for (const [what, name, program, args] of programs) {
  test(`an archive by ${what} is accepted`, (context) => {
    const isMissing = spawnSync(program, ['--version']).error !== undefined;
    if (isMissing && process.env.CI !== 'true') return context.skip(`${program} is not installed`);
    execFileSync(program, args, { cwd: join(folder, 'tree'), stdio: ['ignore', 'ignore', 'inherit'] });
    return judge(readFileSync(join(folder, name)), name).then(({ entries }) => assert.ok(entries > 0));
  });
}

test('an archive by git is accepted with its global header', async () => {
  const tree = join(folder, 'tree');
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false'];
  execFileSync('git', ['init', '-q'], { cwd: tree });
  execFileSync('git', ['add', '.'], { cwd: tree });
  execFileSync('git', [...identity, 'commit', '-qm', 'a'], { cwd: tree });
  execFileSync('git', ['archive', '-o', '../git.tar.gz', 'HEAD'], { cwd: tree });
  execFileSync('git', ['archive', '-o', '../git.zip', 'HEAD'], { cwd: tree });
  rmSync(join(tree, '.git'), { recursive: true });
  assert.equal((await judge(readFileSync(join(folder, 'git.tar.gz')), 'git.tar.gz')).mediaType, 'application/gzip');
  assert.equal((await judge(readFileSync(join(folder, 'git.zip')), 'git.zip')).mediaType, 'application/zip');
});

test('an archive by zip.js is accepted', async () => {
  const writer = new ZipWriter(new BlobWriter(), { useWebWorkers: false });
  await writer.add('a/ü.txt', new TextReader('hello'));
  await writer.add('b.txt', new TextReader('b'.repeat(1000)), { zip64: true });
  const blob = await writer.close();
  const inspection = await judge(Buffer.from(await blob.arrayBuffer()), 'zipjs.zip');
  assert.deepEqual(inspection, { mediaType: 'application/zip', entries: 2, uncompressedBytes: 1005 });
});

test('ZIP64 fields that say the truth are accepted', async () => {
  const wide = file('wide.txt', {
    content: 'x',
    size: 0xffffffff,
    compressedSize: 0xffffffff,
    extra: extraField(1, u64(1, 3)),
  });
  const bytes = buildZip([wide, file('a.txt')], {
    end64: (truth) => end64(truth),
    entries: 0xffff,
    diskEntries: 0xffff,
  });
  assert.equal((await judge(bytes, 'a.zip')).entries, 2);
});

test('the data descriptor may have a signature or none, and sizes of 4 or 8 bytes', async () => {
  const crc = 0x8cdc1683;
  const forms = [
    u32(crc, 3, 1),
    u32(0x08074b50, crc, 3, 1),
    Buffer.concat([u32(crc), u64(3, 1)]),
    Buffer.concat([u32(0x08074b50, crc), u64(3, 1)]),
  ];
  for (const descriptor of forms) {
    const entry = file('x', { content: 'x', flags: 8, descriptor, local: { crc: 0, size: 0, compressedSize: 0 } });
    assert.equal((await judge(buildZip([entry, file('y')]), 'a.zip')).entries, 2);
  }
});

test('65,535 entries are accepted', async () => {
  const plans = Array.from({ length: 65_535 }, (_, index) =>
    file(`d${index % 100}/f${index}`, { content: 'x', method: 0 }),
  );
  assert.equal((await judge(buildZip(plans), 'a.zip')).entries, 65_535);
});

test('a pax header may rename an entry and repeat its size', async () => {
  const bytes = gzipSync(
    buildTar([pax({ path: 'ü/name', size: '1', mtime: '1.25' }), { name: 'short', content: 'x' }]),
  );
  assert.equal((await judge(bytes, 'a.tar.gz')).entries, 1);
});

test('a gzip header may carry a name, a comment, an extra field and its checksum', async () => {
  const plain = gzipSync(buildTar([{ name: 'a', content: 'x' }]));
  const optional = Buffer.from('\x02\x00abname\0comment\0', 'latin1');
  const head = Buffer.from(plain.subarray(0, 10));
  head[3] = 0b1_1100;
  assert.equal((await judge(Buffer.concat([head, optional, plain.subarray(10)]), 'a.tar.gz')).entries, 1);
});

test('what is accepted, zip.js in strict mode reads alike', async () => {
  const bytes = buildZip([file('a.txt'), file('b/', { content: '' }), file('b/ü.txt', { flags: 0x800 })], {
    comment: Buffer.from('hi'),
  });
  await judge(bytes, 'a.zip');
  assert.deepEqual(await readStrictly(bytes), ['a.txt', 'b/', 'b/ü.txt']);
});

test('what zip.js in strict mode refuses, is refused here too', async () => {
  const isRefused = await Promise.all(
    hostileZips.filter(isSmall).map(async ({ build }) => (await readStrictly(build())) === undefined),
  );
  assert.ok(isRefused.filter(Boolean).length > 30, 'the oracle agrees on the ambiguous ones');
});

test('what is accepted, modern-tar reads alike', async () => {
  const bytes = buildTar([
    pax({ path: 'ü/name' }),
    { name: 'short', content: 'x' },
    { name: 'b', content: 'y', prefix: 'p' },
  ]);
  await judge(bytes, 'a.tar');
  const read = await unpackTar(bytes, { strict: true });
  assert.deepEqual(
    read.map(({ header }) => header.name),
    ['ü/name', 'p/b'],
  );
});

function isSmall({ what }: { what: string }): boolean {
  return !/million|65,536/.test(what);
}

async function readStrictly(bytes: Buffer): Promise<string[] | undefined> {
  try {
    const reader = new ZipReader(new BlobReader(new Blob([Uint8Array.from(bytes)])), {
      strictness: 'strict',
      useWebWorkers: false,
    });
    const entries = await reader.getEntries();
    for (const entry of entries) if (!entry.directory) await entry.getData(new BlobWriter(), { checkSignature: true });
    return entries.map(({ filename }) => filename);
  } catch {
    return undefined;
  }
}
