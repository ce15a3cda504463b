/** Which plugins have a key for their packages, asked of both engines. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProject } from '../../src/releases/projects/project.ts';
import { activateSigningKey, createSigningKey } from '../../src/trust/signing-keys.ts';
import { importTrustList } from '../../src/trust/trust-lists.ts';
import { listSigningPlugins, listUnsigned } from '../../src/wordpress/updates/store.ts';
import { createScene, trustKey } from '../releases/scene.ts';
import { forEachEngine } from '../storage/engines.ts';

forEachEngine((name, open) => {
  test(`plugins are found by the active key of their packages (${name})`, async () => {
    const database = await open();
    const { dependencies, caller, signList } = await createScene(database);
    const fields = {
      name: { en: 'x' },
      description: {},
      primaryLocale: 'en',
      acceptedTypes: ['zip'],
      scan: 'off',
      manifestDays: 30,
    } as const;
    for (const slug of ['with-key', 'without'])
      await createProject(dependencies, caller, { ...fields, slug, kind: 'wordpress_plugin' });
    const scope = 'wordpress:with-key' as const;
    const { key_id: keyId, pubkey_b64: pubkeyB64 } = await createSigningKey(dependencies, caller, {
      scope,
      label: 'packages',
    });
    assert.deepEqual(await listSigningPlugins(database.query, undefined), []);
    await importTrustList(
      dependencies,
      caller,
      await signList({ version: 1, keys: [trustKey({ keyId, pubkeyB64 }, { scope })] }),
    );
    await activateSigningKey(dependencies, caller, keyId);
    const found = await listSigningPlugins(database.query, caller.organisationId);
    assert.deepEqual(
      found.map(({ slug }) => slug),
      ['with-key'],
    );
    assert.deepEqual(await listUnsigned(database.query, { projectId: String(found[0]?.id), keyId }), []);
  });
});
