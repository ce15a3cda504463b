/** Manifests in the transparency log: appended where they are put in force, and once more for what was in force before there was a log. */
import { hash } from 'node:crypto';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeCanonicalText, type SignableObject } from '@signpost/protocol/json/canonical';
import { parseObject } from '@signpost/protocol/json/fields';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { createManifestEntry, type LoggableManifest } from '@signpost/protocol/updates/log-entry';
import { parseManifest } from '@signpost/protocol/updates/manifest';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import type { Transaction } from 'kysely';
import type { Database, Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import { appendAll, appendEntries, type Loggable, type LogParts } from '../../trust/log/append.ts';
import { type LogProof, proveEntry } from '../../trust/log/prove.ts';
import { findOpenLog, listSlugs } from '../../trust/log/store.ts';
import { listCurrentManifests } from './store.ts';

/** Appends the manifest that this transaction puts in force. Throws as `appendEntries` does. */
export async function logManifest(
  tx: Transaction<Schema>,
  parts: LogParts,
  { organisationId, manifest }: { readonly organisationId: string; readonly manifest: LoggableManifest },
): Promise<void> {
  await appendEntries(tx, parts, [describeManifest(organisationId, manifest)]);
}

/** That a manifest is in the log, and for which organisation. */
export interface LoggedProof extends LogProof {
  readonly organisation: string;
}

interface KeptProof {
  readonly logged: LoggedProof;
  /** The key of the log that it leads into, and since when that one's checkpoint is. */
  readonly pubkeyB64: string;
  readonly at: number;
}

const dayMs = 86_400_000;
const maxKept = 10_000;
/** By the digest of the manifest. */
const proofs = new WeakMap<Query, Map<string, KeptProof>>();

/**
 * The proof of a manifest that is in force; undefined while there is no log, or no checkpoint that covers it. The same one for a day: while it
 * is, the answer is the same bytes, and no client has to look how the log went on.
 */
export async function proveManifest(
  query: Query,
  organisationId: string,
  manifest: LoggableManifest,
): Promise<LoggedProof | undefined> {
  const log = await findOpenLog(query);
  if (!log) return undefined;
  const kept = proofs.get(query) ?? new Map<string, KeptProof>();
  proofs.set(query, kept);
  const known = kept.get(manifest.digest);
  const { pubkey_b64: pubkeyB64, checkpoint_at: at } = log;
  if (known?.pubkeyB64 === pubkeyB64 && (at ?? 0) - known.at < dayMs) return known.logged;
  const logged = await makeProof(query, organisationId, manifest);
  const [oldest] = kept.keys();
  if (oldest !== undefined && kept.size >= maxKept) kept.delete(oldest);
  if (logged) kept.set(manifest.digest, { logged, pubkeyB64, at: at ?? 0 });
  return logged;
}

async function makeProof(
  query: Query,
  organisationId: string,
  manifest: LoggableManifest,
): Promise<LoggedProof | undefined> {
  const organisation = (await listSlugs(query, [organisationId])).get(organisationId) ?? '';
  const proof = await proveEntry(query, createManifestEntry(manifest, organisation));
  return proof && { ...proof, organisation };
}

/** The canonical text of a manifest's envelope with the proof beside it, which older clients pass over. */
export function encodeLogged({ envelope }: VerifiedManifest, logged: LoggedProof): string {
  const { index, hashes, checkpoint, organisation } = logged;
  const log = { index, hashes: hashes.map(encodeBase64), checkpoint, organisation };
  return encodeCanonicalText({ ...(parseSignableText(envelope) as SignableObject), log });
}

/** Appends the manifests in force that are not in the log yet; returns how many. */
export async function logManifestsInForce(parts: LogParts & { readonly database: Database }): Promise<number> {
  const rows = await listCurrentManifests(parts.database.query);
  const loggables = rows.map(({ organisation_id, document }) => {
    const manifest = parseManifest(parseObject(parseSignableText(document), 'the manifest'));
    return describeManifest(organisation_id, { ...manifest, digest: hash('sha256', document) });
  });
  return appendAll(parts, loggables);
}

function describeManifest(organisationId: string, manifest: LoggableManifest): Loggable {
  const { organisation: _, ...entry } = createManifestEntry(manifest, '');
  return { organisationId, entry };
}
