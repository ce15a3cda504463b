/** `signpost release sign`: a maintainer signs a release on a machine that is not online. */
import { parseText } from '@signpost/protocol/bytes/text';
import { encodeCanonical } from '@signpost/protocol/json/canonical';
import { encodeApproval } from '@signpost/protocol/updates/approval';
import { digestHex } from '@signpost/protocol/updates/envelope';
import { maxManifestBytes } from '@signpost/protocol/updates/manifest';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import type { KeyFile } from '../../keys/key-file.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { passphraseOptions, unlockKeys } from '../root/folder-option.ts';
import {
  type ComparedFile,
  compareOwnFiles,
  describeProposal,
  type ProposedManifest,
  parseProposal,
  readCarriedFile,
  readMaintainerKey,
  signingOptions,
} from './proposal.ts';

/** `signpost release sign`. */
export const releaseSign: CommandSpec = {
  words: 'release sign',
  arguments: '<manifest>',
  summary: 'Show what a release will do to clients, and sign it without a server',
  details: [
    'The manifest is what `signpost release propose` or the console has written. No server is asked, so every file of the release is needed by --file as you built it, unless you say --no-compare.',
    'The signature is written to a file that holds no secret: hand it in by `signpost release import-signature`, or drop it on the page of the release in the console.',
  ],
  options: [
    { flags: '--project <slug>', text: 'the project that you mean to sign for', required: true },
    { flags: '--release <version>', text: 'the version that you mean to sign', required: true },
    ...signingOptions,
    { flags: '--no-compare', text: 'sign although a file of the release is not given by --file' },
    { flags: '--out <file>', text: 'where to write the signature; PROJECT-VERSION.KEY.approval.json when left out' },
    ...passphraseOptions,
  ],
  examples: [
    'signpost release sign my-app-1.0.0.manifest.json --project my-app --release 1.0.0 --key bob.key.json --file dist/app.zip',
  ],
  run: signRelease,
};

async function signRelease(invocation: Invocation): Promise<Answer> {
  const { options, output, prompt } = invocation;
  const [project, version] = [options.requiredText('project'), options.requiredText('release')];
  const key = await readMaintainerKey(options.requiredText('key'));
  const asked = { project, version, channel: options.requiredText('channel') };
  const proposed = parseProposal(await readManifest(readArgument(invocation, 0)), asked);
  const compared = await compareOwnFiles(invocation, proposed.manifest);
  assertCompared(invocation, compared);
  output.show(describeProposal(proposed, compared.map(describeComparison)));
  await prompt.confirm(`Sign release ${version} of ${project} with key ${key.keyId.slice(0, 16)} "${key.label}"?`);
  const out = options.text('out') ?? `${project}-${version}.${key.keyId.slice(0, 16)}.approval.json`;
  const manifestSha256 = await writeSignature(invocation, proposed, { key, out });
  return {
    document: { project, version, key_id: key.keyId, manifest_sha256: manifestSha256, out },
    lines: [
      `Signed: ${out}`,
      `Where the server can be reached: signpost release import-signature ${out} --project ${project} --release ${version}`,
    ],
  };
}

async function readManifest(path: string): Promise<string> {
  return parseText(await readCarriedFile(path, { maxBytes: maxManifestBytes, writer: 'signpost release propose' }));
}

function assertCompared({ options }: Invocation, compared: readonly ComparedFile[]): void {
  const missing = compared.find(({ path }) => path === undefined);
  if (!missing || !options.flag('compare')) return;
  throw new Failure('refused', `${missing.file.name} is part of the release and not compared with anything`, {
    hint: 'give your own build of it by --file, or --no-compare',
  });
}

function describeComparison({ file, path }: ComparedFile): string {
  return path ? `same as your ${path}: ${file.name}` : `NOT COMPARED: ${file.name}`;
}

/** Returns the digest of what was signed. */
async function writeSignature(
  invocation: Invocation,
  { document }: ProposedManifest,
  { key, out }: { readonly key: KeyFile; readonly out: string },
): Promise<string> {
  const [signer] = await unlockKeys(invocation, [key]);
  if (!signer) throw new TypeError('expected a signer');
  const bytes = encodeCanonical(document);
  const manifestSha256 = await digestHex(bytes);
  const signature = await signer.sign(bytes);
  await writeFileAtomically(out, encodeApproval({ manifestSha256, keyId: key.keyId, signature }), 0o644);
  return manifestSha256;
}
