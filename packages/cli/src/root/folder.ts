/**
 * The root folder: `draft.json`, `keys/<id>.json` (locked), `lists/<version>.json` (every list signed or imported here).
 * What is in force and what awaits signatures is not stored: it follows from the lists, verified each time.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { parseObject } from '@signpost/protocol/json/fields';
import { parseSignable } from '@signpost/protocol/json/parse';
import { maxTrustListBytes, type RootSet } from '@signpost/protocol/updates/trust-list';
import { type VerifiedTrustList, verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { createFileAtomically, errorCodeOf, writeFileAtomically } from '../files/atomic-write.ts';
import { type KeyFile, readKeyFile } from '../keys/key-file.ts';
import { Failure } from '../terminal/failure.ts';
import { type Draft, parseDraft, shortId } from './draft.ts';
import { parseSignedList, type SignedList } from './signed-list.ts';

/** A root folder, read and verified. */
export interface RootFolder {
  readonly dir: string;
  readonly draft: Draft;
  /** The locked keys of this holder. */
  readonly keys: readonly KeyFile[];
  /** The newest list with enough signatures. */
  readonly inForce: VerifiedTrustList | undefined;
  /** A newer list that lacks signatures. */
  readonly pending: SignedList | undefined;
  /** The highest version that this holder has seen; numbers are never used twice. */
  readonly highestVersion: number;
}

/** The roots that the next list is checked against; undefined before the first list. */
export function rootsInForce({ inForce }: RootFolder): RootSet | undefined {
  return inForce?.rootsInForce;
}

/** Makes a root folder around a new key. Throws Failure when one is there. */
export async function createRootFolder(dir: string, draft: Draft, key: KeyFile): Promise<void> {
  if (await isRootFolder(dir)) {
    throw new Failure('refused', `${dir} holds a root already`, { hint: 'choose another folder by --dir' });
  }
  await mkdir(join(dir, 'keys'), { recursive: true, mode: 0o700 });
  await mkdir(join(dir, 'lists'), { recursive: true, mode: 0o700 });
  await addKeyFile(dir, key);
  // The draft comes last: with it the folder is a root, without it `init` may be tried again.
  await createFileAtomically(join(dir, 'draft.json'), encodeDraft(draft));
}

/** Reads and verifies a root folder. Throws Failure when there is none, TrustError when it was tampered with. */
export async function openRootFolder(dir: string): Promise<RootFolder> {
  if (!(await isRootFolder(dir))) {
    throw new Failure('refused', `${dir} holds no root`, { hint: `signpost root init --dir ${dir}` });
  }
  const draft = parseObject(parseSignable(await readFile(join(dir, 'draft.json')), maxTrustListBytes), 'the draft');
  const { roots } = await parseDraft(draft);
  const keys = await readKeys(dir);
  return { dir, draft, keys, ...(await readHistory(dir, roots)) };
}

/** Replaces the draft. */
export async function writeDraft(dir: string, draft: Draft): Promise<void> {
  await writeFileAtomically(join(dir, 'draft.json'), encodeDraft(draft));
}

/** Adds a locked key; one that is there is never overwritten. */
export async function addKeyFile(dir: string, key: KeyFile): Promise<void> {
  await createFileAtomically(keyPath(dir, key.keyId), key.text);
}

/** Where the key file with `keyId` stands. */
export function keyPath(dir: string, keyId: string): string {
  return join(dir, 'keys', `${shortId(keyId)}.json`);
}

/** Records a list whose number nobody here has used. Throws Failure when another process was faster. */
export async function recordNewList(dir: string, signed: SignedList): Promise<void> {
  await createFileAtomically(listPath(dir, signed.list.version), signed.envelope.text).catch((cause) => {
    if (errorCodeOf(cause) !== 'EEXIST') throw cause;
    throw new Failure('refused', `version ${signed.list.version} was used in the meantime`, {
      hint: 'run the command again',
      cause,
    });
  });
}

/** Replaces a recorded list by the same list with more signatures. */
export async function rewriteList(dir: string, signed: SignedList): Promise<void> {
  await writeFileAtomically(listPath(dir, signed.list.version), signed.envelope.text);
}

function listPath(dir: string, version: number): string {
  return join(dir, 'lists', `${version}.json`);
}

function encodeDraft(draft: Draft): string {
  return `${JSON.stringify(draft, undefined, 2)}\n`;
}

async function isRootFolder(dir: string): Promise<boolean> {
  const names = await readdir(dir).catch((error: unknown): string[] => {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return names.includes('draft.json');
}

async function readKeys(dir: string): Promise<KeyFile[]> {
  const names = (await readdir(join(dir, 'keys'))).filter((name) => /^[0-9a-f]{16}\.json$/.test(name)).sort();
  return Promise.all(names.map((name) => readKeyFile(join(dir, 'keys', name))));
}

type History = Pick<RootFolder, 'inForce' | 'pending' | 'highestVersion'>;

/** Follows the lists upwards, each complete one verified under the roots of the one before it. */
async function readHistory(dir: string, draftRoots: RootSet | undefined): Promise<History> {
  let history: History = { inForce: undefined, pending: undefined, highestVersion: 0 };
  for (const version of await readVersions(dir)) {
    history = { ...history, highestVersion: version };
    const bytes = await readFile(listPath(dir, version));
    // A crash between taking a number and writing the list leaves an empty file: the number stays used.
    if (bytes.length === 0) continue;
    const signed = await parseSignedList(bytes);
    if (signed.list.version !== version) {
      throw new TrustError('malformed', `expected version ${version} in ${listPath(dir, version)}`);
    }
    const roots = history.inForce?.rootsInForce ?? signed.list.roots ?? draftRoots;
    const verified = roots && (await verifyIfComplete(signed, roots));
    history = verified ? { ...history, inForce: verified, pending: undefined } : { ...history, pending: signed };
  }
  return history;
}

async function readVersions(dir: string): Promise<number[]> {
  const names = await readdir(join(dir, 'lists'));
  return names
    .flatMap((name) => (/^[1-9]\d{0,15}\.json$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
}

/** The verified list, or undefined while signatures are missing. Other faults are thrown. */
export async function verifyIfComplete(signed: SignedList, roots: RootSet): Promise<VerifiedTrustList | undefined> {
  try {
    return await verifyTrustList(encodeText(signed.envelope.text), { roots });
  } catch (error) {
    const isIncomplete = error instanceof TrustError && ['bad_signature', 'root_not_trusted'].includes(error.code);
    if (isIncomplete) return undefined;
    throw error;
  }
}
