/** Releases on the wire. */
import { z } from 'zod';
import { formatTime, timeSchema } from '../../http/router.ts';
import { renderMarkdown } from '../public/markdown.ts';
import type { ScanResult } from '../scanner/scan-result.ts';
import { fileUrl } from './file-url.ts';
import type { ArtifactRow, ReleaseRow } from './store.ts';

const textByLocale = z.record(z.string(), z.string());

const artifactSchema = z.object({
  name: z.string(),
  platform: z.string(),
  media_type: z.string(),
  size_bytes: z.int(),
  sha256: z.string(),
  sha512: z.string(),
  url: z.string(),
  scan: z.object({
    status: z.enum(['clean', 'not_scanned']),
    engine: z.string().optional(),
    engine_version: z.string().optional(),
    signature_date: timeSchema.optional(),
    scanned_at: timeSchema.optional(),
  }),
});

/** What a release can be. */
export const releaseStateSchema = z.enum(['draft', 'active', 'superseded', 'withdrawn', 'quarantined']);

/** A release as the API shows it. */
export const releaseSchema = z.object({
  version: z.string(),
  channel: z.string(),
  state: releaseStateSchema,
  changelog: textByLocale,
  changelog_html: textByLocale,
  min_version: z.string().nullable(),
  reason: z.string().nullable(),
  created_at: timeSchema,
  activated_at: timeSchema.nullable(),
  deleted_at: timeSchema.nullable(),
  artifacts: z.array(artifactSchema),
});

/** The release with those of `artifacts` that are its own. */
export function formatRelease(
  release: ReleaseRow,
  { slug, artifacts }: { slug: string; artifacts: readonly ArtifactRow[] },
): z.infer<typeof releaseSchema> {
  const changelog = JSON.parse(release.changelog) as Record<string, string>;
  return {
    version: release.version,
    channel: release.channel,
    state: release.state,
    changelog,
    changelog_html: Object.fromEntries(
      Object.entries(changelog).map(([locale, text]) => [locale, renderMarkdown(text)]),
    ),
    min_version: release.min_version,
    reason: release.reason,
    created_at: formatTime(release.created_at),
    activated_at: release.activated_at === null ? null : formatTime(release.activated_at),
    deleted_at: release.deleted_at === null ? null : formatTime(release.deleted_at),
    artifacts: artifacts
      .filter(({ release_id }) => release_id === release.id)
      .map((row) => formatArtifact(row, fileUrl(slug, release.version, row.name))),
  };
}

function formatArtifact(row: ArtifactRow, url: string): z.infer<typeof artifactSchema> {
  return {
    name: row.name,
    platform: row.platform,
    media_type: row.media_type,
    size_bytes: row.size_bytes,
    sha256: row.sha256,
    sha512: row.sha512,
    url,
    scan: JSON.parse(row.scan) as ScanResult,
  };
}
