/** What maintainers sign, and what they are shown before they do: the same with a server and without one. */
import { readFile, stat } from 'node:fs/promises';
import { TrustError } from '@signpost/protocol/errors';
import type { SignableObject } from '@signpost/protocol/json/canonical';
import { parseObject } from '@signpost/protocol/json/fields';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { type Manifest, parseManifest } from '@signpost/protocol/updates/manifest';
import { describeManifest, describeUnknown } from '@signpost/protocol/updates/signing-text';
import { createManifestDocument } from '@signpost/protocol/updates/write-manifest';
import { filesOf, type ReleaseFile } from '../../client/manifest-file.ts';
import type { Invocation, OptionSpec } from '../../command.ts';
import { type FileFacts, readFileFacts } from '../../files/local-file.ts';
import { type JsonObject, textsOf } from '../../http/answer.ts';
import { type KeyFile, readKeyFile } from '../../keys/key-file.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';

/** `--key`, `--file`, `--channel`. */
export const signingOptions: readonly OptionSpec[] = [
  { flags: '--key <file>', text: 'your key file, as `signpost key new-maintainer` made it', required: true },
  { flags: '--file <path>', text: 'a file as you built it', repeatable: true },
  { flags: '--channel <name>', text: 'refuse a manifest for another channel', fallback: 'stable' },
];

/** The release that somebody means to sign. */
export interface AskedRelease {
  readonly project: string;
  readonly version: string;
  readonly channel: string;
}

/** A manifest that may be signed: it is that of the release asked for. */
export interface ProposedManifest {
  readonly document: SignableObject;
  readonly manifest: Manifest;
}

/** The path of a release in the API. */
export function pathOfRelease(project: string, version: string): string {
  return `/api/projects/${encodeURIComponent(project)}/releases/${encodeURIComponent(version)}`;
}

/** The key file at `path`. Throws Failure for the key of a root. */
export async function readMaintainerKey(path: string): Promise<KeyFile> {
  const key = await readKeyFile(path);
  if (key.purpose === 'maintainer') return key;
  throw new Failure('refused', 'a root key must never sign a manifest', {
    hint: 'signpost key new-maintainer --out FILE',
  });
}

/** The bytes of a file that was carried here. Throws Failure for one that cannot be read, with the command that writes such files as a hint, or that is larger. */
export async function readCarriedFile(
  path: string,
  { maxBytes, writer }: { readonly maxBytes: number; readonly writer: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const facts = await stat(path).catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, { hint: `\`${writer}\` writes it`, cause });
  });
  if (facts.size > maxBytes) throw new Failure('refused', `expected at most ${maxBytes} bytes in ${path}`);
  return new Uint8Array(await readFile(path));
}

/**
 * What was asked for must be what is signed: the server is not trusted to put the right document before us. Throws
 * TrustError `wrong_project`, `wrong_channel`, and `malformed`, also for another version.
 */
export function parseProposal(text: string, asked: AskedRelease): ProposedManifest {
  const document = parseObject(parseSignableText(text), 'the manifest');
  const manifest = parseManifest(document);
  if (manifest.project !== asked.project) {
    throw new TrustError('wrong_project', `expected project ${asked.project}, got ${manifest.project}`);
  }
  if (manifest.version !== asked.version) {
    throw new TrustError('malformed', `expected version ${asked.version}, got ${manifest.version}`);
  }
  if (manifest.channel !== asked.channel) {
    throw new TrustError('wrong_channel', `expected channel ${asked.channel}, got ${manifest.channel}`);
  }
  return { document, manifest };
}

/** The manifest in words, with what this program does not know of it, and then what came of comparing files. */
export function describeProposal({ document, manifest }: ProposedManifest, compared: readonly string[]): string[] {
  return [
    ...describeManifest(manifest),
    ...describeUnknown(document, createManifestDocument(manifest)),
    '',
    ...compared,
    '',
  ];
}

/** A file of the release, and where the same bytes lie here. */
export interface ComparedFile {
  readonly file: ReleaseFile;
  readonly path: string | undefined;
}

/** Finds each file of the release among those of `--file`. Throws `digest_mismatch` for one that is none of them. */
export async function compareOwnFiles({ options }: Invocation, manifest: Manifest): Promise<readonly ComparedFile[]> {
  const files = filesOf(manifest);
  const own = await Promise.all(
    options.texts('file').map(async (path) => ({ path, facts: await readFileFacts(path) })),
  );
  const stray = own.find(({ facts }) => !files.some((file) => isSame(file, facts)));
  if (stray) {
    throw new TrustError(
      'digest_mismatch',
      `expected ${stray.path} to be a file of the release, its SHA-256 is ${stray.facts.sha256}`,
    );
  }
  return files.map((file) => ({ file, path: own.find(({ facts }) => isSame(file, facts))?.path }));
}

/** Whether these are the bytes that the manifest names. */
export function isSame(file: ReleaseFile, { sha256, sizeBytes }: FileFacts): boolean {
  return file.sha256 === sha256 && file.sizeBytes === sizeBytes;
}

/** What a signature that was handed in has led to. */
export function describeOutcome(outcome: JsonObject, { project, version }: Omit<AskedRelease, 'channel'>): Answer {
  const needed = typeof outcome.needed === 'number' ? outcome.needed : 0;
  const missing = Math.max(0, needed - textsOf(outcome, 'approvals').length);
  const line =
    outcome.state === 'active'
      ? `Signed. Release ${version} of ${project} is active.`
      : `Signed. ${missing} more maintainer(s) must approve release ${version} of ${project}.`;
  return { document: outcome, lines: [line] };
}
