import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthorityTree } from '../../../src/pki/authorities/authority.ts';
import { openIssuer } from '../../../src/pki/authorities/issuer.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { assertChainAccepted } from '../oracles.ts';
import { createPkiScene, type PkiScene } from '../scene.ts';

function open({ parts, caller }: PkiScene, authorityId: string) {
  return openIssuer(parts, { organisationId: caller.organisationId, authorityId });
}

forEachEngine((_engine, openDatabase) => {
  test('a root and an intermediate are made, and the intermediate signs', async () => {
    const scene = await createPkiScene(await openDatabase());
    const root = await scene.createRoot();
    const { id } = await scene.createIntermediate();
    const issuer = await open(scene, id);
    assert.equal(issuer.name, 'issuing');
    assert.equal(issuer.chain.length, 1);
    await assertChainAccepted([issuer.certificate, ...issuer.chain], scene.parts.now());
    const tree = await AuthorityTree.read(scene.parts.database.query, scene.caller.organisationId);
    assert.equal(tree.listChains(root, scene.parts.now()).length, 1);
    await assert.rejects(open(scene, root.id), { code: 'conflict', rule: 'passphrase-needed' });
  });
});
