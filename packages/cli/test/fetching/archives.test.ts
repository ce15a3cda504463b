/** Archives that are signed and still not unpacked: whoever signs may have been careless, and tools disagree about them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { encodeZip } from '../../src/demo/zip.ts';
import { installFolder } from '../../src/fetching/install.ts';
import { readFileFacts } from '../../src/files/local-file.ts';
import { createTarGz, type TarEntry } from './place.ts';

const cwd = await mkdtemp(join(tmpdir(), 'signpost-archives-'));
after(() => rm(cwd, { recursive: true, force: true }));
const bound = { maxBytes: 10_000_000 };

async function unpack(bytes: Uint8Array, limits = bound): Promise<void> {
  const path = join(cwd, 'archive');
  await writeFile(path, bytes);
  const { sha256 } = await readFileFacts(path);
  await installFolder({ path, sha256 }, join(cwd, 'app'), limits);
}

async function assertRefused(bytes: Uint8Array, message: RegExp, limits = bound): Promise<void> {
  await assert.rejects(unpack(bytes, limits), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'archive_refused', error.message);
    assert.match(error.message, message);
    return true;
  });
  assert.deepEqual(
    (await readdir(cwd)).filter((name) => name !== 'archive' && name !== 'made'),
    [],
    'nothing is left',
  );
}

/** Takes away what was unpacked. */
async function forget(): Promise<void> {
  const names = (await readdir(cwd)).filter((name) => name === 'app' || name.startsWith('.app.'));
  for (const name of names) await rm(join(cwd, name), { recursive: true });
}

const file: TarEntry = { name: 'a', content: 'x' };

test('tar: links, devices, holes and names that lead elsewhere are refused', async () => {
  for (const type of ['1', '2', '3', '4', '6', '7', 'S', 'K']) {
    await assertRefused(createTarGz([file, { name: 'b', type }]), /expected files and folders/);
  }
  for (const name of ['/etc/x', '../x', 'a/../../x', 'C:x', 'a\\b', 'a//b', './../x', 'nul', 'a. ', 'x\u001b']) {
    await assertRefused(createTarGz([{ name, content: 'x' }]), /expected a name inside/);
  }
});

test('tar: each name once, also where case does not count; a file is no folder', async () => {
  await assertRefused(createTarGz([file, file]), /each name once/);
  await assertRefused(createTarGz([file, { name: 'A', content: 'x' }]), /each name once/);
  await assertRefused(createTarGz([file, { name: 'a/b', content: 'x' }]), /a file or a folder/);
});

test('tar: bombs stop at the bound, and what is cut off or changed is refused', async () => {
  const bomb = createTarGz([{ name: 'zeros', content: new Uint8Array(5_000_000) }]);
  assert.ok(bomb.length < 10_000);
  await assertRefused(bomb, /at most 1000000 bytes unpacked/, { maxBytes: 1_000_000 });
  await assertRefused(bomb.subarray(0, bomb.length / 2), /whole gzip|a part/);
  await assertRefused(gzipSync(Buffer.alloc(700, 1)), /expected a tar header/);
  const after = Buffer.concat([gunzipSync(createTarGz([file])), Buffer.from('more')]);
  await assertRefused(gzipSync(after), /only zeros after the end/);
  await assertRefused(Buffer.from('neither of them'), /expected tar\.gz or ZIP/);
});

test('tar: what GNU tar and bsdtar-like tools write is read, with long names and the executable bit', async () => {
  const made = join(cwd, 'made');
  const long = `${'long-name-'.repeat(15)}x`;
  await mkdir(join(made, 'bin'), { recursive: true });
  await writeFile(join(made, 'bin', long), 'hello', { mode: 0o755 });
  for (const format of ['gnu', 'pax']) {
    const bytes = execFileSync('tar', ['-C', made, `--format=${format}`, '-cz', '.'], { maxBuffer: 1e6 });
    await unpack(bytes);
    assert.equal(await readFile(join(cwd, 'app', 'bin', long), 'utf8'), 'hello', format);
    assert.equal((await stat(join(cwd, 'app', 'bin', long))).mode & 0o111, 0o111);
  }
  await symlink('/etc', join(made, 'link'));
  await forget();
  await assertRefused(execFileSync('tar', ['-C', made, '-cz', '.'], { maxBuffer: 1e6 }), /got a link/);
});

const zipped = () => Buffer.from(encodeZip([{ name: 'a', bytes: Buffer.from('hello hello hello') }]));

test('zip: links, other names in the local header, wrong checksums, encryption and shared bytes are refused', async () => {
  const central = zipped().indexOf(Buffer.from('PK\u0001\u0002'));
  const change = (edit: (zip: Buffer) => void) => {
    const zip = zipped();
    edit(zip);
    return zip;
  };
  await assertRefused(
    change((zip) => zip.writeUInt32LE((0o120777 << 16) >>> 0, central + 38) && zip.writeUInt8(3, central + 5)),
    /no link/,
  );
  await assertRefused(
    change((zip) => zip.write('b', 30)),
    /the same in both headers/,
  );
  await assertRefused(
    change((zip) => zip.writeUInt32LE(1, central + 16)),
    /size and checksum/,
  );
  await assertRefused(
    change((zip) => zip.writeUInt32LE(5, central + 24)),
    /expected 5 bytes/,
  );
  await assertRefused(
    change((zip) => zip.writeUInt16LE(1, central + 8)),
    /no encryption/,
  );
  await assertRefused(
    change((zip) => zip.writeUInt16LE(12, central + 10)),
    /stored or deflated/,
  );
  await assertRefused(Buffer.concat([zipped(), Buffer.from('more')]), /without a comment/);
  await assertRefused(zipped().subarray(0, 60), /expected a ZIP/);
  for (const name of ['../x', '/x', 'a/../../x', 'a\\b']) {
    await assertRefused(Buffer.from(encodeZip([{ name, bytes: Buffer.from('x') }])), /a name inside/);
  }
  const twice = encodeZip(['a', 'a'].map((name) => ({ name, bytes: Buffer.from(name) })));
  await assertRefused(Buffer.from(twice), /each name once/);
});

test('zip: an entry that two others share is refused, and so is more than the bound', async () => {
  const two = Buffer.from(encodeZip(['a', 'b'].map((name) => ({ name, bytes: Buffer.from('same') }))));
  const second = two.lastIndexOf(Buffer.from('PK\u0001\u0002'));
  two.writeUInt32LE(0, second + 42);
  await assertRefused(two, /share no bytes|both headers/);
  const bomb = encodeZip([{ name: 'zeros', bytes: new Uint8Array(5_000_000) }]);
  await assertRefused(Buffer.from(bomb), /at most 1000000 bytes/, { maxBytes: 1_000_000 });
});

test('zip: a good one is unpacked', async () => {
  await unpack(encodeZip([{ name: 'dir/a', bytes: Buffer.from('hello') }]));
  assert.equal(await readFile(join(cwd, 'app/dir/a'), 'utf8'), 'hello');
});
