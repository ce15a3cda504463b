/** HTTP of a release's vulnerabilities, and of what its publisher says to them. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { requireSbom } from '../../../evidence/sboms/reading.ts';
import type { SbomDependencies } from '../../../evidence/sboms/sbom.ts';
import { attachVex } from '../../../evidence/vulnerabilities/attach-vex.ts';
import { reportVulnerabilities } from '../../../evidence/vulnerabilities/report.ts';
import { type AppEnv, callerOf } from '../../../http/context.ts';
import { readRawBody } from '../../../http/raw-body.ts';
import { createRouter, jsonAnswer } from '../../../http/router.ts';
import { chooseArtifact, describeSubject, requireVisibleRelease } from '../subject.ts';
import { formatReport, reportSchema as plainReportSchema } from './report-format.ts';

const reportSchema = plainReportSchema.openapi('VulnerabilityReport');
const nameSchema = z.object({ slug: z.string().max(50), version: z.string().max(64) });
const artifactQuery = z.object({
  artifact: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
const vexSchema = z
  .object({ sha256: z.string(), standard: z.enum(['OpenVEX', 'CycloneDX']), statements: z.int() })
  .openapi('Vex');
const tags = ['evidence'];
const base = '/api/projects/{slug}/releases/{version}';

/** The routes of vulnerabilities. */
export function vulnerabilityRoutes(dependencies: SbomDependencies): OpenAPIHono<AppEnv> {
  const { database } = dependencies;
  const router = createRouter();
  router.openapi(reportRoute, async (c) => {
    const found = await requireVisibleRelease(database.query, c.var, c.req.valid('param'));
    const { sha256 } = chooseArtifact(found, c.req.valid('query').artifact);
    const sbom = await requireSbom(database.query, { releaseId: found.release.id, artifactSha256: sha256 });
    return c.json(formatReport(await reportVulnerabilities(database.query, sbom)), 200);
  });
  router.openapi(vexRoute, async (c) => {
    const name = c.req.valid('param');
    const found = await requireVisibleRelease(database.query, c.var, name);
    const subject = describeSubject(name, found.release, chooseArtifact(found, undefined));
    const artifacts = found.artifacts.map(({ sha256 }) => sha256);
    return c.json(await attachVex(dependencies, callerOf(c.var), { subject, artifacts, body: readRawBody(c) }), 200);
  });
  return router;
}

const reportRoute = createRoute({
  method: 'get',
  path: `${base}/vulnerabilities`,
  tags,
  summary: 'Known vulnerabilities of the components of a file, and the date of the data',
  request: { params: nameSchema, query: artifactQuery },
  responses: { 200: jsonAnswer('The worst first', reportSchema) },
});
const vexRoute = createRoute({
  method: 'put',
  path: `${base}/vex`,
  tags,
  summary: 'Attach a VEX document to a release',
  description:
    'The body is OpenVEX 0.2 or CycloneDX with vulnerabilities and their analysis. What names a file by its SHA-256 is about that file alone.',
  request: { params: nameSchema },
  responses: { 200: jsonAnswer('It is heard from now on', vexSchema) },
});
