/** What is known of the release in service beside its manifest: builds, verdict, SBOMs, later scans. Everything in it is public elsewhere, too. */
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { BuildClaims } from '../../../evidence/publishers/claims.ts';
import { readBuild } from '../../../evidence/publishers/provenance.ts';
import { listSboms, type SbomRow } from '../../../evidence/sboms/store.ts';
import type { Query } from '../../../storage/database.ts';
import { listVerdicts, type VerdictRow } from '../../gate/store.ts';
import type { ArtifactRow, ReleaseRow } from '../../lifecycle/store.ts';
import type { ScanResult } from '../../scanner/scan-result.ts';

/** The release in service, and what is known of it. */
export interface ReleaseFacts {
  readonly manifest: VerifiedManifest;
  readonly trust: VerifiedTrustList;
  /** Of its files, each run once. */
  readonly builds: readonly BuildClaims[];
  /** The latest one, if there is a policy. */
  readonly verdict: VerdictRow | undefined;
  readonly sboms: readonly SbomRow[];
  /** When the file was scanned that was scanned longest ago, in Unix milliseconds; undefined unless all of them are clean now. */
  readonly lastScan: number | undefined;
  /** What later planes know: names and values. */
  readonly further: readonly (readonly [string, string])[];
}

/** Reads the facts of `release`. */
export async function readReleaseFacts(
  query: Query,
  {
    release,
    artifacts,
    ...known
  }: Pick<ReleaseFacts, 'manifest' | 'trust' | 'further'> & {
    readonly release: ReleaseRow;
    readonly artifacts: readonly ArtifactRow[];
  },
): Promise<ReleaseFacts> {
  const [verdict] = await listVerdicts(query, release.id, 1);
  return {
    ...known,
    builds: await readBuilds(query, known.manifest, artifacts),
    verdict,
    sboms: await listSboms(query, release.id),
    lastScan: findLastScan(artifacts),
  };
}

/** Only builds that the provenance names which was published with the release. */
async function readBuilds(
  query: Query,
  { evidence }: VerifiedManifest,
  artifacts: readonly ArtifactRow[],
): Promise<readonly BuildClaims[]> {
  const proven = evidence?.documents.filter(({ kind }) => kind === 'provenance').map(({ artifact }) => artifact) ?? [];
  const builds = new Map<string, BuildClaims>();
  for (const { id, name } of artifacts) {
    const build = proven.includes(name) ? await readBuild(query, id) : undefined;
    if (build) builds.set(build.runUri, build);
  }
  return [...builds.values()];
}

function findLastScan(artifacts: readonly ArtifactRow[]): number | undefined {
  const scans = artifacts.map(({ scan }) => JSON.parse(scan) as ScanResult);
  if (scans.length === 0 || scans.some(({ status }) => status !== 'clean')) return undefined;
  return Math.min(...scans.map(({ scanned_at: at }) => (at === undefined ? 0 : Date.parse(at))));
}
