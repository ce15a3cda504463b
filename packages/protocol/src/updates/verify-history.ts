/** Verifies manifests and catalogues against what a client has seen and what runs on it (docs/protocol/manifest.md, "History"). */
import { TrustError } from '../errors.ts';
import type { Manifest } from './manifest.ts';
import type { VerifiedCatalogue } from './verify-catalogue.ts';
import type { VerifiedManifest } from './verify-manifest.ts';
import { compareVersions } from './version.ts';

/** The highest counter that a client has seen, whether or not it installed that release. */
export interface SeenCounter {
  readonly epoch: number;
  readonly counter: number;
  /** Lower-case hex SHA-256 of the canonical manifest that carried it. */
  readonly digest: string;
}

/**
 * Throws `manifest_replayed` unless `manifest` comes after `seen`, or is the very manifest seen. A higher epoch comes after
 * every counter of a lower one: that is how clients get over a counter that a stolen key drove up.
 */
export function verifyCounter(manifest: VerifiedManifest, seen: SeenCounter | undefined): void {
  if (!seen || manifest.counterEpoch > seen.epoch) return;
  if (manifest.counterEpoch < seen.epoch) {
    throw new TrustError(
      'manifest_replayed',
      `expected counter epoch ${seen.epoch} or higher, got ${manifest.counterEpoch}`,
    );
  }
  if (manifest.counter < seen.counter) {
    throw new TrustError('manifest_replayed', `expected counter ${seen.counter} or higher, got ${manifest.counter}`);
  }
  if (manifest.counter === seen.counter && manifest.digest !== seen.digest) {
    throw new TrustError('manifest_replayed', `expected one manifest with counter ${seen.counter}, got another`);
  }
}

/** The highest version of a catalogue that a client has seen. */
export interface SeenCatalogue {
  readonly collection: string;
  readonly epoch: number;
  readonly version: number;
  /** Lower-case hex SHA-256 of the catalogue without its signatures. */
  readonly digest: string;
}

/** Throws `catalogue_replayed` unless `catalogue` comes after `seen`, or is the very one seen; epochs are as those of manifests. */
export function verifyCatalogueVersion(catalogue: VerifiedCatalogue, seen: SeenCatalogue | undefined): void {
  if (!seen || catalogue.counterEpoch > seen.epoch) return;
  if (catalogue.counterEpoch < seen.epoch || catalogue.version < seen.version) {
    throw new TrustError(
      'catalogue_replayed',
      `expected version ${seen.version} of epoch ${seen.epoch} or higher, got ${catalogue.version} of ${catalogue.counterEpoch}`,
    );
  }
  if (catalogue.version === seen.version && catalogue.digest !== seen.digest) {
    throw new TrustError('catalogue_replayed', `expected one catalogue of version ${seen.version}, got another`);
  }
}

/** Throws `version_unsupported` unless `installed` is known to be at least the manifest's `min_version`. */
export function verifySupported({ minVersion }: Manifest, installed: string): void {
  if (minVersion === undefined) return;
  const order = compareVersions(installed, minVersion);
  if (order === 'older' || order === 'incomparable') {
    throw new TrustError('version_unsupported', `expected version ${minVersion} or later to update, got ${installed}`);
  }
}

/** Whose key signed a module when it was seen first, or was accepted since, and the highest counter of what it signed. */
export interface SeenAuthor {
  readonly module: string;
  readonly keyId: string;
  readonly counter: number;
}

/** Who signed a module now; nobody, where only the vendor did. */
export interface AuthoredModule {
  readonly slug: string;
  readonly authorKeyId: string | undefined;
  readonly author: { readonly counter: number } | undefined;
}

/**
 * Throws `author_changed` when a module that its author signed before is signed by another key, or by none, and `accepted` is not the key that signs it now:
 * whoever holds the server cannot exchange an author unseen. Throws `author_replayed` when the author has signed a later version that was seen.
 */
export function verifyAuthorKey(
  { slug, authorKeyId, author }: AuthoredModule,
  seen: SeenAuthor | undefined,
  accepted: string | undefined,
): void {
  if (!seen) return;
  if (seen.keyId === authorKeyId) {
    verifyAuthorCounter(slug, author?.counter ?? 0, seen);
    return;
  }
  if (authorKeyId !== undefined && authorKeyId === accepted) return;
  const got = authorKeyId === undefined ? 'no signature of an author' : `that of ${authorKeyId}`;
  throw new TrustError('author_changed', `expected the signature of author ${seen.keyId} over ${slug}, got ${got}`);
}

function verifyAuthorCounter(slug: string, counter: number, seen: SeenAuthor): void {
  if (counter >= seen.counter) return;
  throw new TrustError(
    'author_replayed',
    `expected a statement of the author of ${slug} with the counter ${seen.counter} or higher, got ${counter}`,
  );
}
