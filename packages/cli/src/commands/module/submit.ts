/** `signpost module submit`: an author hands in a version of a module. */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeAuthorStatement } from '@signpost/protocol/updates/author';
import { slugPattern, versionPattern } from '@signpost/protocol/updates/names';
import { type CommandSpec, type Invocation, type Options, readArgument } from '../../command.ts';
import { type FileFacts, readFileFacts } from '../../files/local-file.ts';
import type { JsonObject } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { UploadPlace, UploadRequest } from '../../http/upload.ts';
import { readKeyFile } from '../../keys/key-file.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer, JsonValue } from '../../terminal/output.ts';
import { answerPairs } from '../answers.ts';
import { readChangelog, readName, signalOf, uploadResumably } from '../release/upload.ts';
import { passphraseOptions, unlockKeys } from '../root/folder-option.ts';
import { fields, submissionsPath } from './submission.ts';

/** `signpost module submit`. */
export const moduleSubmit: CommandSpec = {
  words: 'module submit',
  arguments: '<file>',
  summary: 'Hand in a version of a module, as its author; a manager decides on it',
  details: [
    'Takes the key of an author, in SIGNPOST_API_KEY. A module that is not there yet is proposed with its first version, and yours from then on. What you say of the module is said once a manager has approved it.',
    'Goes on where it stopped when the same command runs again. With --author-key you sign the version with a key that only you hold: `signpost key new-maintainer` makes one; clients remember it.',
  ],
  options: [
    { flags: '--collection <slug>', text: 'the collection', required: true },
    { flags: '--module <slug>', text: 'the module', required: true },
    { flags: '--release <version>', text: 'the version', required: true },
    { flags: '--file-name <name>', text: 'the file name that clients see' },
    { flags: '--changelog <file>', text: 'Markdown in the primary locale, or LOCALE=FILE', repeatable: true },
    { flags: '--name <text>', text: 'the name of the module' },
    { flags: '--description <text>', text: 'one paragraph' },
    { flags: '--category <text>', text: 'where it stands' },
    { flags: '--primary-locale <locale>', text: 'that of the texts, such as en or de-AT' },
    { flags: '--permission <name>', text: 'a permission of the application that it needs', repeatable: true },
    { flags: '--info-url <url>', text: 'a page about it' },
    { flags: '--author-key <file>', text: 'a key file of your own, to sign with' },
    ...passphraseOptions,
  ],
  examples: [
    'signpost module submit maps.zip --collection addons --module maps --release 1.0.0 --name Maps --permission files.read',
    'signpost module submit maps.zip --collection addons --module maps --release 1.1.0 --author-key ada.key.json',
  ],
  run: submit,
};

async function submit(invocation: Invocation): Promise<Answer> {
  const request = await readRequest(invocation);
  const client = await connectAuthenticated(invocation);
  const signal = signalOf(invocation);
  const started: string[] = [];
  await uploadResumably(invocation, { client, signal, onStarted: (id) => started.push(id) }, request);
  const path = `${submissionsPath(invocation.options.requiredText('collection'))}/${started.at(-1)}`;
  return answerPairs(await awaitTaken(client, path, signal), fields, 'Handed in; a manager decides on it.');
}

/** How often and how long the server is asked whether what it accepted waits for a manager by now, in milliseconds. */
const everyMs = 250;
const patienceMs = 15_000;

async function awaitTaken(client: Client, path: string, signal: AbortSignal): Promise<JsonObject> {
  for (let waited = 0; ; waited += everyMs) {
    const submission = await client.read(path);
    if (submission.state !== 'receiving' || waited >= patienceMs) return submission;
    await sleep(everyMs, undefined, { signal });
  }
}

async function readRequest(invocation: Invocation): Promise<UploadRequest> {
  const { options } = invocation;
  const [collection, module] = [readSlug(options, 'collection'), readSlug(options, 'module')];
  const version = options.requiredText('release');
  if (!versionPattern.test(version)) throw new Failure('usage', `"${version}" cannot be a version`);
  const path = readArgument(invocation, 0);
  const facts = await readFileFacts(path);
  const changelog = await readChangelog(options.texts('changelog'));
  const about = readAbout(options);
  const author = await sign(invocation, { collection, module, version, facts });
  return {
    place: placeOf(collection),
    path,
    facts,
    fields: {
      ...{ module, version, name: readName(options, { option: 'file-name', paths: [path] }, path) },
      ...(changelog === undefined ? {} : { changelog }),
      ...(Object.keys(about).length === 0 ? {} : { facts: about }),
      ...(author === undefined ? {} : { author }),
    },
  };
}

function placeOf(collection: string): UploadPlace {
  const base = submissionsPath(collection);
  return { announce: base.replace(/submissions$/, 'submit'), pathOf: (id) => `${base}/${id}/upload` };
}

function readSlug(options: Options, name: string): string {
  const slug = options.requiredText(name);
  if (!slugPattern.test(slug)) throw new Failure('usage', `"${slug}" cannot be a ${name}`);
  return slug;
}

function readAbout(options: Options): JsonObject {
  const permissions = options.texts('permission');
  return JSON.parse(
    JSON.stringify({
      name: options.text('name'),
      description: options.text('description'),
      category: options.text('category'),
      primary_locale: options.text('primary-locale'),
      requires_permissions: permissions.length > 0 ? permissions : undefined,
      info_url: options.text('info-url'),
    }),
  );
}

interface Signed {
  readonly collection: string;
  readonly module: string;
  readonly version: string;
  readonly facts: FileFacts;
}

async function sign(
  invocation: Invocation,
  { collection, module, version, facts: { sha256, sizeBytes } }: Signed,
): Promise<JsonValue | undefined> {
  const file = invocation.options.text('author-key');
  if (file === undefined) return undefined;
  const key = await readKeyFile(file);
  if (key.purpose !== 'maintainer') {
    throw new Failure('refused', 'a root key must never sign a module', {
      hint: 'signpost key new-maintainer --out FILE',
    });
  }
  const [signer] = await unlockKeys(invocation, [key]);
  if (!signer) throw new TypeError('expected a signer');
  // The clock counts for authors who keep nothing else between two versions; milliseconds, for two in one second.
  const counter = Date.now();
  const statement = encodeAuthorStatement({ collection, module, version, sha256, sizeBytes, counter }, signer.keyId);
  return { counter, pubkey_b64: signer.pubkeyB64, sig: encodeBase64(await signer.sign(statement)) };
}
