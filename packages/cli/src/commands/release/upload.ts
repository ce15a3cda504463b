/** `signpost release upload`: files into a draft. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { channelPattern, fileNamePattern, localePattern, versionPattern } from '@signpost/protocol/updates/names';
import { type CommandSpec, type Invocation, type Options, readArguments } from '../../command.ts';
import { errorCodeOf, writeFileAtomically } from '../../files/atomic-write.ts';
import { readFileFacts } from '../../files/local-file.ts';
import type { JsonObject } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { type UploadRequest, uploadFile, uploadsOf } from '../../http/upload.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer, JsonValue } from '../../terminal/output.ts';
import { formatSize } from '../../terminal/table.ts';

/** `signpost release upload`. */
export const releaseUpload: CommandSpec = {
  words: 'release upload',
  arguments: '<file...>',
  summary: 'Upload files into a draft release; they are inspected and scanned before they count',
  details: [
    'An upload that broke off goes on where it stopped when the same command runs again. Several files make one release with several artifacts; --platform then names the platform of each, in the same order.',
  ],
  options: [
    { flags: '--project <slug>', text: 'the project', required: true },
    { flags: '--release <version>', text: 'the version', required: true },
    { flags: '--channel <name>', text: 'the channel', fallback: 'stable' },
    { flags: '--platform <platform>', text: 'such as linux-x86_64; any when left out', repeatable: true },
    { flags: '--name <name>', text: 'the file name that clients see, for a single file' },
    { flags: '--changelog <file>', text: 'Markdown in the primary locale, or LOCALE=FILE', repeatable: true },
    { flags: '--activate', text: 'publish the release afterwards' },
  ],
  examples: [
    'signpost release upload app.zip --project my-app --release 1.0.0 --changelog CHANGES.md --activate',
    'signpost release upload app-linux.tar.gz app-mac.zip --project my-app --release 1.1.0 --platform linux-x86_64 --platform macos-arm64',
  ],
  run: (invocation) => uploadRelease(invocation, () => connectAuthenticated(invocation)),
};

/** Uploads what the arguments name, as whoever `connect` connects as; it is asked once all files have been read. */
export async function uploadRelease(invocation: Invocation, connect: () => Promise<Client>): Promise<Answer> {
  const { options } = invocation;
  const paths = readArguments(invocation, 0);
  const requests = await readRequests(options, paths);
  const client = await connect();
  const uploads: JsonObject[] = [];
  const signal = signalOf(invocation);
  for (const request of requests) uploads.push(await uploadResumably(invocation, { client, signal }, request));
  const project = options.requiredText('project');
  const version = options.requiredText('release');
  const lines = requests.map(
    ({ path, facts }) => `${path}: accepted, ${formatSize(facts.sizeBytes)}, SHA-256 ${facts.sha256}`,
  );
  if (!options.flag('activate')) {
    return {
      document: { project, version, uploads },
      lines: [...lines, `Publish it: signpost release activate ${version} --project ${project}`],
    };
  }
  const activation = await client.request(
    'POST',
    `/api/projects/${encodeURIComponent(project)}/releases/${encodeURIComponent(version)}/activate`,
  );
  return {
    document: { project, version, uploads, activation },
    lines: [...lines, `Release ${version} of ${project} is ${String(activation.state)}.`],
  };
}

/** Aborted when the user wants no more of it. */
export function signalOf(invocation: Invocation): AbortSignal {
  const interruption = new AbortController();
  void invocation.interrupted().then(() => interruption.abort());
  return interruption.signal;
}

interface Uploading {
  readonly client: Client;
  readonly signal: AbortSignal;
  /** Told the id of the upload, begun now or before. */
  readonly onStarted?: (id: string) => void;
}

/** Uploads one file; what breaks off goes on where it stopped when the same file is uploaded to the same place again. */
export async function uploadResumably(
  invocation: Invocation,
  { client, signal, onStarted: tell }: Uploading,
  request: UploadRequest,
): Promise<JsonObject> {
  const { progress, environment, output } = invocation;
  const memo = memoPath(environment.configDir, client.base, request);
  const resumeId = await readMemo(memo);
  try {
    const onStarted = (id: string) => {
      tell?.(id);
      return writeMemo(memo, id);
    };
    const upload = await uploadFile({ client, progress, resumeId, onStarted, signal }, request);
    await rm(memo, { force: true });
    return upload;
  } catch (error) {
    progress.finish();
    const unfinished = error instanceof Failure && ['unavailable', 'interrupted'].includes(error.reason);
    if (unfinished) output.note('The upload goes on where it stopped when you run the same command again.');
    else await rm(memo, { force: true });
    throw error;
  } finally {
    progress.finish();
  }
}

async function readRequests(options: Options, paths: readonly string[]): Promise<UploadRequest[]> {
  const version = options.requiredText('release');
  const channel = options.requiredText('channel');
  if (!versionPattern.test(version)) throw new Failure('usage', `"${version}" cannot be a version`);
  if (!channelPattern.test(channel)) throw new Failure('usage', `"${channel}" cannot be a channel`);
  const platforms = options.texts('platform');
  if (platforms.length > 0 && platforms.length !== paths.length) {
    throw new Failure(
      'usage',
      `expected ${paths.length} --platform for ${paths.length} files, got ${platforms.length}`,
    );
  }
  const changelog = await readChangelog(options.texts('changelog'));
  const project = options.requiredText('project');
  return Promise.all(
    paths.map(async (path, index) => ({
      place: uploadsOf(project),
      path,
      facts: await readFileFacts(path),
      fields: {
        version,
        channel,
        name: readName(options, { option: 'name', paths }, path),
        ...optional('platform', platforms[index]),
        ...optional('changelog', changelog),
      },
    })),
  );
}

function optional(name: string, value: JsonValue | undefined): { readonly [name: string]: JsonValue } {
  return value === undefined ? {} : { [name]: value };
}

/** The name that clients see: that of an option, or of the file. */
export function readName(
  options: Options,
  { option, paths }: { readonly option: string; readonly paths: readonly string[] },
  path: string,
): string {
  const given = options.text(option);
  if (given !== undefined && paths.length > 1) throw new Failure('usage', `--${option} is for a single file`);
  const name = given ?? basename(path);
  if (!fileNamePattern.test(name)) {
    throw new Failure('usage', `"${name}" cannot be a file name for clients`, {
      hint: `give another one by --${option}`,
    });
  }
  return name;
}

/** The texts of `--changelog`, by locale. */
export async function readChangelog(
  items: readonly string[],
): Promise<{ readonly [locale: string]: string } | undefined> {
  const texts: Record<string, string> = {};
  for (const item of items) {
    const [, locale = 'en', path = item] = /^([A-Za-z-]+)=(.+)$/.exec(item) ?? [];
    if (!localePattern.test(locale)) throw new Failure('usage', `"${locale}" is no locale`);
    texts[locale] = await readFile(path, 'utf8');
  }
  return items.length > 0 ? texts : undefined;
}

/** Where the id of an unfinished upload of this very file to this very place is kept. */
function memoPath(configDir: string, base: string, { place, facts, fields }: UploadRequest): string {
  const key = JSON.stringify([base, place.announce, facts.sha256, fields.version, fields.name]);
  return join(configDir, 'uploads', `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
}

async function readMemo(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (errorCodeOf(error) === 'ENOENT') return '';
    throw error;
  });
  return /^[0-9A-Za-z-]{1,64}$/.test(text) ? text : undefined;
}

async function writeMemo(path: string, id: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  await writeFileAtomically(path, id);
}
