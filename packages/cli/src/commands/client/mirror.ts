/** `signpost mirror export`: the public files of a server, verified, laid out as any web server can serve them. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeText } from '@signpost/protocol/bytes/text';
import { createMemoryCache } from '@signpost/protocol/client/check-catalogue';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonicalText } from '@signpost/protocol/json/canonical';
import { parseArray, parseObject } from '@signpost/protocol/json/fields';
import { parseSignable } from '@signpost/protocol/json/parse';
import { channelPattern, slugPattern } from '@signpost/protocol/updates/names';
import { findTrustedLog } from '@signpost/protocol/updates/verify-log';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { filesOf, pathOf, type ReleaseFile } from '../../client/manifest-file.ts';
import { type CatalogueMirror, type MirroredCatalogue, mirrorCatalogue } from '../../client/mirror-catalogue.ts';
import { mirrorEvidence } from '../../client/mirror-evidence.ts';
import { mirrorLog } from '../../client/mirror-log.ts';
import { openUpdater, updaterOptions } from '../../client/open-updater.ts';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import { createNodeSha256, openFileSink, readFileFacts } from '../../files/local-file.ts';
import { type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import { Client, readBounded } from '../../http/client.ts';
import { connect } from '../../http/connect.ts';
import { parseSignedList } from '../../root/signed-list.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';

/** `signpost mirror export`. */
export const mirrorExport: CommandSpec = {
  words: 'mirror export',
  arguments: '<dir>',
  summary: 'Write a static mirror that clients verify unchanged; each file is verified before it is written',
  details: [
    'The folder holds the trust list, the changes of roots, the manifests of all channels, their files and the evidence that they name, the transparency log where the trust list names one, and the catalogues of collections with the icons and modules in them, each at the path of its URL. Run it again to bring the mirror up to date: files first, then the lists that name them. Files that no manifest names any more are left.',
    'nginx:  server { root DIR; location /api/ { default_type application/json; } location / { default_type application/octet-stream; } }',
    'Caddy:  root * DIR    header /api/* Content-Type application/json    file_server',
  ],
  options: [
    { flags: '--project <slug>', text: 'only this project; all of the organisation when left out', repeatable: true },
    { flags: '--collection <slug>', text: 'only this collection, with all of its modules', repeatable: true },
    { flags: '--served-as <url>', text: 'how the server calls itself, where its catalogues name another address' },
    ...updaterOptions,
  ],
  examples: ['signpost mirror export /srv/mirror --project my-app --root 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='],
  run: exportMirror,
};

interface Mirror extends CatalogueMirror {
  readonly invocation: Invocation;
}

async function exportMirror(invocation: Invocation): Promise<Answer> {
  const dir = readArgument(invocation, 0);
  const catalogues = createMemoryCache();
  const { updater, base } = await openUpdater(invocation, { catalogues });
  const client = new Client({ base, fetch: invocation.fetch });
  const servedAs = invocation.options.text('served-as');
  const mirror: Mirror = { dir, updater, client, invocation, catalogues, servedAs };
  const wanted = await listWanted(invocation);
  const collections: MirroredCatalogue[] = [];
  for (const collection of wanted.collections) {
    const found = await mirrorCatalogue(mirror, collection);
    if (found) collections.push(found);
    else invocation.output.note(`${collection} has no catalogue yet`);
  }
  const manifests: VerifiedManifest[] = [];
  const projects = new Set([...wanted.projects, ...collections.flatMap(({ modules }) => modules)]);
  for (const project of projects) manifests.push(...(await fetchManifests(mirror, project)));
  let files = collections.reduce((sum, { icons }) => sum + icons, 0);
  for (const manifest of manifests) files += await mirrorFiles(mirror, manifest);
  const signed = await writeSigned(mirror, manifests, collections);
  return describeMirror(dir, { ...signed, manifests, collections, files });
}

/** A reader sees files before what names them: log and trust list before manifests that need them, and catalogues last. */
async function writeSigned(
  { dir, client, updater, invocation }: Mirror,
  manifests: readonly VerifiedManifest[],
  collections: readonly MirroredCatalogue[],
): Promise<Pick<Mirrored, 'trustVersion' | 'logEntries'>> {
  await writePublic(dir, '/api/signing/roots', await fetchRootChanges(client));
  const trust = await updater.refreshTrust();
  const log = findTrustedLog(trust);
  const write = (url: string, bytes: string | Uint8Array) => writePublic(dir, url, bytes);
  const { fetch } = invocation;
  const logEntries = log && (await mirrorLog({ dir, base: client.base, fetch, write }, log));
  await writePublic(dir, '/api/signing/trust', trust.envelope);
  for (const manifest of manifests) await writeManifest(dir, manifest);
  for (const { collection, bytes } of collections) await writePublic(dir, `/api/modules/${collection}`, bytes);
  return { trustVersion: trust.version, logEntries };
}

interface Mirrored {
  readonly trustVersion: number;
  /** Absent: the trust list names no log. */
  readonly logEntries: number | undefined;
  readonly manifests: readonly VerifiedManifest[];
  readonly collections: readonly MirroredCatalogue[];
  readonly files: number;
}

function describeMirror(dir: string, { trustVersion, logEntries, manifests, collections, files }: Mirrored): Answer {
  const releases = manifests.map(({ project, channel, version }) => ({ project, channel, version }));
  const catalogues = collections.map(({ collection, version, modules }) => ({
    ...{ collection, version, modules: modules.length },
  }));
  return {
    document: { dir, trust_version: trustVersion, log_entries: logEntries ?? null, releases, catalogues, files },
    lines: [
      `${dir}: trust list version ${trustVersion}, ${manifests.length} manifest(s), ${files} file(s), all verified.`,
      ...releases.map(({ project, channel, version }) => `  ${project} ${version} (${channel})`),
      ...catalogues.map(
        ({ collection, version, modules }) => `  ${collection}: catalogue ${version}, ${modules} module(s)`,
      ),
      ...(logEntries === undefined ? [] : [`  transparency log of ${logEntries} entries`]),
    ],
  };
}

interface Wanted {
  readonly projects: readonly string[];
  readonly collections: readonly string[];
}

/** What was named, or all of the organisation: modules come with their collections, and by themselves. */
async function listWanted(invocation: Invocation): Promise<Wanted> {
  const [projects, collections] = [invocation.options.texts('project'), invocation.options.texts('collection')];
  const wrong = [...projects, ...collections].find((slug) => !slugPattern.test(slug));
  if (wrong !== undefined) throw new Failure('usage', `"${wrong}" is no project slug`);
  if (projects.length + collections.length > 0) return { projects, collections };
  const client = await connect(invocation);
  if (!client.isAuthenticated) {
    throw new Failure('usage', 'only members may list all projects', { hint: 'name them by --project, or log in' });
  }
  const all = objectsOf(await client.read('/api/projects'), 'projects').filter(({ deleted_at }) => deleted_at === null);
  const isCollection = ({ kind }: JsonObject) => kind === 'module_collection';
  return {
    projects: all.filter((project) => !isCollection(project)).map((project) => textOf(project, 'slug')),
    collections: all.filter(isCollection).map((project) => textOf(project, 'slug')),
  };
}

async function fetchManifests({ client, updater }: Mirror, project: string): Promise<VerifiedManifest[]> {
  const releases = objectsOf(await client.read(`/api/projects/${project}/releases`), 'releases');
  const active = releases.filter(({ state }) => state === 'active').map((release) => textOf(release, 'channel'));
  const manifests: VerifiedManifest[] = [];
  for (const channel of new Set(active)) {
    // The names become paths: what the server says about them is not believed.
    if (!channelPattern.test(channel)) throw new TrustError('malformed', 'expected the name of a channel');
    const found = await updater.checkForUpdate({ project, channel });
    if (found.kind !== 'none') manifests.push(found.manifest);
  }
  return manifests;
}

async function mirrorFiles(mirror: Mirror, manifest: VerifiedManifest): Promise<number> {
  const files = filesOf(manifest);
  for (const file of files) await mirrorFile(mirror, file, join(mirror.dir, ...pathOf(manifest, file)));
  return files.length + (await mirrorEvidence(mirror.client, mirror.dir, manifest));
}

async function mirrorFile({ updater, invocation }: Mirror, file: ReleaseFile, path: string): Promise<void> {
  if (await isSameFile(path, file)) return;
  await mkdir(dirname(path), { recursive: true });
  try {
    await updater.download(file, await openFileSink(path), {
      createHash: createNodeSha256,
      onProgress: ({ receivedBytes, totalBytes }) => invocation.progress.update(file.name, receivedBytes, totalBytes),
    });
  } finally {
    invocation.progress.finish();
  }
}

async function isSameFile(path: string, { sizeBytes, sha256 }: ReleaseFile): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  return status?.size === sizeBytes && (await readFileFacts(path)).sha256 === sha256;
}

const maxRootChainBytes = 4_194_304;

/** The changes of roots, each parsed strictly. Clients judge the chain themselves; without changes it is empty. */
async function fetchRootChanges(client: Client): Promise<string> {
  const response = await client.send('GET', '/api/signing/roots');
  const bytes = await readBounded(response, maxRootChainBytes);
  const links = parseArray(parseObject(parseSignable(bytes, maxRootChainBytes), 'the root changes'), 'roots');
  for (const link of links) await parseSignedList(encodeText(encodeCanonicalText(link)));
  return encodeCanonicalText({ roots: links });
}

async function writeManifest(dir: string, manifest: VerifiedManifest): Promise<void> {
  const folder = `/api/projects/${manifest.project}`;
  await writePublic(dir, `${folder}/channels/${manifest.channel}/manifest`, manifest.envelope);
  if (manifest.channel === 'stable') await writePublic(dir, `${folder}/manifest`, manifest.envelope);
}

async function writePublic(dir: string, url: string, text: string | Uint8Array): Promise<void> {
  const path = join(dir, ...url.split('/'));
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomically(path, text, 0o644);
}
