/** `signpost approve`: a maintainer signs a release with a key that the server never sees. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { encodeCanonical } from '@signpost/protocol/json/canonical';
import type { Manifest } from '@signpost/protocol/updates/manifest';
import type { ReleaseFile } from '../../client/manifest-file.ts';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { digestChunks } from '../../files/local-file.ts';
import { cellOf, type JsonObject, textOf, textsOf } from '../../http/answer.ts';
import { type Client, ServerRefusal } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { KeyFile } from '../../keys/key-file.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { passphraseOptions, unlockKeys } from '../root/folder-option.ts';
import {
  compareOwnFiles,
  describeOutcome,
  describeProposal,
  isSame,
  parseProposal,
  pathOfRelease,
  readMaintainerKey,
  signingOptions,
} from './proposal.ts';

/** `signpost approve`. */
export const approve: CommandSpec = {
  words: 'approve',
  arguments: '<project> <version>',
  summary: 'Show what a release will do to clients, and sign it with your own key',
  details: [
    'Give the files that you built or reviewed yourself by --file: they must be, byte for byte, what the manifest names. What is not given is fetched from the server and compared with the manifest, which shows that the file is there, but not that it is yours: a stolen server could serve another file and name that. Nothing is signed unless every file was compared or you said --no-download.',
    'Where the key is on a machine that is not online: `signpost release propose` fetches what is to be signed, `release sign` signs it there, and `release import-signature` hands the signature in.',
  ],
  options: [
    ...signingOptions,
    { flags: '--no-download', text: 'do not fetch files that are not given by --file' },
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
  const path = pathOfRelease(project, version);
  const proposal = await readProposal(client, path, key);
  assertUnsigned(proposal, key);
  const asked = { project, version, channel: options.requiredText('channel') };
  const proposed = parseProposal(textOf(proposal, 'document'), asked);
  output.show(describeProposal(proposed, await compareFiles(invocation, client, proposed.manifest)));
  await prompt.confirm(`Sign release ${version} of ${project} with key ${key.keyId.slice(0, 16)} "${key.label}"?`);
  const [signer] = await unlockKeys(invocation, [key]);
  if (!signer) throw new TypeError('expected a signer');
  const sig = encodeBase64(await signer.sign(encodeCanonical(proposed.document)));
  const body = { manifest_id: textOf(proposal, 'manifest_id'), key_id: key.keyId, sig };
  return describeOutcome(await client.request('POST', `${path}/approvals`, { body }), asked);
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

async function compareFiles(invocation: Invocation, client: Client, manifest: Manifest): Promise<string[]> {
  const lines: string[] = [];
  for (const { file, path } of await compareOwnFiles(invocation, manifest)) {
    lines.push(path ? `same as your ${path}: ${file.name}` : await compareRemote(invocation, client, file));
  }
  return lines;
}

/** Fetches the draft's file, which members may see, and digests it on the way. */
async function compareRemote(invocation: Invocation, client: Client, file: ReleaseFile): Promise<string> {
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

async function* limitChunks(
  response: Response,
  file: ReleaseFile,
  { progress }: Invocation,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  for await (const chunk of response.body ?? []) {
    received += chunk.length;
    if (received > file.sizeBytes) throw new TrustError('size_mismatch', `expected ${file.sizeBytes} bytes, got more`);
    progress.update(`comparing ${file.name}`, received, file.sizeBytes);
    yield chunk;
  }
}
