/** HTTP of vulnerability snapshots, which belong to the whole server. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { readRawBody } from '../../http/raw-body.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../../http/router.ts';
import { type ImportDependencies, importSnapshot, removeSnapshot } from './import.ts';
import { listSnapshots } from './store.ts';

const snapshotSchema = z
  .object({ ecosystem: z.string(), entries: z.int(), snapshot_at: timeSchema })
  .openapi('VulnerabilitySnapshot');
const ecosystemSchema = z.object({ ecosystem: z.string().max(40) });
const tags = ['evidence'];

/** The routes of snapshots. */
export function snapshotRoutes(dependencies: ImportDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, async (c) => {
    const rows = await listSnapshots(dependencies.database.query);
    const snapshots = rows.map(({ ecosystem, entries, snapshot_at, imported_at }) => ({
      ...{ ecosystem, entries, snapshot_at: formatTime(snapshot_at), imported_at: formatTime(imported_at) },
    }));
    return c.json({ snapshots }, 200);
  });
  router.openapi(importRoute, async (c) => {
    const { ecosystem } = c.req.valid('param');
    const { snapshot_at: stated } = c.req.valid('query');
    const snapshotAt = stated === undefined ? undefined : Date.parse(stated);
    const imported = await importSnapshot(dependencies, callerOf(c.var), {
      ecosystem,
      snapshotAt,
      body: readRawBody(c),
    });
    return c.json({ ecosystem, entries: imported.entries, snapshot_at: formatTime(imported.snapshotAt) }, 200);
  });
  router.openapi(removeRoute, async (c) => {
    await removeSnapshot(dependencies, callerOf(c.var), c.req.valid('param').ecosystem);
    return c.body(null, 204);
  });
  return router;
}

const listRoute = createRoute({
  method: 'get',
  path: '/api/vulnerabilities',
  tags,
  summary: 'The vulnerability snapshots that are asked',
  responses: {
    200: jsonAnswer(
      'One for each ecosystem',
      z.object({ snapshots: z.array(snapshotSchema.extend({ imported_at: timeSchema })) }),
    ),
  },
});
const importRoute = createRoute({
  method: 'put',
  path: '/api/vulnerabilities/{ecosystem}',
  tags,
  summary: 'Import a snapshot of vulnerabilities',
  description: 'The body is all.zip of the ecosystem as OSV publishes it, or one JSON record a line.',
  request: { params: ecosystemSchema, query: z.object({ snapshot_at: z.iso.datetime({ offset: true }).optional() }) },
  responses: { 200: jsonAnswer('It counts, in the place of the one before', snapshotSchema) },
});
const removeRoute = createRoute({
  method: 'delete',
  path: '/api/vulnerabilities/{ecosystem}',
  tags,
  summary: 'Forget the vulnerabilities of an ecosystem',
  request: { params: ecosystemSchema },
  responses: { 204: { description: 'Nothing is known of it any more' } },
});
