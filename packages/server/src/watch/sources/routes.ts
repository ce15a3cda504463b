/** HTTP of watched sources: what is watched, and what is accepted of it. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import { encodeIdentity, type Identity } from '../facts/identity.ts';
import { findFrozenSince } from '../findings/store.ts';
import { parseRevisionRow, readBaseline } from '../learning/baseline.ts';
import { learningPresets } from '../learning/rules.ts';
import { listRevisions, type RevisionRow } from '../learning/store.ts';
import type { WatchParts } from '../parts.ts';
import { findSchedule } from '../recording/store.ts';
import { addSource, readSource, removeSource } from './source.ts';
import { listLines, listSources, type SourceRow } from './store.ts';

const sourceSchema = z
  .object({
    id: z.uuid(),
    key: z.string().openapi({ example: 'oci:docker.io/library/postgres' }),
    ecosystem: z.enum(['oci', 'npm', 'signpost', 'feed', 'git']),
    declared_repository: z.string().nullable(),
    development: z.boolean(),
    mirror_of: z.uuid().nullable(),
    created_at: timeSchema,
  })
  .openapi('WatchedSource');

/** An identity as people name it: to the letter, by as many claims as they know. */
export const identitySchema = z.strictObject({
  issuer: z.string().min(1).max(2048),
  subject: z.string().min(1).max(2048),
  ownerId: z.string().max(64).optional(),
  repositoryId: z.string().max(64).optional(),
  owner: z.string().max(2048).optional(),
  repository: z.string().max(2048).optional(),
  workflow: z.string().max(2048).optional(),
  refType: z.enum(['tag', 'branch', 'pull-request', 'other']).optional(),
});
const signerStateSchema = z.enum(['accepted', 'retired', 'revoked', 'rejected']);
const lineDescriptionSchema = z
  .object({
    name: z.string(),
    state: z.enum(['cold', 'learning', 'established', 'declared', 'frozen']),
    version: z.int(),
    signed: z.enum(['always', 'sometimes', 'never']),
    identities: z.array(z.object({ identity: z.record(z.string(), z.string()), state: signerStateSchema })),
    keys: z.array(z.object({ key: z.string(), state: signerStateSchema })),
  })
  .openapi('WatchedLine');
const lookSchema = z
  .object({
    last: timeSchema.nullable(),
    next: timeSchema.nullable(),
    answered: timeSchema.nullable(),
    unanswered_since: timeSchema.nullable(),
    unanswered_reason: z.string().nullable(),
  })
  .openapi('WatchLook');
const revisionSchema = z
  .object({
    line: z.string(),
    version: z.int(),
    state: z.string(),
    cause: z.enum(['learned', 'renamed', 'announced', 'vouched', 'decided']),
    actor: z.object({ kind: z.string(), id: z.string().nullable() }),
    created_at: timeSchema,
    document: z.record(z.string(), z.unknown()),
  })
  .openapi('BaselineRevision');

const tags = ['watch'];
const path = '/api/watch/sources';
const idSchema = z.object({ id: z.uuid() });
const pageLimit = 200;

const listRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'What is watched, by key',
  request: { query: z.object({ after: z.string().max(1100).optional() }) },
  responses: {
    200: jsonAnswer(
      `At most ${pageLimit}; the next ones after the last key.`,
      z.object({ sources: z.array(sourceSchema) }),
    ),
  },
});

const addRoute = createRoute({
  method: 'post',
  path,
  tags,
  summary: 'Begin to watch a source',
  request: {
    body: jsonBody(
      z.strictObject({
        source: lineSchema(1024),
        learning: z.enum(['usual', 'first-day']).default('usual'),
        declared_repository: z
          .url({ protocol: /^https$/ })
          .max(2048)
          .optional(),
        development: z.boolean().default(false),
      }),
    ),
  },
  responses: { 201: jsonAnswer('The source.', sourceSchema) },
});

const showRoute = createRoute({
  method: 'get',
  path: `${path}/{id}`,
  tags,
  summary: 'A source with its lines and who is accepted',
  request: { params: idSchema },
  responses: {
    200: jsonAnswer(
      'The source.',
      sourceSchema.extend({ lines: z.array(lineDescriptionSchema), look: lookSchema.nullable() }),
    ),
  },
});

const removeRoute = createRoute({
  method: 'delete',
  path: `${path}/{id}`,
  tags,
  summary: 'Stop watching a source; what was seen and decided is kept',
  request: { params: idSchema },
  responses: { 204: { description: 'Done.' } },
});

const historyRoute = createRoute({
  method: 'get',
  path: `${path}/{id}/history`,
  tags,
  summary: 'Every revision of what is accepted of a source, with its cause',
  request: { params: idSchema },
  responses: { 200: jsonAnswer('By line and version.', z.object({ revisions: z.array(revisionSchema) })) },
});

/** The routes of sources. */
export function watchSourceRoutes(parts: WatchParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const { query } = parts.database;
  router.openapi(listRoute, async (c) => {
    const filter = { organisationId: c.var.organisation.id, after: c.req.valid('query').after, limit: pageLimit };
    return c.json({ sources: (await listSources(query, filter)).map(describeSource) }, 200);
  });
  router.openapi(addRoute, async (c) => {
    const { source, learning, declared_repository: declaredRepository, development } = c.req.valid('json');
    const request = { reference: source, rules: learningPresets[learning], declaredRepository };
    const added = await addSource(parts, callerOf(c.var), { ...request, isDevelopment: development });
    return c.json(describeSource(added), 201);
  });
  router.openapi(showRoute, async (c) => {
    const source = await readSource(query, c.var.organisation.id, c.req.valid('param').id);
    const lines = await Promise.all((await listLines(query, source.id)).map((line) => describeLine(parts, line)));
    return c.json({ ...describeSource(source), lines, look: await describeLook(parts, source) }, 200);
  });
  router.openapi(removeRoute, async (c) => {
    await removeSource(parts, callerOf(c.var), c.req.valid('param').id);
    return c.body(null, 204);
  });
  router.openapi(historyRoute, async (c) => {
    const source = await readSource(query, c.var.organisation.id, c.req.valid('param').id);
    const revisions = [];
    for (const { number, name } of await listLines(query, source.id)) {
      revisions.push(...(await listRevisions(query, number)).map((row) => describeRevision(name, row)));
    }
    return c.json({ revisions }, 200);
  });
  return router;
}

function describeSource(row: SourceRow): z.infer<typeof sourceSchema> {
  const { id, key, ecosystem, declared_repository } = row;
  return {
    ...{ id, key, ecosystem, declared_repository, development: row.is_development === 1, mirror_of: row.mirror_of },
    created_at: formatTime(row.created_at),
  };
}

async function describeLook({ database }: WatchParts, { id }: SourceRow): Promise<z.infer<typeof lookSchema> | null> {
  const schedule = await findSchedule(database.query, id);
  if (!schedule) return null;
  const format = (at: number | null) => (at === null ? null : formatTime(at));
  return {
    ...{ last: format(schedule.looked_at), next: format(schedule.due_at), answered: format(schedule.answered_at) },
    unanswered_since: format(schedule.unknown_since),
    unanswered_reason: schedule.unknown_reason,
  };
}

async function describeLine(
  { database, now }: WatchParts,
  { number, name }: { readonly number: number; readonly name: string },
): Promise<z.infer<typeof lineDescriptionSchema>> {
  const stored = await readBaseline(database.query, number);
  if (!stored) return { name, state: 'cold', version: 0, signed: 'never', identities: [], keys: [] };
  const { state, signed, identities, keys } = stored.revision;
  const isFrozen = (await findFrozenSince(database.query, { line: number, at: now() })) !== null;
  return {
    ...{ name, state: isFrozen ? ('frozen' as const) : state, version: stored.version, signed, keys: [...keys] },
    identities: identities.map((known) => ({ state: known.state, identity: claimsOf(known.identity) })),
  };
}

function claimsOf(identity: Identity): Record<string, string> {
  return JSON.parse(encodeIdentity(identity)) as Record<string, string>;
}

function describeRevision(line: string, row: RevisionRow): z.infer<typeof revisionSchema> {
  const { kind, id }: { kind: string; id: string | null } = JSON.parse(row.actor);
  return {
    ...{ line, version: row.version, state: row.state, cause: row.cause, actor: { kind, id } },
    ...{ created_at: formatTime(row.created_at), document: { ...parseRevisionRow(row).revision } },
  };
}
