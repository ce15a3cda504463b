/** Documents about an artifact that somebody hands in: bundles, and what registries and forges answer with bundles inside. */
import { createHash } from 'node:crypto';
import { defaultMaxBundleBytes, parseBundle } from '@signpost/protocol/sigstore/bundle';
import { extractBundles } from '@signpost/protocol/sigstore/extract-bundles';
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import type { ReleaseReference } from '../policies/override.ts';
import { countAttached, deleteAttached, type EvidenceDocumentRow, insertDocument } from './store.ts';

/** The largest document, in bytes. */
const maxDocumentBytes = 4 * 1024 * 1024;
/** The most documents that are attached to one artifact. */
const maxDocuments = 32;

/** A document that was read, before it is stored. */
export interface ReadDocument {
  readonly kind: 'bundle' | 'attestations';
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly content: string;
}

/** The artifact that documents are about. */
export interface ArtifactReference {
  readonly id: string;
  readonly name: string;
  readonly release: ReleaseReference;
}

/** Reads a document without verifying it. Throws `too_large`, and a TrustError for what holds no bundle that can be read. */
export function readDocument(bytes: Uint8Array<ArrayBuffer>): ReadDocument {
  if (bytes.length > maxDocumentBytes) {
    throw new Refusal('too_large', `expected a document of at most ${maxDocumentBytes} bytes`, {
      rule: 'evidence-size',
    });
  }
  const bundles = extractBundles(bytes);
  for (const bundle of bundles) parseBundle(bundle, { maxBytes: defaultMaxBundleBytes });
  const content = new TextDecoder().decode(bytes);
  const isBundle = bundles.length === 1 && Object.hasOwn(JSON.parse(content), 'mediaType');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { kind: isBundle ? 'bundle' : 'attestations', sha256, sizeBytes: bytes.length, content };
}

/** Stores a document; what is there already stays as it is. Throws `conflict` when the artifact has 32 of them. */
export async function attachDocument(
  tx: Transaction<Schema>,
  caller: Caller,
  { artifact, name, document, at }: { artifact: ArtifactReference; name: string; document: ReadDocument; at: number },
): Promise<void> {
  if ((await countAttached(tx, artifact.id)) >= maxDocuments) {
    throw new Refusal('conflict', `expected at most ${maxDocuments} documents for one file`, {
      rule: 'evidence-count',
    });
  }
  const row: EvidenceDocumentRow = {
    ...{ id: createId(at), artifact_id: artifact.id, kind: document.kind, origin: 'attached', name },
    ...{ sha256: document.sha256, size_bytes: document.sizeBytes, content: document.content },
    ...{ author: JSON.stringify(caller.actor), created_at: at },
  };
  if (!(await insertDocument(tx, row))) return;
  const detail = { artifact: artifact.name, kind: document.kind, sha256: document.sha256 };
  await recordDocumentAct(tx, caller, { action: 'evidence.attached', artifact, detail, at });
}

/** Takes a document away. Throws `not_found` when nobody attached one of that digest. */
export async function removeDocument(
  tx: Transaction<Schema>,
  caller: Caller,
  { artifact, sha256, at }: { artifact: ArtifactReference; sha256: string; at: number },
): Promise<void> {
  if (!(await deleteAttached(tx, { artifactId: artifact.id, sha256 }))) {
    throw new Refusal('not_found', 'no such document was attached to the file');
  }
  await recordDocumentAct(tx, caller, {
    ...{ action: 'evidence.removed', artifact, detail: { artifact: artifact.name, sha256 }, at },
  });
}

interface DocumentAct {
  readonly action: 'evidence.attached' | 'evidence.removed';
  readonly artifact: ArtifactReference;
  readonly detail: Readonly<Record<string, string>>;
  readonly at: number;
}

async function recordDocumentAct(
  tx: Transaction<Schema>,
  caller: Caller,
  { action, artifact, detail, at }: DocumentAct,
): Promise<void> {
  const { slug, version } = artifact.release;
  const payload = { project: slug, version, ...detail };
  await recordEvent(tx, { id: createId(at), organisationId: caller.organisationId, topic: action, payload, at });
  await recordAudit(tx, at, { ...caller, action, object: { kind: 'release', id: `${slug}/${version}` }, detail });
}
