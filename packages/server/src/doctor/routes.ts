/** HTTP of the overview. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type Config, listVariables } from '../config.ts';
import { type AppEnv, mayAdminister } from '../http/context.ts';
import { defaultOrganisation } from '../http/guard.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../http/router.ts';
import { judgeCertificates, judgeCoverage, judgeDisk, judgeTrustRoots, type LightSubject } from '../overview/lights.ts';
import { describeTrust } from '../trust/status.ts';
import type { DoctorDependencies } from './finding.ts';
import { findEntry, readManual } from './manual.ts';
import { judgeLight } from './revocation.ts';
import { countThings } from './store.ts';

const lightSchema = z.enum(['green', 'yellow', 'red', 'none']);
const statusRoute = createRoute({
  method: 'get',
  path: '/api/status',
  tags: ['server'],
  summary: 'How the server is',
  responses: {
    200: jsonAnswer(
      'Version, vault, trust, scanner, revocation (`troubled`: authorities that somebody has to look after), certificates (when the first ends that nothing follows, and how many end within 30 days), the roots of evidence, how much of what is watched answers, the disk (for administrators of the server) and counts',
      z.object({
        version: z.string(),
        organisation: z.string(),
        engine: z.enum(['sqlite', 'postgres']),
        vault: z.enum(['absent', 'locked', 'unlocked']),
        trust: z.object({
          version: z.int().nullable(),
          expires_at: timeSchema.nullable(),
          light: lightSchema,
        }),
        scanner: z.object({
          state: z.enum(['off', 'unreachable', 'ready']),
          engine: z.string().nullable(),
          version: z.string().nullable(),
          signature_date: timeSchema.nullable(),
        }),
        revocation: z.object({ light: lightSchema, troubled: z.int() }),
        certificates: z.object({ light: lightSchema, ends_at: timeSchema.nullable(), ending: z.int() }),
        trust_roots: z.object({ light: lightSchema, roots: z.int(), troubled: z.int() }),
        watch: z.object({ light: lightSchema, sources: z.int(), unanswered: z.int() }),
        disk: z.object({ light: lightSchema, free_bytes: z.int() }).nullable(),
        projects: z.int(),
        releases: z.int(),
        artifacts: z.int(),
      }),
    ),
  },
});

const doctorRoute = createRoute({
  method: 'get',
  path: '/api/doctor',
  tags: ['server'],
  summary: 'What is misconfigured or about to run out, and how to mend it',
  responses: {
    200: jsonAnswer(
      'Findings, the worst first',
      z.object({
        findings: z.array(
          z.object({
            level: z.enum(['error', 'warning', 'info']),
            code: z.string(),
            message: z.string(),
            hint: z.string(),
          }),
        ),
      }),
    ),
  },
});

const settingsRoute = createRoute({
  method: 'get',
  path: '/api/settings',
  tags: ['server'],
  summary: 'Which settings are in force, and what each means',
  responses: {
    200: jsonAnswer(
      'By variable of the environment. `value` is null where it is not set, and where it may name who logs in where.',
      z.object({
        settings: z.array(
          z.object({
            name: z.string(),
            set: z.boolean(),
            value: z.string().nullable(),
            default: z.string(),
            meaning: z.string(),
          }),
        ),
      }),
    ),
  },
});

/** The routes of the overview. */
export function doctorRoutes(dependencies: DoctorDependencies & { readonly version: string }): OpenAPIHono<AppEnv> {
  const { database, vault, scanner, version } = dependencies;
  const router = createRouter();
  router.openapi(statusRoute, async (c) => {
    const { id, slug } = c.var.organisation;
    const trust = await describeTrust(dependencies, id);
    const answer = {
      ...{ version, organisation: slug, engine: database.engine, vault: vault.state },
      trust: { version: trust.version, expires_at: trust.expires_at, light: trust.light },
      scanner: await describeScanner(scanner),
      revocation: await judgeLight(dependencies, id),
      ...(await describeLights(dependencies, { organisationId: id, now: dependencies.now() })),
      disk: mayAdminister(c.var.principal) && slug === defaultOrganisation ? await describeDisk(dependencies) : null,
      ...(await countThings(database.query, id)),
    };
    return c.json(answer, 200);
  });
  router.openapi(doctorRoute, async (c) => {
    const { examine } = await import('./doctor.ts');
    return c.json({ findings: [...(await examine(dependencies, c.var.organisation.id))] }, 200);
  });
  router.openapi(settingsRoute, async (c) => c.json({ settings: await describeSettings(dependencies.config) }, 200));
  return router;
}

async function describeLights({ database: { query } }: DoctorDependencies, subject: LightSubject) {
  const { endsAt, ...certificates } = await judgeCertificates(query, subject);
  return {
    certificates: { ...certificates, ends_at: endsAt === undefined ? null : formatTime(endsAt) },
    trust_roots: await judgeTrustRoots(query, subject),
    watch: await judgeCoverage(query, subject.organisationId),
  };
}

async function describeDisk({ config }: DoctorDependencies) {
  const { light, freeBytes } = await judgeDisk(config.dataDir);
  return { light, free_bytes: freeBytes };
}

async function describeSettings({ environment }: Pick<Config, 'environment'>) {
  const manual = await readManual();
  return listVariables(environment).map(({ name, isSet, value = null }) => {
    const { fallback = 'none', meaning = '' } = findEntry(manual, name) ?? {};
    return { name, set: isSet, value, default: fallback, meaning };
  });
}

async function describeScanner(scanner: DoctorDependencies['scanner']) {
  const version = await scanner?.probe();
  if (!version)
    return {
      state: scanner ? ('unreachable' as const) : ('off' as const),
      engine: null,
      version: null,
      signature_date: null,
    };
  const date = version.signatureDate === undefined ? null : formatTime(version.signatureDate);
  return { state: 'ready' as const, engine: version.engine, version: version.version, signature_date: date };
}
