/** Signatures by SSH keys, held against what OpenSSH makes. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parsePemBlock } from '@signpost/protocol/asn1/pem';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { parseSshPublicKey } from '@signpost/protocol/ssh/public-key';
import { encodeSshString } from '@signpost/protocol/ssh/reader';
import { parseSshSignature, verifySshSignature } from '@signpost/protocol/ssh/signature';
import fc from 'fast-check';
import { askOracle, findMissingOracle } from '../oracle.ts';
import { refuses } from '../refuses.ts';

const skip = findMissingOracle('ssh', ['-V']);
const message = encodeText('the message\n');
const types = { ed25519: '256', ecdsa: '256', 'ecdsa-384': '384', 'ecdsa-521': '521', rsa: '2048' };

/** Makes a key and signs the message with it, by OpenSSH. */
function signByOpenSsh(name: string, bits: string) {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-ssh-'));
  const path = join(folder, 'key');
  const [type = ''] = name.split('-');
  askOracle('ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-f', path]);
  const { stdout } = askOracle('ssh-keygen', ['-Y', 'sign', '-q', '-n', 'git', '-f', path], message);
  const [, blob = ''] = readFileSync(`${path}.pub`, 'utf8').split(' ');
  rmSync(folder, { recursive: true });
  return { armor: stdout.toString(), blob: new Uint8Array(Buffer.from(blob, 'base64')) };
}

/** An Ed25519 key whose private half a test has, and what it signs. */
function createOwnKey(type: 'ssh-ed25519' | 'sk-ssh-ed25519@openssh.com') {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const isDevice = type.startsWith('sk-');
  const blob = Buffer.concat([text(type), encodeSshString(raw), ...(isDevice ? [text('ssh:')] : [])]);
  return { blob: new Uint8Array(blob), sign: (bytes: Uint8Array) => sign(null, bytes, privateKey) };
}

const text = (value: string) => encodeSshString(encodeText(value));
const sha = (name: string, bytes: Uint8Array) => createHash(name).update(bytes).digest();

/** What an SSH key signs of the message. */
function describeMessage(hash = 'sha512'): Buffer {
  const parts = [text('git'), text(''), text(hash), encodeSshString(sha(hash, message))];
  return Buffer.concat([encodeText('SSHSIG'), ...parts]);
}

interface Layout {
  readonly version?: number;
  readonly namespace?: string;
  readonly hash?: string;
  readonly blob: Uint8Array;
  readonly signature: Uint8Array;
  readonly more?: Uint8Array;
}

function armor({ version = 1, namespace = 'git', hash = 'sha512', blob, signature, more }: Layout): string {
  const fields = [encodeSshString(blob), text(namespace), text(''), text(hash), encodeSshString(signature)];
  const bytes = Buffer.concat([encodeText('SSHSIG'), Buffer.from([0, 0, 0, version]), ...fields, more ?? Buffer.of()]);
  return `-----BEGIN SSH SIGNATURE-----\n${bytes.toString('base64')}\n-----END SSH SIGNATURE-----\n`;
}

const blobOf = (type: string, raw: Uint8Array, more = Buffer.of()) =>
  Buffer.concat([text(type), encodeSshString(raw), more]);

for (const [name, bits] of Object.entries(types)) {
  test(`OpenSSH's signature by ${name} verifies, of its message and for its purpose alone`, { skip }, async () => {
    const { armor: made, blob } = signByOpenSsh(name, bits);
    const signature = parseSshSignature(made);
    assert.deepEqual(signature.key, parseSshPublicKey(blob));
    await verifySshSignature(signature, message, 'git');
    const another = encodeText('another message\n');
    await assert.rejects(verifySshSignature(signature, another, 'git'), refuses('bad_signature'));
    await assert.rejects(verifySshSignature(signature, message, 'file'), refuses('bad_signature'));
    const changed = { ...signature, reserved: Uint8Array.of(1) };
    await assert.rejects(verifySshSignature(changed, message, 'git'), refuses('bad_signature'));
  });
}

test('a signature by another key than it names is refused', async () => {
  const [own, other] = [createOwnKey('ssh-ed25519'), createOwnKey('ssh-ed25519')];
  const signature = blobOf('ssh-ed25519', own.sign(describeMessage()));
  await verifySshSignature(parseSshSignature(armor({ blob: own.blob, signature })), message, 'git');
  const foreign = parseSshSignature(armor({ blob: other.blob, signature }));
  await assert.rejects(verifySshSignature(foreign, message, 'git'), refuses('bad_signature'));
});

test('a security device signs when somebody touches it', async () => {
  const type = 'sk-ssh-ed25519@openssh.com';
  const key = createOwnKey(type);
  const signAs = (flags: number) => {
    const device = Buffer.from([flags, 0, 0, 0, 9]);
    const covered = [sha('sha256', encodeText('ssh:')), device, sha('sha256', describeMessage())];
    const signature = blobOf(type, key.sign(Buffer.concat(covered)), device);
    return parseSshSignature(armor({ blob: key.blob, signature }));
  };
  await verifySshSignature(signAs(1), message, 'git');
  await verifySshSignature(signAs(5), message, 'git');
  await assert.rejects(verifySshSignature(signAs(0), message, 'git'), refuses('bad_signature'));
});

const { blob, sign: signOwn } = createOwnKey('ssh-ed25519');
const signature = blobOf('ssh-ed25519', signOwn(describeMessage()));

for (const [name, layout, code] of [
  ['of another version', { version: 2 }, 'format_unsupported'],
  ['with more behind it', { more: Buffer.of(0) }, 'malformed'],
  ['for nothing', { namespace: '' }, 'malformed'],
  ['for what no name is', { namespace: 'gi\0t' }, 'malformed'],
  ['of an old hash', { hash: 'sha1' }, 'algorithm_unsupported'],
  ['by a DSA key', { blob: blobOf('ssh-dss', Buffer.alloc(8)) }, 'algorithm_unsupported'],
  ['by a key that is called as a member of every object', { blob: text('constructor') }, 'algorithm_unsupported'],
  ['by a key of another length', { blob: blobOf('ssh-ed25519', Buffer.alloc(31)) }, 'malformed'],
  ['by a key with more behind it', { blob: Buffer.concat([blob, Buffer.of(0)]) }, 'malformed'],
  [
    'by a key on another curve than its name',
    { blob: blobOf('ecdsa-sha2-nistp256', encodeText('nistp384')) },
    'malformed',
  ],
] as const) {
  test(`a signature ${name} is refused`, () => {
    assert.throws(() => parseSshSignature(armor({ blob, signature, ...layout })), refuses(code));
  });
}

test('a signature blob of another kind than its key, or with more behind it, is refused', async () => {
  for (const [wrong, code] of [
    [blobOf('rsa-sha2-512', Buffer.alloc(64)), 'algorithm_unsupported'],
    [blobOf('ssh-rsa', Buffer.alloc(64)), 'algorithm_unsupported'],
    [Buffer.concat([signature, Buffer.of(1)]), 'malformed'],
  ] as const) {
    const parsed = parseSshSignature(armor({ blob, signature: wrong }));
    await assert.rejects(verifySshSignature(parsed, message, 'git'), refuses(code));
  }
});

test('no changed byte is accepted, and whatever comes is refused with a reason', async () => {
  const whole = parsePemBlock(armor({ blob, signature }), 'SSH SIGNATURE', 4096);
  const wrap = (bytes: Uint8Array) =>
    `-----BEGIN SSH SIGNATURE-----\n${Buffer.from(bytes).toString('base64')}\n-----END SSH SIGNATURE-----\n`;
  const change = fc.record({ at: fc.nat(whole.length - 1), by: fc.integer({ min: 1, max: 255 }) });
  const inputs = fc.oneof(
    change.map(({ at, by }) => whole.map((byte, index) => (index === at ? byte ^ by : byte))),
    fc.nat(whole.length - 1).map((length) => whole.slice(0, length)),
    fc.uint8Array({ maxLength: 200 }),
  );
  await fc.assert(
    fc.asyncProperty(inputs, async (bytes) => {
      await assert.rejects(
        async () => verifySshSignature(parseSshSignature(wrap(bytes)), message, 'git'),
        (error) => error instanceof TrustError,
      );
    }),
    { numRuns: 300 },
  );
});
