/** SBOMs, their components and differences on the wire. */
import type { SbomFinding } from '@signpost/protocol/sbom/finding';
import { z } from 'zod';
import type { SbomComponentRow, SbomRow } from '../../evidence/sboms/store.ts';
import { formatTime, timeSchema } from '../../http/router.ts';
import type { ArtifactRow } from '../lifecycle/store.ts';

const findingSchema = z.object({
  rule: z.string(),
  severity: z.enum(['error', 'warning']),
  count: z.int(),
  examples: z.array(z.string()),
});

/** An SBOM in force. */
export const sbomSchema = z.object({
  id: z.string(),
  artifact: z.object({ name: z.string(), sha256: z.string() }),
  origin: z.enum(['attached', 'generated']),
  format: z.object({ standard: z.string(), version: z.string(), encoding: z.enum(['json', 'xml']) }),
  media_type: z.string(),
  sha256: z.string(),
  size_bytes: z.int(),
  serial: z.string().nullable(),
  stated_at: z.string().nullable(),
  authors: z.array(z.string()),
  tools: z.array(z.string()),
  components: z.int(),
  findings: z.array(findingSchema),
  created_at: timeSchema,
});

/** A component. */
export const componentSchema = z.object({
  name: z.string(),
  version: z.string().nullable(),
  purl: z.string().nullable(),
  kind: z.string(),
  licences: z.array(z.string()),
  supplier: z.string().nullable(),
});

const differingSchema = z.object({
  name: z.string(),
  ecosystem: z.string().optional(),
  versions: z.array(z.string()),
  licences: z.array(z.string()),
});
const changedSchema = z.object({
  name: z.string(),
  ecosystem: z.string().optional(),
  before: z.array(z.string()),
  after: z.array(z.string()),
});

/** What changed between two SBOMs. */
export const differenceSchema = z.object({
  added: z.array(differingSchema),
  removed: z.array(differingSchema),
  upgraded: z.array(changedSchema),
  downgraded: z.array(changedSchema),
  changed: z.array(changedSchema),
  relicensed: z.array(changedSchema),
});

/** The media type of a document (CycloneDX, "Recognized file patterns and media types"; IANA for SPDX). */
export function nameMediaType({ standard, encoding, format_version }: SbomRow): string {
  if (standard === 'CycloneDX') return `application/vnd.cyclonedx+${encoding}; version=${format_version}`;
  return format_version.startsWith('3.') ? 'application/spdx+json; version=3.0' : 'application/spdx+json';
}

/** An SBOM as the API shows it. */
export function formatSbom(row: SbomRow, artifact: ArtifactRow): z.infer<typeof sbomSchema> {
  return {
    ...{ id: row.id, artifact: { name: artifact.name, sha256: artifact.sha256 }, origin: row.origin },
    format: { standard: row.standard, version: row.format_version, encoding: row.encoding },
    ...{ media_type: nameMediaType(row), sha256: row.sha256, size_bytes: row.size_bytes },
    ...{ serial: row.serial, stated_at: row.stated_at },
    ...{ authors: JSON.parse(row.authors) as string[], tools: JSON.parse(row.tools) as string[] },
    ...{ components: row.component_count, created_at: formatTime(row.created_at) },
    findings: (JSON.parse(row.findings) as SbomFinding[]).map((finding) => ({
      ...finding,
      examples: [...finding.examples],
    })),
  };
}

/** A component as the API shows it. */
export function formatComponent(row: SbomComponentRow): z.infer<typeof componentSchema> {
  const { name, version, purl, kind, licences, supplier } = row;
  return { name, version, purl, kind, licences: JSON.parse(licences) as string[], supplier };
}
