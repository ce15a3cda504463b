/** `signpost check`, `download`, `verify --project`: what a client does, by hand. */
import { createReadStream, existsSync } from 'node:fs';
import { verifyFile } from '@signpost/protocol/client/download';
import { TrustError } from '@signpost/protocol/errors';
import { encodeTime } from '@signpost/protocol/json/time';
import type { VerifiedLogPosition } from '@signpost/protocol/updates/verify-log';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { chooseFile, filesOf } from '../../client/manifest-file.ts';
import { openUpdater, updaterOptions } from '../../client/open-updater.ts';
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import { createNodeSha256, openFileSink, readFileFacts } from '../../files/local-file.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer, JsonValue } from '../../terminal/output.ts';
import { formatSize } from '../../terminal/table.ts';

/** The option that names the channel. */
export const channelOption: OptionSpec = { flags: '--channel <name>', text: 'the channel', fallback: 'stable' };
/** A pinned root, for examples. */
export const rootExample = '--root 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';

/** `signpost check`. */
export const check: CommandSpec = {
  words: 'check',
  arguments: '<project>',
  summary: 'Look for an update as a client does: trust list, signatures, freshness, counter, each step shown',
  options: [channelOption, { flags: '--installed <version>', text: 'the version that runs' }, ...updaterOptions],
  examples: [`signpost check my-app --installed 1.0.0 --server https://updates.example.org ${rootExample}`],
  run: lookForUpdate,
};

/** `signpost download`. */
export const download: CommandSpec = {
  words: 'download',
  arguments: '<project>',
  summary: 'Download the release in service; the file appears once every check has passed',
  options: [
    channelOption,
    { flags: '--file <name>', text: 'which file, when the release has several' },
    { flags: '--platform <platform>', text: 'the file for this platform' },
    { flags: '--out <path>', text: "where to; the file's own name when left out" },
    ...updaterOptions,
  ],
  examples: [`signpost download my-app --out app.zip ${rootExample}`],
  run: downloadRelease,
};

async function lookForUpdate(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const { updater } = await openUpdater(invocation);
  const project = readArgument(invocation, 0);
  const installedVersion = options.text('installed');
  const found = await updater.checkForUpdate({ project, channel: options.requiredText('channel'), installedVersion });
  if (found.kind === 'none')
    return { document: { kind: 'none', project }, lines: [`${project} has no release in this channel.`] };
  const { manifest } = found;
  const line = found.kind === 'current' ? `${manifest.version} is up to date.` : describeUpdate(manifest, found.order);
  return { document: { kind: found.kind, ...summarise(manifest), log: summariseLog(found.logged) }, lines: [line] };
}

function describeUpdate(manifest: VerifiedManifest, order: string | undefined): string {
  const how = order === 'older' ? 'The publisher went back to' : 'Available:';
  return `${how} ${manifest.version}, signed ${encodeTime(manifest.signedAt)}, ${formatSize(manifest.main.sizeBytes)}.`;
}

async function downloadRelease(invocation: Invocation): Promise<Answer> {
  const { options, prompt, progress } = invocation;
  const { updater, manifest } = await requireRelease(invocation, readArgument(invocation, 0));
  const file = chooseFile(manifest, { name: options.text('file'), platform: options.text('platform') });
  const out = options.text('out') ?? file.name;
  if (existsSync(out)) await prompt.confirm(`Replace ${out}?`);
  try {
    await updater.download(file, await openFileSink(out), {
      createHash: createNodeSha256,
      onProgress: ({ receivedBytes, totalBytes }) =>
        progress.update(`downloading ${file.name}`, receivedBytes, totalBytes),
    });
  } finally {
    progress.finish();
  }
  return {
    document: { ...summarise(manifest), file: out, sha256: file.sha256, size_bytes: file.sizeBytes },
    lines: [`${out}: ${manifest.project} ${manifest.version}, ${formatSize(file.sizeBytes)}, verified.`],
  };
}

/** What `signpost verify --project` does. Throws TrustError for a file that is none of the release in service. */
export async function verifyAgainstManifest(invocation: Invocation): Promise<Answer> {
  const path = readArgument(invocation, 0);
  const facts = await readFileFacts(path);
  const { manifest } = await requireRelease(invocation, invocation.options.requiredText('project'));
  const file = filesOf(manifest).find(({ sha256 }) => sha256 === facts.sha256);
  if (!file) {
    throw new TrustError(
      'digest_mismatch',
      `expected a file of release ${manifest.version}, got SHA-256 ${facts.sha256}`,
    );
  }
  await verifyFile(createReadStream(path), file, { createHash: createNodeSha256 });
  return {
    document: { ...summarise(manifest), file: path, name: file.name, sha256: file.sha256, size_bytes: file.sizeBytes },
    lines: [`${path} is ${file.name} of ${manifest.project} ${manifest.version}, as its publisher signed it.`],
  };
}

async function requireRelease(invocation: Invocation, project: string) {
  const { updater } = await openUpdater(invocation);
  const found = await updater.checkForUpdate({ project, channel: invocation.options.requiredText('channel') });
  if (found.kind === 'none')
    throw new Failure('refused', `${project} has no release in this channel`, { hint: 'see --channel' });
  return { updater, manifest: found.manifest };
}

/** Where the release is in the log that the trust list names; null where it names none. */
function summariseLog(logged: VerifiedLogPosition | undefined): JsonValue {
  if (!logged) return null;
  const { origin, size } = logged.checkpoint;
  return { origin, index: logged.index, size };
}

function summarise(manifest: VerifiedManifest): { readonly [name: string]: JsonValue } {
  return {
    project: manifest.project,
    channel: manifest.channel,
    version: manifest.version,
    counter: manifest.counter,
    signed_at: encodeTime(manifest.signedAt),
    signers: manifest.signers,
    digest: manifest.digest,
  };
}
