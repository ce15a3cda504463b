/** @signpost/protocol: what most users need. Everything else is reached by sub-path, e.g. `@signpost/protocol/keys/ed25519`. */
export type { CatalogueCache, CatalogueCheck, CatalogueRequest, ModuleCheck } from './client/check-catalogue.ts';
export type { UpdateCheck, UpdateRequest } from './client/check-for-update.ts';
export { type DownloadOptions, type DownloadSink, type ExpectedFile, verifyFile } from './client/download.ts';
export type { StateStore } from './client/state.ts';
export type { Step, StepName } from './client/steps.ts';
export { createUpdater, type Updater, type UpdaterOptions } from './client/updater.ts';
export { TrustError, type TrustErrorCode } from './errors.ts';
export type { Catalogue, CatalogueEntry, TrustLevel } from './updates/catalogue.ts';
export type { Artifact, Manifest, ScanFacts } from './updates/manifest.ts';
export type { ProjectRule, RevokedKey, RootSet, TrustedKey, TrustList } from './updates/trust-list.ts';
export {
  type VerifiedCatalogue,
  type VerifiedCatalogueEntry,
  verifyCatalogue,
  verifyCatalogueEntry,
} from './updates/verify-catalogue.ts';
export { type ManifestContext, type VerifiedManifest, verifyManifest } from './updates/verify-manifest.ts';
export { type TrustListContext, type VerifiedTrustList, verifyTrustList } from './updates/verify-trust-list.ts';
