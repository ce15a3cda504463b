/** Vulnerabilities of a release on the wire. */
import { z } from 'zod';
import type { FoundVulnerability, VulnerabilityReport } from '../../../evidence/vulnerabilities/report.ts';
import { severityLevels } from '../../../evidence/vulnerabilities/severity.ts';
import { formatTime, timeSchema } from '../../../http/router.ts';

const suppressionSchema = z.object({
  status: z.enum(['not_affected', 'fixed']),
  justification: z.string().nullable(),
  detail: z.string().nullable(),
  author: z.string().nullable(),
  stated_at: timeSchema,
});
const foundSchema = z.object({
  id: z.string(),
  aliases: z.array(z.string()),
  summary: z.string(),
  severity: z.enum(severityLevels),
  score: z.number().nullable(),
  vector: z.string().nullable(),
  component: z.object({ name: z.string(), version: z.string().nullable(), purl: z.string() }),
  undecided: z.boolean(),
  suppressed_by: suppressionSchema.nullable(),
});

/** What was found, and in which data. */
export const reportSchema = z.object({
  found: z.array(foundSchema),
  snapshots: z.array(z.object({ ecosystem: z.string(), snapshot_at: timeSchema, entries: z.int() })),
  missing_ecosystems: z.array(z.string()),
  unmatched_components: z.int(),
});

/** A report as the API shows it. */
export function formatReport(report: VulnerabilityReport): z.infer<typeof reportSchema> {
  return {
    found: report.found.map(formatFound),
    snapshots: report.snapshots.map(({ ecosystem, snapshot_at, entries }) => ({
      ...{ ecosystem, snapshot_at: formatTime(snapshot_at), entries },
    })),
    missing_ecosystems: [...report.missingEcosystems],
    unmatched_components: report.unmatchedComponents,
  };
}

function formatFound(found: FoundVulnerability): z.infer<typeof foundSchema> {
  const { component, suppressedBy: said } = found;
  return {
    ...{ id: found.id, aliases: [...found.aliases], summary: found.summary, severity: found.severity },
    ...{ score: found.score ?? null, vector: found.vector ?? null, undecided: found.isUndecided },
    component: { name: component.name, version: component.version ?? null, purl: component.purl },
    suppressed_by: said
      ? {
          ...{ status: said.status, justification: said.justification ?? null, detail: said.detail ?? null },
          ...{ author: said.author ?? null, stated_at: formatTime(said.statedAt) },
        }
      : null,
  };
}
