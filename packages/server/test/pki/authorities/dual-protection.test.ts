import assert from 'node:assert/strict';
import { createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { codePoint } from '../../../../protocol/test/code-points.ts';
import { listAudit } from '../../../src/audit/store.ts';
import { Refusal } from '../../../src/errors.ts';
import {
  assertPassphraseStrength,
  openRootKey,
  type ProtectedKey,
  protectRootKey,
} from '../../../src/pki/authorities/dual-protection.ts';
import { rootAttemptsPerMinute, withRootSigner } from '../../../src/pki/authorities/root-signer.ts';
import type { AuthorityRow } from '../../../src/pki/authorities/store.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { cheapCost } from '../../vault/cheap-cost.ts';
import { createPkiScene, type PkiScene, rootPassphrase } from '../scene.ts';
import { guessPassphrases } from './passphrase-guesses.ts';

forEachEngine((_engine, open) => {
  let scene: PkiScene;
  let root: AuthorityRow;
  before(async () => {
    scene = await createPkiScene(await open());
    root = await scene.createRoot();
  });

  const place = () => ({ organisationId: root.organisation_id, authorityId: root.id });
  const stored = (): ProtectedKey => ({
    protection: root.dual_protection ?? '',
    ciphertext: root.sealed_key ?? '',
  });
  const given = (passphrase: string) => ({ vault: scene.parts.vault, passphrase, cost: cheapCost });

  test('vault and passphrase together open the root, for one operation', async () => {
    const opening = { ...place(), passphrase: rootPassphrase };
    const message = new Uint8Array([1, 2, 3]);
    const kept = await withRootSigner(scene.parts, opening, async (issuer) => {
      assert.ok((await issuer.signer.sign(message)).length > 60);
      return issuer;
    });
    await assert.rejects(async () => kept.signer.sign(message), TypeError);
  });

  test('the passphrase alone, with the whole disk, opens nothing: the vault must be open too', async () => {
    scene.parts.vault.lock();
    try {
      await assert.rejects(openRootKey(place(), stored(), given(rootPassphrase)), { code: 'vault_locked' });
    } finally {
      await scene.parts.vault.unlock('a long master password');
    }
    // Somebody who holds every row and the passphrase, but not the vault's key, has no secret to combine it with.
    const { argon2Sync } = await import('node:crypto');
    const protection = JSON.parse(root.dual_protection ?? '');
    const key = argon2Sync('argon2id', {
      ...{ message: rootPassphrase, nonce: Buffer.from(protection.salt, 'base64url'), tagLength: 32 },
      ...{ passes: cheapCost.passes, memory: cheapCost.memoryKib, parallelism: cheapCost.parallelism },
    });
    assert.throws(() => decryptWith(key));
    assert.throws(() => decryptWith(createHmac('sha256', randomBytes(32)).update(key).digest()));
    assert.throws(() => decryptWith(createHmac('sha256', Buffer.from(protection.secret)).update(key).digest()));
  });

  test('the vault alone opens nothing: the secret that it gives away is half of the key', async () => {
    const protection = JSON.parse(root.dual_protection ?? '');
    const secret = scene.parts.vault.unseal('authority-root-secret', `authority/${root.id}`, protection.secret);
    assert.throws(() => decryptWith(secret));
    assert.throws(() => decryptWith(createHmac('sha256', secret).update(Buffer.alloc(0)).digest()));
    assert.throws(() => decryptWith(createHmac('sha256', secret).update(Buffer.alloc(32)).digest()));
  });

  function decryptWith(key: Uint8Array): Buffer {
    const sealed = Buffer.from(root.sealed_key ?? '', 'base64url');
    const { passes, memoryKib, parallelism, salt, secret } = JSON.parse(root.dual_protection ?? '');
    const bound = [root.organisation_id, root.id, passes, memoryKib, parallelism, salt, secret];
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(Buffer.from(JSON.stringify(['signpost-dual-1', ...bound])));
    decipher.setAuthTag(sealed.subarray(-16));
    const plaintext = decipher.update(sealed.subarray(12, -16));
    return Buffer.concat([plaintext, decipher.final()]);
  }

  test('another passphrase, another place and a changed bit get the same answer', async () => {
    const refusal = async (act: Promise<unknown>) => {
      const error = await act.then(
        () => assert.fail('expected a refusal'),
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof Refusal);
      const { code, rule, hint, message } = error;
      return { code, rule, hint, message };
    };
    const wrong = await refusal(openRootKey(place(), stored(), given('five quite random words her3')));
    assert.deepEqual([wrong.code, wrong.rule], ['forbidden', 'root-passphrase']);
    for (const passphrase of ['', ' ', 'x'.repeat(100_000), `${rootPassphrase} `, rootPassphrase.toUpperCase()]) {
      assert.deepEqual(await refusal(openRootKey(place(), stored(), given(passphrase))), wrong);
    }
    const flipped = Buffer.from(root.sealed_key ?? '', 'base64url');
    for (const at of [0, 12, 40, flipped.length - 1]) {
      const changed = Buffer.from(flipped);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const ciphertext = changed.toString('base64url');
      assert.deepEqual(await refusal(openRootKey(place(), { ...stored(), ciphertext }, given(rootPassphrase))), wrong);
    }
    for (const ciphertext of ['', 'AAAA']) {
      assert.deepEqual(await refusal(openRootKey(place(), { ...stored(), ciphertext }, given(rootPassphrase))), wrong);
    }
    const elsewhere = { ...place(), organisationId: 'another' };
    assert.deepEqual(await refusal(openRootKey(elsewhere, stored(), given(rootPassphrase))), wrong);
    const salt = { ...JSON.parse(root.dual_protection ?? ''), salt: randomBytes(16).toString('base64url') };
    const salted = { ...stored(), protection: JSON.stringify(salt) };
    assert.deepEqual(await refusal(openRootKey(place(), salted, given(rootPassphrase))), wrong);
  });

  test('two hundred wrong guesses of every kind get one answer', async () => {
    // How long they take is measured by test/long/root-passphrase.ts.
    const { answers } = await guessPassphrases(scene.parts.vault, 200);
    assert.equal(answers.size, 1);
  });

  test('whatever is protected opens again, in its place alone', async () => {
    const { vault } = scene.parts;
    const texts = fc.string({ minLength: 1, maxLength: 60, unit: codePoint });
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 2000 }),
        texts,
        texts,
        texts,
        async (bytes, passphrase, id, other) => {
          const at = { organisationId: 'organisation', authorityId: id };
          const key = await protectRootKey(at, bytes, { vault, passphrase, cost: cheapCost });
          assert.deepEqual(new Uint8Array(await openRootKey(at, key, { vault, passphrase, cost: cheapCost })), bytes);
          if (other === 'organisation') return;
          const moved = { ...at, organisationId: other };
          await assert.rejects(openRootKey(moved, key, { vault, passphrase, cost: cheapCost }), { code: 'forbidden' });
        },
      ),
      { numRuns: 50 },
    );
  });

  test('the secret of another root does not open, whoever puts it into the row', async () => {
    const other = { organisationId: root.organisation_id, authorityId: '01900000-0000-7000-8000-000000000000' };
    const key = await protectRootKey(other, new Uint8Array([1]), given(rootPassphrase));
    await assert.rejects(openRootKey(place(), key, given(rootPassphrase)), { rule: 'secret-unreadable' });
  });

  test('stored costs are those of the format, or the key is not touched', async () => {
    const protection = JSON.parse(root.dual_protection ?? '');
    const changes = [{ passes: 2 }, { memoryKib: 2 ** 21 }, { parallelism: 0 }, { format: 'none' }, { salt: 'AA' }];
    for (const change of changes) {
      const changed = { ...stored(), protection: JSON.stringify({ ...protection, ...change }) };
      await assert.rejects(openRootKey(place(), changed, given(rootPassphrase)), { rule: 'secret-unreadable' });
    }
    for (const text of ['', 'null', '[]', '"x"', '{']) {
      const changed = { ...stored(), protection: text };
      await assert.rejects(openRootKey(place(), changed, given(rootPassphrase)), { rule: 'secret-unreadable' });
    }
    // The format's own cost is another than the tests'.
    const asServed = { vault: scene.parts.vault, passphrase: rootPassphrase };
    await assert.rejects(openRootKey(place(), stored(), asServed), { rule: 'secret-unreadable' });
  });

  test('a wrong passphrase is audited, one too many in a minute refused, and neither tells the passphrase', async () => {
    const second = await createPkiScene(await open());
    const { id } = await second.createRoot();
    const opening = { organisationId: second.caller.organisationId, authorityId: id };
    for (let attempt = 0; attempt < rootAttemptsPerMinute; attempt++) {
      const guess = withRootSigner(second.parts, { ...opening, passphrase: 'a wrong passphrase' }, async () => 0);
      await assert.rejects(guess, { rule: 'root-passphrase' });
    }
    const right = { ...opening, passphrase: rootPassphrase };
    await assert.rejects(
      withRootSigner(second.parts, right, async () => 0),
      { code: 'rate_limited' },
    );
    second.travel(60_000);
    assert.equal(await withRootSigner(second.parts, right, async () => 1), 1);
    const rows = await listAudit(second.parts.database, { action: 'authority.passphrase_refused', limit: 20 });
    assert.equal(rows.length, rootAttemptsPerMinute);
    assert.ok(rows.every(({ outcome, object_id }) => outcome === 'refused' && object_id === id));
    assert.ok(!JSON.stringify(rows).includes('passphrase is') && !JSON.stringify(rows).includes('a wrong'));
  });
});

test('a passphrase is long, and not one character over and over', () => {
  for (const weak of ['', 'fifteen charact', 'aaaaaaaaaaaaaaaaaaaaaaaa', 'abababababababababab']) {
    assert.throws(() => assertPassphraseStrength(weak), { code: 'invalid', rule: 'passphrase-too-weak' });
  }
  assertPassphraseStrength(rootPassphrase);
});
