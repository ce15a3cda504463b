/** One of everything that waits for a person: an artifact, a certificate, a release, a deploy and a submission. */
import { createKeyPair } from '@signpost/protocol/keys/ed25519';
import { openDatabase } from '../../packages/server/src/storage/database/open.ts';
import { buildZip } from '../../packages/server/test/releases/inspection/zip-builder.ts';

import { createOperator } from '../programs/operator.ts';
import { activateRelease, createProject, importList, uploadRelease } from '../programs/publisher.ts';
import { committer, type RepositoryServer } from '../programs/subversion.ts';
import { buildPlugin, slug } from '../wordpress/plugin.ts';
import type { SeededServer } from './seed.ts';

const dayMs = 86_400_000;

/** Has the certificate for `door.internal` be in the last third of its life, and end in so many days. */
export async function endCertificate({ dataDir }: SeededServer, days: number): Promise<void> {
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: false });
  try {
    await database.query
      .updateTable('certificate')
      .set({ not_before: Date.now() - 90 * dayMs, not_after: Date.now() + days * dayMs })
      .where('search', 'like', '%door.internal%')
      .execute();
  } finally {
    await database.close();
  }
}

/** A release of `guarded` that a maintainer is asked to sign. */
export async function proposeGuarded({ admin, root }: SeededServer): Promise<void> {
  await createProject(admin, 'guarded');
  const bytes = new TextEncoder().encode('guarded\n');
  await uploadRelease(admin, { project: 'guarded', version: '1.0.0', name: 'guarded.bin', bytes });
  const { keyId, pubkeyB64 } = (await createKeyPair()).signer;
  const { keys } = await admin.call('GET', '/api/signing-keys');
  const { active, waiting } = await admin.call('GET', '/api/push/identity');
  const maintainer = { key_id: keyId, pubkey_b64: pubkeyB64, custody: 'maintainer' as const };
  const terms = { valid: [...keys, maintainer], push: [active ?? waiting], approvals: { guarded: 1 } };
  await importList(admin, (await root.signNextList(terms)).envelope);
  await admin.call('POST', '/api/projects/guarded/releases/1.0.0/proposal', { key_id: keyId });
}

/** A module `notes` that an author has handed in to `addons`. */
export async function handInNotes({ admin, base }: SeededServer): Promise<void> {
  await admin.call('POST', '/api/collections', { slug: 'addons' });
  const { key } = await admin.call('POST', '/api/collections/addons/authors', { name: 'Ada' });
  const ada = createOperator(base, { authorization: `Bearer ${key.key}` });
  const bytes = new Uint8Array(buildZip([{ name: 'module.js', content: 'notes' }]));
  const wish = {
    module: 'notes',
    version: '1.0.0',
    name: 'notes.zip',
    size_bytes: bytes.length,
    facts: { name: 'Notes' },
  };
  const { id } = await ada.call('POST', '/api/modules/addons/submit', wish);
  const path = `/api/modules/addons/submissions/${id}`;
  await ada.call('PUT', `${path}/upload?offset=0`, bytes);
  while ((await ada.call('GET', path)).state !== 'submitted') await pause();
}

/** A deploy of the plugin of the tests to `svn` that is prepared. */
export async function prepareDeploy({ admin }: SeededServer, svn: RepositoryServer): Promise<void> {
  const path = `/api/projects/${slug}/wordpress`;
  await admin.call('POST', '/api/projects', { slug, kind: 'wordpress_plugin', name: slug });
  await admin.call('PUT', `${path}/credentials`, { ...committer, repository: svn.url });
  await admin.call('PUT', `${path}/preflight`, { gates: { security: 'off', php: 'off' } });
  const bytes = new Uint8Array(buildPlugin({ version: '1.0.0' }));
  await uploadRelease(admin, { project: slug, version: '1.0.0', name: `${slug}-1.0.0.zip`, bytes });
  await activateRelease(admin, slug, '1.0.0');
  const { id } = await admin.call('POST', `${path}/deploys`, { version: '1.0.0' });
  while ((await admin.call('GET', `${path}/deploys/${id}`)).state !== 'awaiting_confirmation') await pause();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}
