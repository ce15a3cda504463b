/** Verifies a manifest against what a client has seen and what runs on it (docs/protocol/manifest.md, "History"). */
import { TrustError } from '../errors.ts';
import type { Manifest } from './manifest.ts';
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

/** Throws `version_unsupported` unless `installed` is known to be at least the manifest's `min_version`. */
export function verifySupported({ minVersion }: Manifest, installed: string): void {
  if (minVersion === undefined) return;
  const order = compareVersions(installed, minVersion);
  if (order === 'older' || order === 'incomparable') {
    throw new TrustError('version_unsupported', `expected version ${minVersion} or later to update, got ${installed}`);
  }
}
