import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeAuthority, listAuthorityChains } from '../../../src/pki/authorities/description.ts';
import { listConsequences, retireAuthority, revokeAuthority } from '../../../src/pki/authorities/end.ts';
import { openIssuer } from '../../../src/pki/authorities/issuer.ts';
import { crossSign, renewAuthority } from '../../../src/pki/authorities/renew.ts';
import { findIssuing, rekeyAuthority, setSuccessor } from '../../../src/pki/authorities/succession.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { assertChainAccepted } from '../oracles.ts';
import { createPkiScene, type PkiScene, rootPassphrase } from '../scene.ts';

const passphrase = rootPassphrase;
const dayMs = 86_400_000;

async function chainsOf({ parts, caller }: PkiScene, name: string) {
  const chains = await listAuthorityChains(parts, caller.organisationId, name);
  return chains.map((chain) => chain.map(({ certificate }) => certificate));
}

forEachEngine((_engine, open) => {
  test('a renewed authority has a new certificate for the same key, and both chains are accepted', async () => {
    const scene = await createPkiScene(await open());
    const { parts, caller } = scene;
    await scene.createRoot();
    await scene.createIntermediate({ days: 100 });
    scene.travel(1000);
    await renewAuthority(parts, caller, { authority: 'issuing', days: 400, passphrase });
    await renewAuthority(parts, caller, { authority: 'root', passphrase });
    const chains = await chainsOf(scene, 'issuing');
    assert.equal(chains.length, 4);
    for (const chain of chains) await assertChainAccepted(chain, parts.now());
    const { certificates } = await describeAuthority(parts, caller.organisationId, 'issuing');
    assert.deepEqual(
      certificates.map(({ notAfter }) => Math.round((notAfter - parts.now()) / dayMs)),
      [400, 100],
    );
    const issuer = await openIssuer(parts, {
      organisationId: caller.organisationId,
      authorityId: (await findIssuing(parts.database.query, caller.organisationId, 'issuing')).id,
    });
    assert.equal(issuer.certificate.notAfter, certificates[0]?.notAfter);
  });

  test('a cross-signed root is trusted through the other one, by openssl and GnuTLS', async () => {
    const scene = await createPkiScene(await open());
    const { parts, caller } = scene;
    await scene.createRoot({ name: 'old', pathLength: 2 });
    await scene.createRoot({ name: 'new' });
    await scene.createIntermediate({ parent: 'new' });
    await crossSign(parts, caller, { authority: 'new', issuer: 'old', passphrase });
    const chains = await chainsOf(scene, 'issuing');
    assert.deepEqual(
      chains.map((chain) => chain.length),
      [2, 3],
    );
    for (const chain of chains) await assertChainAccepted(chain, parts.now());
    const circle = crossSign(parts, caller, { authority: 'new', issuer: 'issuing' });
    await assert.rejects(circle, { code: 'invalid', rule: 'cross-sign' });
    const itself = crossSign(parts, caller, { authority: 'new', issuer: 'new', passphrase });
    await assert.rejects(itself, { code: 'invalid', rule: 'cross-sign' });
  });

  test('two roots that signed each other give chains that end', async () => {
    const scene = await createPkiScene(await open());
    const { parts, caller } = scene;
    await scene.createRoot({ name: 'one' });
    await scene.createRoot({ name: 'two' });
    await crossSign(parts, caller, { authority: 'one', issuer: 'two', passphrase });
    await crossSign(parts, caller, { authority: 'two', issuer: 'one', passphrase });
    assert.deepEqual(
      (await chainsOf(scene, 'one')).map((chain) => chain.length),
      [1, 2],
    );
  });

  test('a rekeyed intermediate takes over, and the old one stays valid until it is retired', async () => {
    const scene = await createPkiScene(await open());
    const { parts, caller } = scene;
    const { organisationId } = caller;
    await scene.createRoot();
    const old = await scene.createIntermediate();
    const made = await rekeyAuthority(parts, caller, { authority: 'issuing', passphrase });
    assert.equal(made.name, 'issuing-g2');
    const shown = await describeAuthority(parts, organisationId, 'issuing-g2');
    assert.equal(shown.subject, 'O=Example, CN=issuing CA G2');
    const { query } = parts.database;
    assert.equal((await findIssuing(query, organisationId, 'issuing')).id, made.id);
    await openIssuer(parts, { organisationId, authorityId: old.id });
    await retireAuthority(parts, caller, 'issuing');
    await assert.rejects(openIssuer(parts, { organisationId, authorityId: old.id }), { rule: 'authority-state' });
    await openIssuer(parts, { organisationId, authorityId: old.id }, 'status');
    assert.equal((await findIssuing(query, organisationId, 'issuing')).id, made.id);
    const third = await rekeyAuthority(parts, caller, { authority: 'issuing-g2', passphrase, later: true });
    assert.equal(third.name, 'issuing-g3');
    assert.equal((await findIssuing(query, organisationId, 'issuing')).id, made.id);
    await setSuccessor(parts, caller, { authority: 'issuing-g2', successor: 'issuing-g3' });
    assert.equal((await findIssuing(query, organisationId, 'issuing')).id, third.id);
    const circle = setSuccessor(parts, caller, { authority: 'issuing-g3', successor: 'issuing' });
    await assert.rejects(circle, { code: 'conflict' });
    await setSuccessor(parts, caller, { authority: 'issuing-g2', successor: undefined });
    assert.equal((await findIssuing(query, organisationId, 'issuing')).id, made.id);
  });

  test('a rekeyed intermediate is bound as the old one was', async () => {
    const scene = await createPkiScene(await open());
    const { parts, caller } = scene;
    await scene.createRoot({ pathLength: 2 });
    const nameConstraints = { permitted: ['dns:example.com', 'ip:10.0.0.0/8'], excluded: ['dns:secret.example.com'] };
    const old = await scene.createIntermediate({ pathLength: 1, nameConstraints });
    const made = await rekeyAuthority(parts, caller, { authority: 'issuing', passphrase });
    const [before, after] = await Promise.all(
      [old, made].map(async ({ id }) => {
        const { certificate } = await openIssuer(parts, { organisationId: caller.organisationId, authorityId: id });
        const { basicConstraints, nameConstraints: found } = certificate.extensions;
        return { basicConstraints, found };
      }),
    );
    assert.equal(after?.found?.value.permitted.length, 2);
    assert.deepEqual(after, before);
  });

  test('a rekeyed root is signed by the old one, so that old clients trust what is new', async () => {
    const scene = await createPkiScene(await open());
    const { parts, caller } = scene;
    await scene.createRoot({ pathLength: 2 });
    const newPassphrase = 'six other random words for this one';
    const made = await rekeyAuthority(parts, caller, { authority: 'root', passphrase, newPassphrase });
    await scene.createIntermediate({ parent: made.name, passphrase: newPassphrase });
    const chains = await chainsOf(scene, 'issuing');
    assert.equal(chains.length, 2);
    for (const chain of chains) await assertChainAccepted(chain, parts.now());
  });

  test('a wrong passphrase leaves no half of a roll-over, and a short path no cross-certificate', async () => {
    const scene = await createPkiScene(await open());
    const { parts, caller } = scene;
    await scene.createRoot({ pathLength: 1 });
    const newPassphrase = 'six other random words for this one';
    const wrong = rekeyAuthority(parts, caller, { authority: 'root', passphrase: newPassphrase, newPassphrase });
    await assert.rejects(wrong, { code: 'forbidden', rule: 'root-passphrase' });
    const weak = rekeyAuthority(parts, caller, { authority: 'root', passphrase, newPassphrase: 'weak' });
    await assert.rejects(weak, { rule: 'passphrase-too-weak' });
    await assert.rejects(describeAuthority(parts, caller.organisationId, 'root-g2'), { code: 'not_found' });
    await rekeyAuthority(parts, caller, { authority: 'root', passphrase, newPassphrase });
    assert.equal((await chainsOf(scene, 'root-g2')).length, 1);
  });

  test('successors are of the same kind, and never go round', async () => {
    const scene = await createPkiScene(await open());
    const { parts, caller } = scene;
    await scene.createRoot();
    await scene.createIntermediate({ name: 'one' });
    await scene.createIntermediate({ name: 'two' });
    const succeed = (authority: string, successor: string) => setSuccessor(parts, caller, { authority, successor });
    await assert.rejects(succeed('one', 'root'), { code: 'invalid', rule: 'succession' });
    await assert.rejects(succeed('one', 'one'), { code: 'invalid', rule: 'succession' });
    await succeed('one', 'two');
    await assert.rejects(succeed('two', 'one'), { code: 'invalid', rule: 'succession' });
    await assert.rejects(succeed('one', 'nobody'), { code: 'not_found' });
  });

  test('an authority with valid children is not revoked by accident; a cascade takes all below with it', async () => {
    const scene = await createPkiScene(await open());
    const { parts, caller } = scene;
    await scene.createRoot({ pathLength: 3 });
    await scene.createIntermediate({ name: 'policy', pathLength: 1 });
    const { id } = await scene.createIntermediate({ parent: 'policy' });
    const other = await scene.createIntermediate({ name: 'other' });
    const revocation = { authority: 'policy', reason: 'cACompromise' } as const;
    assert.deepEqual(await listConsequences(parts, caller.organisationId, 'policy'), {
      authorities: ['issuing'],
      certificates: 1,
    });
    await assert.rejects(revokeAuthority(parts, caller, revocation), (error: Error) => {
      assert.match(error.message, /1 certificates under policy are valid.*issuing/);
      return true;
    });
    await openIssuer(parts, { organisationId: caller.organisationId, authorityId: id });
    await revokeAuthority(parts, caller, { ...revocation, cascade: true });
    await assert.rejects(openIssuer(parts, { organisationId: caller.organisationId, authorityId: id }), {
      code: 'conflict',
      rule: 'authority-state',
    });
    await openIssuer(parts, { organisationId: caller.organisationId, authorityId: other.id });
    // It still says what it revoked.
    const status = await openIssuer(parts, { organisationId: caller.organisationId, authorityId: id }, 'status');
    assert.deepEqual([status.name, status.chain.length], ['issuing', 2]);
    assert.deepEqual(await chainsOf(scene, 'issuing'), []);
    const shown = await describeAuthority(parts, caller.organisationId, 'issuing');
    assert.deepEqual([shown.state, shown.notAfter], ['revoked', null]);
    assert.deepEqual(
      shown.certificates.map(({ state }) => state),
      ['revoked'],
    );
    await assert.rejects(revokeAuthority(parts, caller, { ...revocation, cascade: true }), { code: 'conflict' });
    await assert.rejects(renewAuthority(parts, caller, { authority: 'policy', passphrase }), { code: 'conflict' });
    const future = { ...revocation, authority: 'other', invalidFrom: parts.now() + 1 };
    await assert.rejects(revokeAuthority(parts, caller, future), { code: 'invalid', rule: 'invalid-from' });
  });

  test('an intermediate without children is revoked, and its name stays taken', async () => {
    const scene = await createPkiScene(await open());
    const { parts, caller } = scene;
    await scene.createRoot();
    await scene.createIntermediate();
    const revoked = await revokeAuthority(parts, caller, { authority: 'issuing', reason: 'superseded' });
    assert.equal(revoked.state, 'revoked');
    await assert.rejects(scene.createIntermediate(), { code: 'conflict', rule: 'name-taken' });
    await assert.rejects(retireAuthority(parts, caller, 'issuing'), { code: 'conflict' });
  });
});
