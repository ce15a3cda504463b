/** What authors sign: one version of one module, and nothing that passes for anything else. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { encodeBase64, parseBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { parseSignable } from '@signpost/protocol/json/parse';
import {
  type AuthorStatement,
  encodeAuthorSignature,
  encodeAuthorStatement,
  parseAuthorSignature,
  verifyAuthorSignature,
} from '@signpost/protocol/updates/author';
import fc from 'fast-check';
import { aliceKey, bobKey } from '../documents.ts';
import { refuses } from '../refuses.ts';

const statement: AuthorStatement = {
  ...{ collection: 'addons', module: 'demo', counter: 7, version: '1.2.0', sha256: 'ab'.repeat(32), sizeBytes: 24 },
};

async function sign(of: AuthorStatement, key = aliceKey, named = key.keyId) {
  return {
    counter: statement.counter,
    pubkeyB64: key.pubkeyB64,
    sig: encodeBase64(await key.sign(encodeAuthorStatement(of, named))),
  };
}

test('the statement is one canonical text that no other document looks like', () => {
  assert.equal(
    new TextDecoder().decode(encodeAuthorStatement(statement, 'cd'.repeat(32))),
    `{"author_statement_version":1,"collection":"addons","counter":7,"key_id":"${'cd'.repeat(32)}","module":"demo","sha256":"${'ab'.repeat(32)}","size_bytes":24,"version":"1.2.0"}`,
  );
});

test('the signature of an author verifies, and says which key it is', async () => {
  assert.equal((await verifyAuthorSignature(statement, await sign(statement))).keyId, aliceKey.keyId);
});

suite('a signature is refused', () => {
  const others: readonly Partial<AuthorStatement>[] = [
    { counter: 8 },
    { collection: 'themes' },
    { module: 'demos' },
    { version: '1.2.1' },
    { sha256: 'ac'.repeat(32) },
    { sizeBytes: 25 },
  ];
  for (const other of others) {
    test(`over another ${Object.keys(other)[0]}`, async () => {
      const signature = await sign({ ...statement, ...other });
      await assert.rejects(verifyAuthorSignature(statement, signature), refuses('bad_signature'));
    });
  }

  test('under another key, and by a key that the statement does not name', async () => {
    const { sig } = await sign(statement);
    await assert.rejects(
      verifyAuthorSignature(statement, { counter: 7, pubkeyB64: bobKey.pubkeyB64, sig }),
      refuses('bad_signature'),
    );
    const stolen = await sign(statement, aliceKey, bobKey.keyId);
    await assert.rejects(verifyAuthorSignature(statement, stolen), refuses('bad_signature'));
  });

  test('for a key that is none', async () => {
    const { sig } = await sign(statement);
    await assert.rejects(
      verifyAuthorSignature(statement, { counter: 7, pubkeyB64: `${'A'.repeat(43)}=`, sig }),
      refuses('malformed'),
    );
  });
});

test('whatever is written is read back, and whatever else comes is malformed', () => {
  const bytes = fc.uint8Array({ minLength: 96, maxLength: 96 });
  fc.assert(
    fc.property(bytes, (raw) => {
      const written = {
        counter: 1 + (raw[0] ?? 0),
        pubkeyB64: encodeBase64(new Uint8Array(raw.slice(0, 32))),
        sig: encodeBase64(new Uint8Array(raw.slice(32))),
      };
      assert.deepEqual(parseAuthorSignature(encodeAuthorSignature(written)), written);
      assert.equal(parseBase64(written.sig).length, 64);
    }),
  );
  fc.assert(
    fc.property(fc.json(), (text) => {
      try {
        parseAuthorSignature(parseSignable(new TextEncoder().encode(text), 65_536));
      } catch (error) {
        assert.ok(error instanceof TrustError);
      }
    }),
  );
});
