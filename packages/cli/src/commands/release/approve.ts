/** `signpost approve`: a maintainer signs a release with a key that the server never sees. */

import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonical } from '@signpost/protocol/json/canonical';
import { parseObject } from '@signpost/protocol/json/fields';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { type Artifact, type Manifest, parseManifest } from '@signpost/protocol/updates/manifest';
import { describeManifest, describeUnknown } from '@signpost/protocol/updates/signing-text';
import { createManifestDocument } from '@signpost/protocol/updates/write-manifest';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { digestChunks, type FileFacts, readFileFacts } from '../../files/local-file.ts';
import { cellOf, type JsonObject, textOf, textsOf } from '../../http/answer.ts';
import { type Client, ServerRefusal } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { type KeyFile, readKeyFile } from '../../keys/key-file.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { passphraseOptions, unlockKeys } from '../root/folder-option.ts';

/** `signpost approve`. */
export const approve: CommandSpec = {
  words: 'approve',
  arguments: '<project> <version>',
  summary: 'Show what a release will do to clients, and sign it with your own key',
  details: [
    'Give the files that you built or reviewed yourself by --file: they must be, byte for byte, what the manifest names. What is not given is fetched from the server and compared with the manifest, which shows that the file is there, but not that it is yours: a stolen server could serve another file and name that. Nothing is signed unless every file was compared or you said --no-download.',
  ],
  options: [
    { flags: '--key <file>', text: 'your key file, as `signpost key new-maintainer` made it', required: true },
    { flags: '--file <path>', text: 'a file as you built it', repeatable: true },
    { flags: '--no-download', text: 'do not fetch files that are not given by --file' },
    { flags: '--channel <name>', text: 'refuse a manifest for another channel', fallback: 'stable' },
    ...passphraseOptions,
  ],
  examples: [
    'signpost approve my-app 1.0.0 --key ~/bob.key.json --file dist/app.zip',
    'signpost approve my-app 1.0.0 --key bob.key.json --file dist/app.zip --yes --passphrase-fd 3 3< pass',
  ],
  run: approveRelease,
};

async function approveRelease(invocation: Invocation): Promise<Answer> {
  const { options, output, prompt } = invocation;
  const [project, version] = [readArgument(invocation, 0), readArgument(invocation, 1)];
  const key = await readMaintainerKey(options.requiredText('key'));
  const client = await connectAuthenticated(invocation);
  const path = `/api/projects/${encodeURIComponent(project)}/releases/${encodeURIComponent(version)}`;
  const proposal = await readProposal(client, path, key);
  assertUnsigned(proposal, key);
  const document = parseObject(parseSignableText(textOf(proposal, 'document')), 'the manifest');
  const manifest = parseManifest(document);
  assertAsked(manifest, { project, version, channel: options.requiredText('channel') });
  const compared = await compareFiles(invocation, client, manifest);
  output.show([
    ...describeManifest(manifest),
    ...describeUnknown(document, createManifestDocument(manifest)),
    '',
    ...compared,
    '',
  ]);
  await prompt.confirm(`Sign release ${version} of ${project} with key ${key.keyId.slice(0, 16)} "${key.label}"?`);
  const [signer] = await unlockKeys(invocation, [key]);
  if (!signer) throw new TypeError('expected a signer');
  const sig = encodeBase64(await signer.sign(encodeCanonical(document)));
  const body = { manifest_id: textOf(proposal, 'manifest_id'), key_id: key.keyId, sig };
  return describeOutcome(await client.request('POST', `${path}/approvals`, { body }), { project, version });
}

async function readMaintainerKey(path: string): Promise<KeyFile> {
  const key = await readKeyFile(path);
  if (key.purpose === 'maintainer') return key;
  throw new Failure('refused', 'a root key must never sign a manifest', {
    hint: 'signpost key new-maintainer --out FILE',
  });
}

/** The proposal that waits; when none does, one in the name of this key. */
async function readProposal(client: Client, path: string, key: KeyFile): Promise<JsonObject> {
  try {
    return await client.read(`${path}/proposal`);
  } catch (error) {
    if (!(error instanceof ServerRefusal) || error.status !== 404) throw error;
    return client.request('POST', `${path}/proposal`, { body: { key_id: key.keyId } });
  }
}

function assertUnsigned(proposal: JsonObject, key: KeyFile): void {
  if (!textsOf(proposal, 'approvals').includes(key.keyId)) return;
  throw new Failure('refused', 'this key has signed this release already', {
    hint: `${cellOf(proposal, 'needed')} different maintainers must sign`,
  });
}

/** What was asked for must be what is signed: the server is not trusted to put the right document before us. */
function assertAsked(manifest: Manifest, asked: { project: string; version: string; channel: string }): void {
  if (manifest.project !== asked.project) {
    throw new TrustError('wrong_project', `expected project ${asked.project}, got ${manifest.project}`);
  }
  if (manifest.version !== asked.version) {
    throw new TrustError('malformed', `expected version ${asked.version}, got ${manifest.version}`);
  }
  if (manifest.channel !== asked.channel) {
    throw new TrustError('wrong_channel', `expected channel ${asked.channel}, got ${manifest.channel}`);
  }
}

type NamedFile = Pick<Artifact, 'sha256' | 'sizeBytes' | 'url'> & { readonly name: string };

async function compareFiles(invocation: Invocation, client: Client, manifest: Manifest): Promise<string[]> {
  const files: readonly NamedFile[] =
    manifest.artifacts.length > 0
      ? manifest.artifacts
      : [{ ...manifest.main, name: manifest.main.url.split('/').at(-1) ?? '' }];
  const local = await Promise.all(
    invocation.options.texts('file').map(async (path) => ({ path, facts: await readFileFacts(path) })),
  );
  const stray = local.find(({ facts }) => !files.some((file) => isSame(file, facts)));
  if (stray) {
    throw new TrustError(
      'digest_mismatch',
      `expected ${stray.path} to be a file of the release, its SHA-256 is ${stray.facts.sha256}`,
    );
  }
  const lines: string[] = [];
  for (const file of files) {
    const match = local.find(({ facts }) => isSame(file, facts));
    lines.push(match ? `same as your ${match.path}: ${file.name}` : await compareRemote(invocation, client, file));
  }
  return lines;
}

function isSame(file: NamedFile, { sha256, sizeBytes }: FileFacts): boolean {
  return file.sha256 === sha256 && file.sizeBytes === sizeBytes;
}

/** Fetches the draft's file, which members may see, and digests it on the way. */
async function compareRemote(invocation: Invocation, client: Client, file: NamedFile): Promise<string> {
  if (!invocation.options.flag('download'))
    return `NOT COMPARED: ${file.name}; compare its SHA-256 with your own build`;
  const response = await client.send('GET', file.url);
  const facts = await digestChunks(limitChunks(response, file, invocation));
  invocation.progress.finish();
  if (!isSame(file, facts)) {
    throw new TrustError(
      'digest_mismatch',
      `expected ${file.name} with SHA-256 ${file.sha256}, the server has ${facts.sha256}`,
    );
  }
  return `same as the server's copy, which is no proof: ${file.name}; compare its SHA-256 with your own build`;
}

async function* limitChunks(response: Response, file: NamedFile, { progress }: Invocation): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const chunk of response.body ?? []) {
    received += chunk.length;
    if (received > file.sizeBytes) throw new TrustError('size_mismatch', `expected ${file.sizeBytes} bytes, got more`);
    progress.update(`comparing ${file.name}`, received, file.sizeBytes);
    yield chunk;
  }
}

function describeOutcome(outcome: JsonObject, { project, version }: { project: string; version: string }): Answer {
  const needed = typeof outcome.needed === 'number' ? outcome.needed : 0;
  const missing = Math.max(0, needed - textsOf(outcome, 'approvals').length);
  const line =
    outcome.state === 'active'
      ? `Signed. Release ${version} of ${project} is active.`
      : `Signed. ${missing} more maintainer(s) must approve release ${version} of ${project}.`;
  return { document: outcome, lines: [line] };
}
