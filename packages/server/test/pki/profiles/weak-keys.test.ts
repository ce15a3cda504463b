import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { createPrivateKey, derivePublicKey } from '@signpost/protocol/keys/private-key';
import { parseSubjectKey, type SubjectKey } from '@signpost/protocol/keys/subject-key';
import fc from 'fast-check';
import { parseWeakKeys, readWeakKeys, WeakKeys } from '../../../src/pki/profiles/weak-keys.ts';

const refused = { code: 'unavailable', rule: 'weak-keys' };

function createRsaKey(): { readonly key: SubjectKey; readonly pem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = parseSubjectKey(new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })));
  return { key, pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() };
}

/** As the makers of openssl-blacklist did it: the last 20 digits of what openssl says of the modulus. */
function describeByOpenssl(pem: string): string {
  const modulus = execFileSync('openssl', ['rsa', '-noout', '-modulus'], { input: pem });
  return createHash('sha1').update(modulus).digest('hex').slice(20);
}

const asBytes = (text: string) => new TextEncoder().encode(text);
const digits = fc.stringMatching(/^[0-9a-f]{20}$/);

suite('lists of weak keys', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'signpost-'));
  });
  after(() => rm(folder, { recursive: true }));
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text);
    return join(folder, name);
  };

  test('name keys as openssl describes them, and no others', async () => {
    const [listed, other] = [createRsaKey(), createRsaKey()];
    const entry = describeByOpenssl(listed.pem);
    const file = await write('own', `# mine\n\n${entry.toUpperCase()}\n0123456789abcdef0123\n`);
    const weakKeys = await readWeakKeys([file]);
    assert.equal(weakKeys.count, 2);
    assert.equal(weakKeys.has(listed.key), true);
    assert.equal(weakKeys.has(other.key), false);
    assert.equal(weakKeys.has(await derivePublicKey(await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' }))), false);
    assert.equal(new WeakKeys().has(listed.key), false);
  });

  test('are read from files and from all files of folders, but from hidden ones and folders inside', async () => {
    const lists = join(folder, 'lists');
    await mkdir(join(lists, 'inside'), { recursive: true });
    await write('lists/blacklist.RSA-1024', '4817f3e0b5df319289ad\n');
    await write('lists/blacklist.RSA-2048', '# no line end\n959a1a153444578d010b');
    await write('lists/.notes', 'not a list');
    await symlink(await write('more', '6475773dd6238880de70\r\n'.replace('\r', '')), join(lists, 'linked'));
    assert.equal((await readWeakKeys([lists, await write('one', '00000000000000000000\n')])).count, 4);
    assert.equal((await readWeakKeys([])).count, 0);
  });

  test('that are damaged, empty or not there are refused, with the line', async () => {
    const good = '4817f3e0b5df319289ad\n';
    for (const [text, line] of [
      [`${good}4817f3e0b5df319289a\n`, 2],
      [`${good}\n4817f3e0b5df319289adf\n`, 3],
      [`4817f3e0b5df319289ag\n${good}`, 1],
      [`${good} 4817f3e0b5df319289ad\n`, 2],
      [`#${'x'.repeat(2000)}\n${good}`, 1],
      [`${good}\u0000`, 2],
    ] as const) {
      const message = new RegExp(`^expected 20 hex digits in line ${line} of .*bad$`);
      await assert.rejects(readWeakKeys([await write('bad', text)]), { ...refused, message });
    }
    await assert.rejects(readWeakKeys([await write('bad', '# nothing\n')]), refused);
    await assert.rejects(readWeakKeys([await write('bad', '')]), refused);
    await assert.rejects(readWeakKeys([join(folder, 'nothing')]), refused);
    await mkdir(join(folder, 'empty'));
    await assert.rejects(readWeakKeys([join(folder, 'empty')]), refused);
  });

  test('read back every entry that stands in them, whatever stands between', () => {
    const remark = fc.constantFrom('', '#', '# 4817f3e0b5df319289ad', '   ', '\t# x');
    fc.assert(
      fc.property(fc.array(fc.tuple(digits, remark), { minLength: 1, maxLength: 20 }), (lines) => {
        const text = lines.map((pair) => pair.join('\n')).join('\n');
        const entries = Buffer.from(parseWeakKeys(asBytes(text), 'list')).toString('hex');
        assert.equal(entries, lines.map(([entry]) => entry).join(''));
      }),
    );
  });

  test('are lists or refused, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          assert.ok(parseWeakKeys(bytes, 'list').length > 0);
        } catch (error) {
          assert.equal((error as { rule?: string }).rule, 'weak-keys');
        }
      }),
    );
  });

  test('find a key among many others with the same beginning', () => {
    const { key, pem } = createRsaKey();
    const entry = describeByOpenssl(pem);
    const others = Array.from({ length: 500 }, (_, at) => entry.slice(0, 4) + at.toString(16).padStart(16, '0'));
    const parse = (entries: readonly string[]) => new WeakKeys(parseWeakKeys(asBytes(entries.join('\n')), 'list'));
    assert.equal(parse([...others, entry, ...others]).has(key), true);
    assert.equal(parse(others).has(key), false);
  });
});
