/** The documents that a manifest names as evidence, on a mirror: each is held against the digest in the manifest. */
import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { TrustError } from '@signpost/protocol/errors';
import { fileNamePattern, versionPattern } from '@signpost/protocol/updates/names';
import type { EvidenceReference } from '@signpost/protocol/updates/release-evidence';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { writeFileAtomically } from '../files/atomic-write.ts';
import { type Client, readBounded } from '../http/client.ts';
import { segmentsOf } from './manifest-file.ts';

/** The largest document that is mirrored, in bytes: an SBOM. */
const maxDocumentBytes = 64 * 1024 * 1024;

/**
 * Writes the documents that `manifest` names below `dir`, each at the path of its URL; returns how many there are. Throws TrustError
 * `digest_mismatch`, and `malformed` for a path that is not below the project's releases.
 */
export async function mirrorEvidence(client: Client, dir: string, manifest: VerifiedManifest): Promise<number> {
  const documents = manifest.evidence?.documents ?? [];
  for (const document of documents) await mirrorDocument(client, join(dir, ...pathOf(manifest, document)), document);
  return documents.length;
}

async function mirrorDocument(client: Client, path: string, { sha256, url }: EvidenceReference): Promise<void> {
  const present = await readFile(path).catch(() => undefined);
  if (present && digest(present) === sha256) return;
  const bytes = await readBounded(await client.send('GET', url), maxDocumentBytes);
  const got = digest(bytes);
  if (got !== sha256) throw new TrustError('digest_mismatch', `expected SHA-256 ${sha256} at ${url}, got ${got}`);
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomically(path, bytes, 0o644);
}

/** Whoever signs for one project must not choose what the mirror answers elsewhere. */
function pathOf({ project }: VerifiedManifest, { url }: EvidenceReference): readonly string[] {
  const segments = segmentsOf(url);
  const isBelow = ['api', 'projects', project, 'releases'].every((name, index) => segments[index] === name);
  if (isBelow && segments.every((segment) => versionPattern.test(segment) || fileNamePattern.test(segment))) {
    return segments;
  }
  throw new TrustError('malformed', `expected a URL below /api/projects/${project}/releases/ to be mirrored`);
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
