/** `signpost log verify`: reads the transparency log as a watcher does, and verifies all of it. */
import { readFile } from 'node:fs/promises';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeHex } from '@signpost/protocol/bytes/hex';
import { type ReadEntry, readLog } from '@signpost/protocol/client/read-log';
import { createTransport } from '@signpost/protocol/client/transport';
import { hashLeaf } from '@signpost/protocol/tlog/merkle';
import { createLogEntryDocument, type LogEntry, parseKnownEntry } from '@signpost/protocol/updates/log-entry';
import type { TrustedLog } from '@signpost/protocol/updates/trust-list';
import { findTrustedLog, type VerifiedCheckpoint, verifyCheckpoint } from '@signpost/protocol/updates/verify-log';
import { openUpdater, pinOptions } from '../../client/open-updater.ts';
import type { CommandSpec, Invocation } from '../../command.ts';
import { errorCodeOf, writeFileAtomically } from '../../files/atomic-write.ts';
import { resolveBase } from '../../http/connect.ts';
import { describeLogEntry } from '../../log/describe-entry.ts';
import { readLogKey } from '../../log/log-key.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer, JsonValue } from '../../terminal/output.ts';
import { formatPairs, formatTable } from '../../terminal/table.ts';
import { rootExample } from '../client/check.ts';

/** `signpost log verify`. */
export const logVerify: CommandSpec = {
  words: 'log verify',
  summary: 'Read the transparency log, compute its tree anew, and show what was appended',
  details: [
    'With --since it goes on from the checkpoint in that file, refuses a log that is not the one it was, and writes the newest checkpoint there: run it regularly, somewhere else than on the server, and look for releases that you did not make. Whoever stole the server can log under any name, but not under another key: --key shows the releases of your keys alone.',
    'The log is the one that the trust list under the pinned roots names, unless --log says which.',
  ],
  options: [
    { flags: '--log <verifier-key>', text: 'the log, as `signpost log show` prints it' },
    { flags: '--since <file>', text: 'the checkpoint to go on from; written anew, made when missing' },
    { flags: '--key <key-id>', text: 'show manifests of this key only, and trust lists', repeatable: true },
    ...pinOptions,
  ],
  examples: [
    `signpost log verify --since log.checkpoint --server https://updates.example.org ${rootExample}`,
    'signpost log verify --since log.checkpoint --key 3b6a27bcceb6a42d --json',
  ],
  run: verifyLog,
};

async function verifyLog(invocation: Invocation): Promise<undefined> {
  const { options, progress, output } = invocation;
  const keys = options.texts('key').map(parseKeyPrefix);
  const log = await chooseLog(invocation);
  const since = options.text('since');
  const seen = since === undefined ? undefined : await readCheckpoint(since, log);
  if (since !== undefined && !seen) output.note(`${since} is not there: the log is read from its beginning`);
  const shown: ShownEntry[] = [];
  const checkpoint = await readLog({
    transport: createTransport(await resolveBase(invocation), invocation.fetch),
    ...{ log, seen },
    onEntries: (entries, { size }) => {
      shown.push(...entries.map(readShown).filter(({ entry }) => keys.length === 0 || isShown(entry, keys)));
      progress.update('reading the log', (entries.at(-1)?.index ?? 0) + 1, size);
    },
  }).finally(() => progress.finish());
  output.answer(describeReading(checkpoint, seen?.size ?? 0, shown));
  // Last: what nobody was shown must come again.
  if (since !== undefined) await writeFileAtomically(since, checkpoint.note);
  return undefined;
}

async function chooseLog(invocation: Invocation): Promise<TrustedLog> {
  const given = invocation.options.text('log');
  if (given !== undefined) return readLogKey(given);
  const { updater } = await openUpdater(invocation);
  const log = findTrustedLog(await updater.refreshTrust());
  if (log) return log;
  throw new Failure('refused', 'the trust list names no log', { hint: '--log VERIFIER-KEY, see `signpost log show`' });
}

async function readCheckpoint(path: string, log: TrustedLog): Promise<VerifiedCheckpoint | undefined> {
  try {
    return await verifyCheckpoint(await readFile(path, 'utf8'), log);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseKeyPrefix(text: string): string {
  if (/^[0-9a-f]{8,64}$/.test(text)) return text;
  throw new Failure('usage', `expected --key to be the id of a key, or at least its first 8 characters, got "${text}"`);
}

/** An entry, and what it says as far as this version knows. */
interface ShownEntry extends ReadEntry {
  readonly entry: LogEntry | undefined;
}

function readShown(read: ReadEntry): ShownEntry {
  return { ...read, entry: parseKnownEntry(read.bytes) };
}

function describeReading(checkpoint: VerifiedCheckpoint, from: number, shown: readonly ShownEntry[]): Answer {
  const { origin, key, size } = checkpoint;
  const root_hash = encodeBase64(checkpoint.rootHash);
  return {
    document: {
      ...{ origin, key_id: key.keyId, size, root_hash, from },
      entries: shown.map(({ index, bytes, entry }) => ({
        ...{ index, leaf_hash: encodeHex(hashLeaf(bytes)) },
        ...((entry ? createLogEntryDocument(entry) : { type: null }) as Record<string, JsonValue>),
      })),
    },
    lines: [
      ...formatPairs([
        ['log', `${origin} of key ${key.keyId}`],
        ['entries', `${size}, ${size - from} of them new; all verified`],
        ['root hash', root_hash],
      ]),
      ...(shown.length === 0 ? [] : ['', ...formatTable(['entry', 'type', 'organisation', 'what'], shown.map(rowOf))]),
    ],
  };
}

function isShown(entry: LogEntry | undefined, keys: readonly string[]): boolean {
  // Whoever changes the list changes whose keys these are.
  if (entry?.type === 'trust-list') return true;
  return entry?.type === 'manifest' && keys.some((key) => entry.keyId.startsWith(key));
}

function rowOf({ index, bytes, entry }: ShownEntry): readonly string[] {
  if (!entry) return [String(index), '?', '', `${bytes.length} bytes that this version does not know`];
  return [String(index), entry.type, entry.organisation, describeLogEntry(entry)];
}
