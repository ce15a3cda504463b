/** Magic bytes decide, names may only contradict. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { Refusal } from '../../../src/errors.ts';
import { MemorySource } from '../../../src/releases/inspection/byte-source.ts';
import { type AcceptedType, checkType, detectType } from '../../../src/releases/inspection/media-type.ts';
import { buildTar } from './tar-builder.ts';
import { buildZip, file } from './zip-builder.ts';

function detect(bytes: Uint8Array | string): string {
  return detectType(new MemorySource(Buffer.from(bytes as string, 'latin1'))).mediaType;
}

function portableExecutable(): Buffer {
  const bytes = Buffer.alloc(256);
  bytes.write('MZ');
  bytes.writeUInt32LE(128, 0x3c);
  bytes.write('PE\0\0', 128);
  return bytes;
}

function diskImage(): Buffer {
  const bytes = Buffer.alloc(2048);
  bytes.write('koly', 1536);
  return bytes;
}

const samples: readonly (readonly [name: string, bytes: Uint8Array | string, mediaType: string])[] = [
  ['a.zip', buildZip([file('a')]), 'application/zip'],
  ['a.tar', buildTar([{ name: 'a' }]), 'application/x-tar'],
  ['a.tar.gz', '\x1f\x8b\x08', 'application/gzip'],
  ['a.deb', '!<arch>\ndebian-binary   ', 'application/vnd.debian.binary-package'],
  ['a.a', '!<arch>\nother', 'application/x-archive'],
  ['a.exe', portableExecutable(), 'application/vnd.microsoft.portable-executable'],
  ['a.dmg', diskImage(), 'application/x-apple-diskimage'],
  ['a.pdf', '%PDF-1.7', 'application/pdf'],
  ['a.7z', "7z\xbc\xaf'\x1c\x00", 'application/x-7z-compressed'],
  ['a.xz', '\xfd7zXZ\x00', 'application/x-xz'],
  ['a.zst', '\x28\xb5\x2f\xfd', 'application/zstd'],
  ['a.bin', 'MZ only', 'application/octet-stream'],
  ['a', '', 'application/octet-stream'],
];

for (const [name, bytes, mediaType] of samples) {
  test(`${name} is recognised as ${mediaType} and may have its name`, () => {
    assert.equal(detect(bytes), mediaType);
    checkType({ mediaType, archive: undefined }, name, ['any']);
  });
}

test('the running program is recognised', () => {
  const head = readFileSync(process.execPath).subarray(0, 4096);
  const expected = { linux: 'application/x-elf', darwin: 'application/x-mach-binary' }[process.platform as string];
  assert.equal(detect(head), expected ?? 'application/octet-stream');
});

function check(bytes: Uint8Array | string, name: string, accepted: readonly AcceptedType[]): string | undefined {
  try {
    checkType(detectType(new MemorySource(Buffer.from(bytes as string, 'latin1'))), name, accepted);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Refusal);
    return error.rule;
  }
}

test('a name that promises something else is refused', () => {
  const zip = buildZip([file('a')]);
  assert.equal(check('<?php', 'a.zip', ['zip', 'any']), 'extension-mismatch');
  assert.equal(check('\x1f\x8b\x08', 'a.ZIP', ['any']), 'extension-mismatch');
  assert.equal(check(zip, 'a.tar.gz', ['any']), 'extension-mismatch');
  assert.equal(check(zip, 'a.exe', ['any']), 'extension-mismatch');
  assert.equal(check(zip, 'a.jar', ['any']), undefined);
});

test('a type that the project does not take is refused', () => {
  const zip = buildZip([file('a')]);
  assert.equal(check(zip, 'a.zip', ['zip']), undefined);
  assert.equal(check(zip, 'a.zip', ['tar.gz']), 'type-not-accepted');
  assert.equal(check(zip, 'setup.bin', ['zip']), 'type-not-accepted');
  assert.equal(check('\x1f\x8b\x08', 'a.tgz', ['tar.gz']), undefined);
  assert.equal(check('\x1f\x8b\x08', 'a.gz', ['tar.gz', 'zip']), 'type-not-accepted');
  assert.equal(check('\x7fELF', 'a', ['zip', 'tar.gz']), 'type-not-accepted');
});

test('any bytes have a type', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => assert.match(detect(bytes), /^[a-z]+\/[a-z0-9.+-]+$/)),
  );
});
