/** A server on which every page of the console has something to show, and every text that a stranger may write is hostile. */
import { execFileSync } from 'node:child_process';
import { createSignerParty, describeTrustedRoot } from '../../packages/protocol/test/sigstore/instance.ts';
import { mint } from '../../packages/protocol/test/sigstore/minted.ts';
import { buildZip } from '../../packages/server/test/releases/inspection/zip-builder.ts';
import { xssCorpus } from '../../packages/server/test/xss-corpus.ts';
import { createOperator } from '../programs/operator.ts';
import { activateRelease, createProject, uploadRelease } from '../programs/publisher.ts';
import { buildPlugin } from '../wordpress/plugin.ts';
import type { SeededServer } from './seed.ts';
import { seedWatch } from './watch-seed.ts';

/** What the server is set to, so that it asks nobody. */
export const everySetting = {
  SIGNPOST_OUTGOING: 'off',
  SIGNPOST_WORDPRESS_HOSTS: 'svn://127.0.0.1:9',
  SIGNPOST_WEBHOOK_ADDRESSES: 'any',
} as const;

/** What stands in the address of a page, by the pattern of its route. */
export type Places = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What strangers wrote: each mark begins a text that goes on with as much of the corpus as the field takes. */
export const marks: readonly string[] = [
  ...['project-name', 'project-text', 'changelog', 'signer-identity', 'build-workflow'],
  ...['certificate-subject', 'module-name', 'module-text', 'module-category', 'sbom-name', 'sbom-licence'],
  ...['author-name', 'submission-name', 'submission-text', 'submission-changelog', 'plugin-name', 'plugin-author'],
  ...['webhook-text', 'frame-data', 'key-label', 'advisory-text'],
];

/** A text of at most `limit` characters, of the entries of the corpus from `from` on. */
function hostile(mark: string, limit: number, from = 0): string {
  if (!marks.includes(mark)) throw new TypeError(`expected a mark of the list, got ${mark}`);
  let text = `[${mark}]`;
  for (const entry of [...xssCorpus.slice(from), ...xssCorpus.slice(0, from)]) {
    if (!/[\r\n\0]/.test(entry) && text.length + entry.length < limit) text += ` ${entry}`;
  }
  return text;
}

/** Seeds it. Resolves to the addresses of all pages that have something in theirs. */
export async function seedEverything(server: SeededServer): Promise<Places> {
  return {
    ...(await seedProject(server)),
    ...(await seedTrust(server)),
    ...(await seedPki(server)),
    ...(await seedModules(server)),
    ...(await seedPlugin(server)),
    ...(await seedWatched(server)),
    ...(await seedPush(server)),
    'accounts/people/{person}': { person: (await server.admin.call('GET', '/api/people')).people[1].id },
  };
}

async function seedProject({ admin }: SeededServer): Promise<Places> {
  const [project, version] = ['hostile', '1.0.0'];
  const release = `/api/projects/${project}/releases/${version}`;
  await createProject(admin, project);
  const name = { en: hostile('project-name', 100), de: hostile('project-name', 100, 8) };
  await admin.call('PATCH', `/api/projects/${project}`, { name, description: { en: hostile('project-text', 2000) } });
  await uploadRelease(admin, { project, version, name: 'a.bin', bytes: new TextEncoder().encode('a') });
  await admin.call('PATCH', release, { changelog: { en: [hostile('changelog', 20_000), ...xssCorpus].join('\n\n') } });
  await admin.call('PUT', `/api/projects/${project}/policy`, {
    text: 'policy: 1\nmode: observe\nsbom: { complete: true }\n',
  });
  await admin.call('PUT', `${release}/sbom`, writeSbom());
  await admin.call('PUT', '/api/vulnerabilities/npm', encode(advisory));
  const trust = { name: 'internal', trusted_root: JSON.stringify(describeTrustedRoot()) };
  await admin.call('POST', '/api/evidence/trust-roots', trust);
  const { artifacts } = await admin.call('GET', release);
  const query = `artifact=${artifacts[0].sha256}&name=a.sigstore.json`;
  await admin.call('POST', `${release}/evidence?${query}`, await writeBundle(artifacts[0]));
  await activateRelease(admin, project, version);
  return {
    'releases/{project}': { project },
    'releases/{project}/{version}': { project, version },
    'evidence/roots/{root}': { root: trust.name },
    'evidence/projects/{project}': { project },
    'evidence/projects/{project}/{version}': { project, version },
    'evidence/projects/{project}/{version}/sbom': { project, version },
  };
}

function encode(document: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(document));
}

const advisory = {
  ...{ id: 'GHSA-aaaa-bbbb-cccc', modified: '2026-01-01T00:00:00Z', summary: hostile('advisory-text', 1000) },
  affected: [{ package: { ecosystem: 'npm', name: 'left' }, versions: ['1.0.0'] }],
};

function writeSbom(): Uint8Array<ArrayBuffer> {
  const components = xssCorpus.map((entry, at) => ({
    ...{
      type: 'library',
      'bom-ref': `c${at}`,
      name: `[sbom-name] ${entry}`,
      version: '1.0.0',
      supplier: { name: entry },
    },
    licenses: [{ license: { name: `[sbom-licence] ${entry}` } }],
  }));
  const left = { type: 'library', 'bom-ref': 'left', name: 'left', version: '1.0.0', purl: 'pkg:npm/left@1.0.0' };
  return encode({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [left, ...components] });
}

/** Provenance of the file, by somebody whose identity and workflow are hostile. */
async function writeBundle({ name, sha256 }: { name: string; sha256: string }): Promise<Uint8Array<ArrayBuffer>> {
  const identity = `https://forge.example/${hostile('signer-identity', 300)}`;
  const names = [{ kind: 'uri' as const, text: identity }];
  const signer = await createSignerParty({ extensions: { subjectAlternativeName: { names, critical: true } } });
  const workflow = {
    repository: hostile('build-workflow', 300),
    ref: hostile('build-workflow', 300, 9),
    path: xssCorpus[0],
  };
  const statement = {
    ...{ _type: 'https://in-toto.io/Statement/v1', predicateType: 'https://slsa.dev/provenance/v1' },
    subject: [{ name, digest: { sha256 } }],
    predicate: {
      buildDefinition: { buildType: 'https://forge.example/build/v1', externalParameters: { workflow } },
      runDetails: { builder: { id: hostile('build-workflow', 300, 18) } },
    },
  };
  return encode(await mint({ signer, payload: JSON.stringify(statement) }));
}

async function seedTrust({ admin }: SeededServer): Promise<Places> {
  const label = hostile('key-label', 100);
  const { key_id: key } = await admin.call('POST', '/api/signing-keys', { label });
  const { entries } = await admin.call('GET', '/api/log/entries');
  return { 'trust/keys/{key}': { key }, 'trust/log/{entry}': { entry: String(entries[0].index) } };
}

async function seedPki({ admin }: SeededServer): Promise<Places> {
  const { id } = await admin.call('POST', '/api/certificates', {
    ...{ authority: 'house-servers', profile: 'server', key: 'ecdsa-p256', names: ['dns:x.internal'] },
    subject: { CN: 'x.internal', O: hostile('certificate-subject', 64), OU: hostile('certificate-subject', 64, 5) },
  });
  await admin.call('POST', '/api/authorities/house-servers/tsa', {});
  await admin.call('POST', '/api/acme/directories', {
    ...{ authority: 'house-servers', name: 'house', names: ['.internal.example'] },
    profiles: [{ name: 'server', profile: 'server', description: 'for hosts' }],
  });
  return {
    'certificates/{id}': { id },
    'certificates/authorities/{authority}': { authority: 'house-servers' },
    'certificates/acme/{directory}': { directory: 'house' },
  };
}

async function seedModules({ admin, base }: SeededServer): Promise<Places> {
  const [collection, module] = ['addons', 'maps'];
  await admin.call('POST', '/api/collections', { slug: collection, name: 'Add-ons' });
  await admin.call('POST', `/api/collections/${collection}/modules`, {
    ...{ slug: module, name: hostile('module-name', 100), description: hostile('module-text', 2000) },
    category: hostile('module-category', 60),
  });
  const bytes = new Uint8Array(buildZip([{ name: 'module.js', content: 'x' }]));
  await uploadRelease(admin, { project: module, version: '1.0.0', name: 'maps.zip', bytes });
  await activateRelease(admin, module, '1.0.0');
  const author = { name: hostile('author-name', 100) };
  const made = await admin.call('POST', `/api/collections/${collection}/authors`, author);
  const ada = createOperator(base, { authorization: `Bearer ${made.key.key}` });
  const { id: submission } = await ada.call('POST', `/api/modules/${collection}/submit`, {
    ...{ module: 'notes', version: '1.0.0', name: 'notes.zip', size_bytes: bytes.length },
    changelog: { en: hostile('submission-changelog', 2000) },
    facts: {
      ...{ name: hostile('submission-name', 100), description: hostile('submission-text', 2000) },
      ...{ category: xssCorpus[2], requires_permissions: ['files.read'] },
    },
  });
  await ada.call('PUT', `/api/modules/${collection}/submissions/${submission}/upload?offset=0`, bytes);
  return {
    'modules/{collection}': { collection },
    'modules/{collection}/modules/{module}': { collection, module },
    'modules/{collection}/submissions': { collection },
    'modules/{collection}/submissions/{submission}': { collection, submission },
    'modules/{collection}/settings': { collection },
    'modules/{collection}/authors': { collection },
  };
}

async function seedPlugin({ admin }: SeededServer): Promise<Places> {
  const project = 'acme-forms';
  const wordpress = `/api/projects/${project}/wordpress`;
  await admin.call('POST', '/api/projects', { slug: project, kind: 'wordpress_plugin', name: 'Acme Forms' });
  const header = { 'Plugin Name': hostile('plugin-name', 200), Author: hostile('plugin-author', 200) };
  const bytes = new Uint8Array(buildPlugin({ version: '1.0.0', header }));
  await uploadRelease(admin, { project, version: '1.0.0', name: `${project}.zip`, bytes });
  await activateRelease(admin, project, '1.0.0');
  const login = { username: 'ada', password: 'a password', repository: 'svn://127.0.0.1:9/acme-forms' };
  await admin.call('PUT', `${wordpress}/credentials`, login);
  const { id: deploy } = await admin.call('POST', `${wordpress}/deploys`, { version: '1.0.0' });
  return {
    'wordpress/{project}': { project },
    'wordpress/{project}/assets': { project },
    'wordpress/{project}/settings': { project },
    'wordpress/{project}/deploys/{deploy}': { project, deploy },
  };
}

async function seedWatched(server: SeededServer): Promise<Places> {
  const { admin } = server;
  const source = await seedWatch(server, 'registry.example/team/app');
  const { findings } = await admin.call('GET', '/api/watch/findings');
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=ca'];
  const ca = execFileSync('openssl', [...words, '-keyout', '/dev/null'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const wish = { name: 'shop', server: 'https://192.0.2.1:6443', ca, credential: { token: 'a-token' } };
  const { id: cluster } = await admin.call('POST', '/api/watch/clusters', wish);
  return {
    'watch/findings/{finding}': { finding: findings[0].id },
    'watch/sources/{source}': { source },
    'watch/clusters/{cluster}': { cluster },
  };
}

async function seedPush({ admin }: SeededServer): Promise<Places> {
  await admin.call('POST', '/api/push/channels', { name: 'app.house', visibility: 'public' });
  const data = { room: hostile('frame-data', 500) };
  await admin.call('POST', '/api/push/channels/app.house/frames', { type: 'app.house-lit', data });
  const hook = { url: 'https://127.0.0.1:9/x', description: hostile('webhook-text', 200) };
  const { id: webhook } = await admin.call('POST', '/api/webhooks', hook);
  return { 'push/webhooks/{webhook}': { webhook } };
}
