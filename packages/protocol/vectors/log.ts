/** Vectors of the transparency log: a manifest with what proves it logged, and what convicts a log that signed two histories. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import type { TrustErrorCode } from '@signpost/protocol/errors';
import { encodeCanonicalText, type SignableObject, type SignableValue } from '@signpost/protocol/json/canonical';
import { parseSignableText } from '@signpost/protocol/json/parse';
import type { Signer } from '@signpost/protocol/keys/ed25519';
import { encodeCheckpoint, type TreeHead } from '@signpost/protocol/tlog/checkpoint';
import { createManifestEntry } from '@signpost/protocol/updates/log-entry';
import { verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import {
  createTrust,
  logKey,
  now,
  rootA,
  serverKey,
  signManifest,
  signTrust,
  strangerKey,
  trustedLogEntry,
} from '../test/documents.ts';
import { hashTree, proveConsistency } from '../test/tlog/naive-tree.ts';
import { SmallLog, signNote } from '../test/tlog/small-log.ts';

/** A manifest that is good in itself, what its log is known by, and where it is in that log. */
export interface LogVector {
  readonly name: string;
  readonly now: number;
  readonly roots: readonly string[];
  readonly threshold: number;
  readonly trust: string;
  readonly project: string;
  readonly channel: string;
  /** What the application was built with, for a list that names no log. */
  readonly pinned: LogName | null;
  readonly envelope: string;
  readonly expect:
    | { readonly accepted: { readonly index: number; readonly size: number; readonly root_hash: string } }
    /** No log is known, so none is asked for. */
    | { readonly accepted: null }
    | { readonly refused: TrustErrorCode };
}

/** What an error of `log_inconsistent` carries, and whether it proves anything to who was not there. */
export interface LogEvidenceVector {
  readonly name: string;
  readonly log: LogName;
  readonly evidence: readonly string[];
  readonly expect: { readonly accepted: true } | { readonly refused: TrustErrorCode };
}

interface LogName {
  readonly origin: string;
  readonly pubkey_b64: string;
}

const origin = 'updates.example/log';
const named: SignableObject = { log: trustedLogEntry() };
const pinned: LogName = { origin, pubkey_b64: logKey.pubkeyB64 };
const envelope = await signManifest();
const trust = await createTrust();
const context = { trust, project: 'demo', channel: 'stable', now };
const entry = createManifestEntry(await verifyManifest(new TextEncoder().encode(envelope), context), 'default');

/** A log in which the manifest is entry `index` of `size`. */
function openLog(index: number, size: number, identity: ConstructorParameters<typeof SmallLog>[0] = {}): SmallLog {
  const log = new SmallLog(identity).fill(index);
  log.add(entry);
  return log.fill(size - index - 1);
}

interface Given {
  /** Changes to the trust list, which names the log unless told otherwise. */
  readonly trust?: SignableObject;
  readonly pinned?: LogName;
}

async function createVector(
  name: string,
  proof: SignableValue | undefined,
  { trust: changes = named, pinned: own }: Given,
): Promise<Omit<LogVector, 'expect'>> {
  const parsed = parseSignableText(envelope) as SignableObject;
  return {
    ...{ name, now, roots: [rootA.pubkeyB64], threshold: 1, trust: await signTrust(changes) },
    ...{ project: 'demo', channel: 'stable', pinned: own ?? null },
    envelope: encodeCanonicalText({ ...parsed, log: proof }),
  };
}

async function accept(name: string, index: number, size: number, given: Given = {}): Promise<LogVector> {
  const log = openLog(index, size);
  const root_hash = encodeBase64(hashTree(log.entries));
  return {
    ...(await createVector(name, await log.prove(index), given)),
    expect: { accepted: { index, size, root_hash } },
  };
}

async function refuse(
  name: string,
  refused: TrustErrorCode,
  proof: SignableValue | undefined,
  given: Given = {},
): Promise<LogVector> {
  return { ...(await createVector(name, proof, given)), expect: { refused } };
}

/** Every decision on a proof. */
export async function logVectors(): Promise<readonly LogVector[]> {
  const unknown = await createVector('no log is known', undefined, { trust: {} });
  return [
    await accept('the only entry', 0, 1),
    await accept('the first of two', 0, 2),
    await accept('in the middle of nine', 4, 9),
    await accept('the last of nine, which has no sibling', 8, 9),
    await accept('the last of seven', 6, 7),
    await accept('in a tree of more than one tile', 255, 300),
    await accept('a log that the application pinned', 4, 9, { trust: {}, pinned }),
    await acceptWitnessed(),
    { ...unknown, expect: { accepted: null } },
    ...(await refusedProofs()),
    ...(await refusedCheckpoints()),
    ...(await refusedLogs()),
  ];
}

const honest = await openLog(4, 9).prove(4);
const head: TreeHead = { size: 9, rootHash: hashTree(openLog(4, 9).entries) };

/** Signatures of others are let be. */
async function acceptWitnessed(): Promise<LogVector> {
  const signed = await noteOf({ name: 'witness.example', signer: strangerKey });
  const checkpoint = `${String(honest.checkpoint)}${signed.split('\n\n')[1] ?? ''}`;
  const vector = await createVector('a checkpoint that a stranger signed as well', { ...honest, checkpoint }, {});
  const root_hash = encodeBase64(head.rootHash);
  return { ...vector, expect: { accepted: { index: 4, size: 9, root_hash } } };
}

async function refusedProofs(): Promise<LogVector[]> {
  const hashes = honest.hashes as readonly string[];
  const { index: _, ...placeless } = honest;
  const zero = encodeBase64(new Uint8Array(32));
  return [
    await refuse('no proof', 'log_proof_missing', undefined),
    await refuse('null for a proof', 'log_proof_missing', null),
    await refuse('no object', 'malformed', [1]),
    await refuse('no index', 'malformed', placeless),
    await refuse('an index below zero', 'malformed', { ...honest, index: -1 }),
    await refuse('no slug of an organisation', 'malformed', { ...honest, organisation: 'De' }),
    await refuse('a hash that is no base64', 'malformed', { ...honest, hashes: ['?'] }),
    await refuse('65 hashes', 'too_large', { ...honest, hashes: new Array<string>(65).fill(zero) }),
    await refuse('another organisation', 'log_proof_invalid', { ...honest, organisation: 'other' }),
    await refuse('the place of another entry', 'log_proof_invalid', { ...honest, index: 5 }),
    await refuse('an index beyond the tree', 'log_proof_invalid', { ...honest, index: 9 }),
    await refuse('no hashes', 'log_proof_invalid', { ...honest, hashes: [] }),
    await refuse('a hash too few', 'log_proof_invalid', { ...honest, hashes: hashes.slice(1) }),
    await refuse('a hash too many', 'log_proof_invalid', { ...honest, hashes: [...hashes, zero] }),
    await refuse('hashes in another order', 'log_proof_invalid', { ...honest, hashes: hashes.toReversed() }),
    await refuse('a hash of 31 octets', 'log_proof_invalid', { ...honest, hashes: [encodeBase64(new Uint8Array(31))] }),
    await refuse('the proof of another manifest', 'log_proof_invalid', await new SmallLog().fill(9).prove(4)),
  ];
}

function noteOf(changes: {
  readonly text?: string;
  readonly name?: string;
  readonly signer?: Signer;
}): Promise<string> {
  const { text = encodeCheckpoint({ ...head, origin, extensions: [] }), name = origin, signer = logKey } = changes;
  return signNote(text, name, signer);
}

async function refusedCheckpoints(): Promise<LogVector[]> {
  const checkpoint = String(honest.checkpoint);
  const bent = (text: string) => ({ ...honest, checkpoint: text });
  const own = encodeCheckpoint({ ...head, origin, extensions: [] });
  const other = encodeCheckpoint({ ...head, origin: 'other.example/log', extensions: [] });
  return [
    await refuse('a checkpoint that nobody signed', 'malformed', bent(own)),
    await refuse('a checkpoint of 32,769 characters', 'too_large', bent('x'.repeat(32_769))),
    await refuse(
      'a size with a leading zero',
      'malformed',
      bent(await noteOf({ text: own.replace('\n9\n', '\n09\n') })),
    ),
    await refuse(
      'a tree of no entries',
      'log_proof_invalid',
      bent(await noteOf({ text: own.replace('\n9\n', '\n0\n') })),
    ),
    await refuse('an empty line in the text', 'malformed', bent(await noteOf({ text: `${own}\n` }))),
    await refuse('changed after signing', 'bad_signature', bent(checkpoint.replace('\n9\n', '\n8\n'))),
    await refuse('signed by another key', 'bad_signature', bent(await noteOf({ signer: strangerKey }))),
    await refuse('signed under another name', 'log_untrusted', bent(await noteOf({ name: 'other.example/log' }))),
    await refuse('a text of another log, signed by this one', 'log_untrusted', bent(await noteOf({ text: other }))),
    await refuse(
      'the checkpoint of another log',
      'log_untrusted',
      await openLog(4, 9, { origin: 'other.example/log' }).prove(4),
    ),
  ];
}

async function refusedLogs(): Promise<LogVector[]> {
  const revoked_keys = [{ key_id: logKey.keyId, reason: 'stolen', revoked_at: '2027-01-14T00:00:00Z' }];
  const other = trustedLogEntry(strangerKey);
  const releases: LogName = { origin, pubkey_b64: serverKey.pubkeyB64 };
  return [
    await refuse('a revoked key of the log', 'key_revoked', honest, { trust: { ...named, revoked_keys } }),
    await refuse('a revoked key of a pinned log', 'key_revoked', honest, { trust: { revoked_keys }, pinned }),
    await refuse('a pinned key that signs releases', 'key_out_of_scope', honest, { trust: {}, pinned: releases }),
    await refuse('a list that names another log than was pinned', 'bad_signature', honest, {
      ...{ trust: { log: other }, pinned },
    }),
    await refuse('no proof for a pinned log', 'log_proof_missing', undefined, { trust: {}, pinned }),
  ];
}

/** Every decision on evidence. */
export async function logEvidenceVectors(): Promise<readonly LogEvidenceVector[]> {
  const [log, fork] = [new SmallLog().fill(9), new SmallLog().fill(5).fill(4, 'forked')];
  const [seen, shown] = [await log.checkpoint(7), await fork.checkpoint()];
  const begin = encodeBeginning(fork, 7);
  const same = encodeBeginning(log, 7);
  const forged = new SmallLog({ signer: strangerKey }).fill(9);
  const accepted = { accepted: true } as const;
  const refused = (code: TrustErrorCode) => ({ refused: code });
  const vectors: readonly [string, readonly string[], LogEvidenceVector['expect']][] = [
    ['two roots of one size', [await log.checkpoint(), shown], accepted],
    ['a larger tree that begins otherwise', [seen, shown, begin], accepted],
    ['the larger tree first', [shown, seen, begin], accepted],
    ['one checkpoint twice', [seen, seen], refused('log_proof_invalid')],
    ['a log that only grew', [seen, await log.checkpoint(), same], refused('log_proof_invalid')],
    ['the beginning of another tree', [seen, shown, same], refused('log_proof_invalid')],
    ['no beginning', [seen, shown], refused('malformed')],
    ['a beginning that is no JSON', [seen, shown, 'begin'], refused('malformed')],
    ['a beginning without its hashes', [seen, shown, emptyBeginning(fork, 7)], refused('log_proof_invalid')],
    ['a note that the log did not sign', [await forged.checkpoint(7), shown, begin], refused('bad_signature')],
    ['a note of another log', [await forgedOrigin(), shown, begin], refused('log_untrusted')],
    ['no notes', [], refused('malformed')],
  ];
  return vectors.map(([name, evidence, expect]) => ({ name, log: pinned, evidence, expect }));
}

async function forgedOrigin(): Promise<string> {
  return new SmallLog({ origin: 'other.example/log' }).fill(7).checkpoint();
}

function encodeBeginning(log: SmallLog, size: number): string {
  const hashes = proveConsistency(size, log.entries).map((hash) => encodeBase64(hash));
  return `${encodeCanonicalText({ size, root_hash: rootOf(log, size), hashes })}\n`;
}

function emptyBeginning(log: SmallLog, size: number): string {
  return `${encodeCanonicalText({ size, root_hash: rootOf(log, size), hashes: [] })}\n`;
}

function rootOf(log: SmallLog, size: number): string {
  return encodeBase64(hashTree(log.entries.slice(0, size)));
}
