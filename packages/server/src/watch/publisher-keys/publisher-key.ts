/** Keys that people name for a source: by them its detached signatures are verified, and whoever holds them is accepted. */

import { TrustError } from '@signpost/protocol/errors';
import type { AuditEntry, Caller } from '../../audit/audit.ts';
import { recordAudit, recordAudits } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { decide, readBaseline } from '../learning/baseline.ts';
import { readLastSequence } from '../observations/store.ts';
import { hasten, insertRequest } from '../observing/store.ts';
import type { Tx, WatchParts } from '../parts.ts';
import { needsTwoFor } from '../policies/two-people.ts';
import { tellRevision } from '../recording/teach.ts';
import { readSource } from '../sources/source.ts';
import { listLines, type SourceRow } from '../sources/store.ts';
import { maxKeyFileBytes, nameForPeople, type PublisherKey, parseKeyFile } from './key-file.ts';
import { insertPublisherKey, listPublisherKeys, listUnjudged, type PublisherKeyRow, removeKeyRow } from './store.ts';

/** What is named. */
export interface PublisherKeyRequest {
  readonly sourceId: string;
  readonly file: Uint8Array<ArrayBuffer>;
  readonly reason: string;
}

/** Of one source: publishers have one, and two while they rotate it. */
const maxKeys = 20;
/** Looked at again at once when a key is named; the rest when it is due. */
const maxReread = 500;

/**
 * Names a key for a source, accepts it in every line, and has what could not be judged looked at again. Throws `not_found`, `invalid` for a file
 * that is no key that counts (`watch-key-file`), `conflict` for one that is named already, turned away (`watch-key-turned-away`) or one too
 * many, and `forbidden` where two people accept signers.
 */
export async function namePublisherKey(
  { database, now }: WatchParts,
  caller: Caller,
  { sourceId, file, reason }: PublisherKeyRequest,
): Promise<PublisherKeyRow> {
  const parsed = await readKey(file);
  return database.transaction(async (tx) => {
    const at = now();
    const source = await readSource(tx, caller.organisationId, sourceId);
    await assertNamable(tx, source, parsed);
    if (await needsTwoFor(tx, caller.organisationId, source.key)) await assertAccepted(tx, source, parsed);
    const row: PublisherKeyRow = {
      ...{ id: createId(at), source_id: sourceId, kind: parsed.kind, key: parsed.key, name: nameForPeople(parsed) },
      ...{ document: Buffer.from(file).toString('base64'), reason, actor: JSON.stringify(caller.actor) },
      ...{ created_at: at, removed_at: null },
    };
    await insertPublisherKey(tx, row);
    const entries = await acceptKey(tx, caller, { source, key: parsed.key, reason, at });
    const object = { kind: 'watch_publisher_key', id: row.id };
    const detail = { source: source.key, kind: row.kind, name: row.name, key: row.key, reason };
    await recordAudits(tx, at, [{ ...caller, action: 'watch_publisher_key.added', object, detail }, ...entries]);
    await askAgain(tx, sourceId, at);
    return row;
  });
}

/** Takes a key back: nothing is verified by it any more. Who is accepted stays (`signpost watch retire`). Throws `not_found`. */
export async function removePublisherKey(
  { database, now }: WatchParts,
  caller: Caller,
  { sourceId, id }: { readonly sourceId: string; readonly id: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    const source = await readSource(tx, caller.organisationId, sourceId);
    const removed = await removeKeyRow(tx, { sourceId, id, now: at });
    if (!removed) throw new Refusal('not_found', 'no such key is named for the source');
    const object = { kind: 'watch_publisher_key', id };
    const detail = { source: source.key, name: removed.name, key: removed.key };
    await recordAudit(tx, at, { ...caller, action: 'watch_publisher_key.removed', object, detail });
  });
}

async function readKey(file: Uint8Array<ArrayBuffer>): Promise<PublisherKey> {
  if (file.length > maxKeyFileBytes)
    throw new Refusal('too_large', `expected a key of at most ${maxKeyFileBytes} bytes`);
  try {
    return await parseKeyFile(file);
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new Refusal('invalid', `the file is no key that signatures can be verified by: ${error.message}`, {
      rule: 'watch-key-file',
      hint: 'hand in a public key of OpenPGP (gpg --export), minisign, signify or Sparkle',
    });
  }
}

async function assertNamable(tx: Tx, source: SourceRow, { key }: PublisherKey): Promise<void> {
  const known = await listPublisherKeys(tx, source.id);
  if (known.some((row) => row.key === key)) {
    throw new Refusal('conflict', 'this key is named for the source already', { rule: 'watch-key-known' });
  }
  if (known.length >= maxKeys) {
    throw new Refusal('conflict', `expected at most ${maxKeys} keys of a source`, { rule: 'watch-key-quota' });
  }
  for (const { state } of await listStates(tx, source, key)) {
    if (state === 'accepted' || state === 'retired') continue;
    throw new Refusal('conflict', 'somebody decided that this key must not sign the source', {
      rule: 'watch-key-turned-away',
    });
  }
}

/** What was decided or learned of a key, in every line that knows it. */
async function listStates(tx: Tx, { id }: SourceRow, key: string) {
  const lines = await listLines(tx, id);
  const baselines = await Promise.all(
    lines.map(async (line) => ({ line, stored: await readBaseline(tx, line.number) })),
  );
  return baselines.flatMap(({ line, stored }) =>
    (stored?.revision.keys ?? []).filter((known) => known.key === key).map(({ state }) => ({ line, state })),
  );
}

/** Where two must accept a stranger, one must not name them: who is accepted in every line is no stranger. */
async function assertAccepted(tx: Tx, source: SourceRow, { key }: PublisherKey): Promise<void> {
  const accepted = (await listStates(tx, source, key)).filter(({ state }) => state === 'accepted');
  if (accepted.length > 0 && accepted.length === (await listLines(tx, source.id)).length) return;
  throw new Refusal('forbidden', 'expected a key that is accepted already: two people accept others', {
    rule: 'watch-two-people',
    hint: 'have two people decide, or change the policy for this source',
  });
}

interface Acceptance {
  readonly source: SourceRow;
  readonly key: string;
  readonly reason: string;
  readonly at: number;
}

/** Of lines that begin later it is learned, as of everybody. */
async function acceptKey(
  tx: Tx,
  caller: Caller,
  { source, key, reason, at }: Acceptance,
): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  const known = await listStates(tx, source, key);
  for (const line of await listLines(tx, source.id)) {
    if (known.some((one) => one.line.number === line.number && one.state === 'accepted')) continue;
    const stored = await decide(tx, {
      ...{ line: line.number, decision: { kind: 'accept', identities: [], keys: [key] }, cause: 'decided' },
      ...{ afterSequence: await readLastSequence(tx), reason, actor: caller.actor, at },
    });
    const lesson = { organisationId: caller.organisationId, source, line, at };
    entries.push(await tellRevision(tx, lesson, { stored, cause: 'decided', actor: caller.actor }));
  }
  return entries;
}

async function askAgain(tx: Tx, sourceId: string, at: number): Promise<void> {
  for (const content of new Set(await listUnjudged(tx, sourceId, maxReread))) {
    await insertRequest(tx, { sourceId, label: '', content, now: at });
  }
  await hasten(tx, sourceId, at);
}
