/** HTTP of the transparency log: checkpoint and tiles for everybody (C2SP tlog-tiles, v1.0.0), and lists for those who read the organisation. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { TrustError } from '@signpost/protocol/errors';
import { parseTilePath, type Tile } from '@signpost/protocol/tlog/tile';
import type { Context } from 'hono';
import { Refusal } from '../../errors.ts';
import type { AppEnv } from '../../http/context.ts';
import { isMatch } from '../../http/entity-tag.ts';
import { nextSchema } from '../../http/page-schema.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../../http/router.ts';
import type { Database } from '../../storage/database.ts';
import { cutPage } from '../../storage/pages.ts';
import { proveIndex } from './prove.ts';
import { findLog, findOpenLog, type LogEntryRow, type LogRow, listEntries, listRun } from './store.ts';
import { readServedTile } from './tiles.ts';

/** What the routes of the log need. */
export interface LogRouteDependencies {
  readonly database: Database;
}

const types = ['manifest', 'trust-list', 'catalogue', 'certificate', 'revocation', 'audit-head'] as const;
const indexSchema = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const entrySchema = z
  .looseObject({
    index: z.int(),
    logged_at: timeSchema,
    type: z.enum(types),
    organisation: z.string(),
    leaf_hash: z.string(),
  })
  .openapi('LogEntry', {
    description: 'The members of the entry as docs/protocol/log.md has them, and where it stands',
  });
const binary = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } },
});

const checkpointRoute = createRoute({
  method: 'get',
  path: '/log/checkpoint',
  tags: ['log'],
  summary: 'The checkpoint in force, a signed note',
  responses: { 200: { description: 'The note', content: { 'text/plain': { schema: z.string() } } } },
});
/** One form for each number: a tile has one address. */
const numberSchema = z
  .string()
  .regex(/^(?:[2-9]|[1-9][0-9]{1,8})$/)
  .transform(Number);
const laterCheckpointRoute = createRoute({
  method: 'get',
  path: '/log/{log}/checkpoint',
  tags: ['log'],
  summary: 'The checkpoint in force of a later log of this server',
  request: { params: z.object({ log: numberSchema }) },
  responses: { 200: { description: 'The note', content: { 'text/plain': { schema: z.string() } } } },
});
const laterTileRoute = createRoute({
  method: 'get',
  path: '/log/{log}/tile/{level}/{path}',
  tags: ['log'],
  summary: 'A tile of a later log of this server',
  request: { params: z.object({ log: numberSchema, level: z.string(), path: z.string() }) },
  responses: { 200: binary('The tile') },
});
const tileRoute = createRoute({
  method: 'get',
  path: '/log/tile/{level}/{path}',
  tags: ['log'],
  summary: 'A tile of hashes or of entries',
  description:
    'Paths as in C2SP tlog-tiles: `0/x001/234`, `0/x001/234.p/17`, `entries/000`. What does not change may be kept for ever.',
  request: { params: z.object({ level: z.string(), path: z.string() }) },
  responses: { 200: binary('The tile') },
});
const listRoute = createRoute({
  method: 'get',
  path: '/api/log/entries',
  tags: ['log'],
  summary: 'What of the organisation is in the log, newest first',
  request: {
    query: z.object({
      before: indexSchema.optional(),
      limit: z.coerce.number().int().min(1).max(100).default(50),
      type: z.enum(types).optional(),
    }),
  },
  responses: {
    200: jsonAnswer('A page', z.object({ entries: z.array(entrySchema), next: nextSchema, size: z.int() })),
  },
});
const proofRoute = createRoute({
  method: 'get',
  path: '/api/log/entries/{index}/proof',
  tags: ['log'],
  summary: 'An entry with its proof under the checkpoint in force',
  request: { params: z.object({ index: indexSchema }) },
  responses: {
    200: jsonAnswer(
      'The entry as it was hashed, its proof and the note',
      z.object({
        index: z.int(),
        logged_at: timeSchema,
        entry: z.string(),
        hashes: z.array(z.string()),
        checkpoint: z.string(),
      }),
    ),
  },
});

/** The routes of the log. */
export function logRoutes({ database }: LogRouteDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addStaticRoutes(router, database);
  router.openapi(listRoute, async (c) => {
    const { before = Number.MAX_SAFE_INTEGER, limit, type } = c.req.valid('query');
    const log = await findOpenLog(database.query);
    if (!log) return c.json({ entries: [], next: null, size: 0 }, 200);
    const filter = { log: log.id, organisationId: c.var.organisation.id, type, limit: limit + 1 };
    const found = await listEntries(database.query, { ...filter, before: Math.min(before, log.checkpoint_size) });
    const { rows, next } = cutPage(found, { limit }, ({ position }) => String(position));
    return c.json({ entries: rows.map(formatEntry), next, size: log.checkpoint_size }, 200);
  });
  router.openapi(proofRoute, async (c) => {
    const log = await requireLog(database);
    const { index } = c.req.valid('param');
    const [row] = await listRun(database.query, { log: log.id, start: index, count: 1 });
    const proof = row && (await proveIndex(database.query, log, { index, leafHash: row.leaf_hash }));
    if (!row || !proof) throw new Refusal('not_found', 'no such entry in the log', { rule: 'no-log-entry' });
    const { checkpoint } = proof;
    const hashes = proof.hashes.map(encodeBase64);
    return c.json({ index, entry: row.entry, logged_at: formatTime(row.logged_at), hashes, checkpoint }, 200);
  });
  return router;
}

/** Each log lies at its own place for ever, also when it has ended: the first at `/log`, a later one at `/log/` and its number. */
function addStaticRoutes(router: OpenAPIHono<AppEnv>, database: Database): void {
  router.openapi(checkpointRoute, async (c) => answerCheckpoint(c, await requireLog(database, 1)));
  router.openapi(laterCheckpointRoute, async (c) =>
    answerCheckpoint(c, await requireLog(database, c.req.valid('param').log)),
  );
  router.openAPIRegistry.registerPath(tileRoute);
  router.openAPIRegistry.registerPath(laterTileRoute);
  // Paths of several segments, which OpenAPI has no word for.
  router.get('/log/tile/:level/:path{.+}', async (c) => {
    const tile = parsePath(`tile/${c.req.param('level')}/${c.req.param('path')}`);
    return answerTile(c, await readServedTile(database.query, await requireLog(database, 1), tile));
  });
  router.get('/log/:log/tile/:level/:path{.+}', async (c) => {
    const tile = parsePath(`tile/${c.req.param('level')}/${c.req.param('path')}`);
    const number = numberSchema.safeParse(c.req.param('log'));
    if (!number.success) throw noTile();
    return answerTile(c, await readServedTile(database.query, await requireLog(database, number.data), tile));
  });
}

function answerCheckpoint(c: Context<AppEnv>, { checkpoint }: { checkpoint: string }): never {
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-cache' };
  return answer(c, { body: checkpoint, etag: `"${checkpoint.slice(-45, -1)}"`, headers });
}

function answerTile(c: Context<AppEnv>, bytes: Uint8Array<ArrayBuffer> | undefined) {
  if (!bytes) throw noTile();
  const headers = {
    'Content-Type': 'application/octet-stream',
    'Cache-Control': 'public, max-age=31536000, immutable',
  };
  return c.body(bytes, 200, headers);
}

/** The log of this number, or else the one that is appended to. */
async function requireLog({ query }: Database, number?: number): Promise<LogRow & { checkpoint: string }> {
  const log = await (number === undefined ? findOpenLog(query) : findLog(query, number));
  if (log?.checkpoint) return { ...log, checkpoint: log.checkpoint };
  throw new Refusal('not_found', 'there is no transparency log yet', {
    rule: 'no-log',
    hint: 'it begins when the vault is first open',
  });
}

function parsePath(path: string): Tile {
  try {
    return parseTilePath(path);
  } catch (error) {
    if (error instanceof TrustError) throw noTile();
    throw error;
  }
}

function noTile(): Refusal {
  return new Refusal('not_found', 'the tree does not have this tile', { rule: 'no-tile' });
}

function answer(
  c: Context<AppEnv>,
  { body, etag, headers }: { body: string; etag: string; headers: Readonly<Record<string, string>> },
): never {
  const all = { ...headers, ETag: etag };
  if (isMatch(c.req.header('if-none-match') ?? '', etag)) return c.body(null, 304, all) as never;
  return c.body(body, 200, all) as never;
}

function formatEntry({ position, logged_at, entry, leaf_hash }: LogEntryRow) {
  const members = JSON.parse(entry) as { type: (typeof types)[number]; organisation: string };
  return { ...members, index: position, logged_at: formatTime(logged_at), leaf_hash };
}
