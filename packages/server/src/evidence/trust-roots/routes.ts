/** HTTP of trusted roots: read by everybody, chosen by admins. */
import { createHash } from 'node:crypto';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import { describeTrustedRoot } from './describe.ts';
import { lightOf } from './light.ts';
import type { TrustRootRefresher } from './refresh.ts';
import { listTrustRoots, type TrustRootHead, type TrustRootRow } from './store.ts';
import {
  addTrustRoot,
  removeTrustRoot,
  replaceDocument,
  requireTrustRoot,
  type TrustRootParts,
  type TrustRootSource,
  trustRootNamePattern,
} from './trust-root.ts';

const nameSchema = z
  .string()
  .regex(trustRootNamePattern, 'expected 1 to 63 of a-z, 0-9 and -')
  .openapi({ example: 'sigstore' });
const paramsSchema = z.object({ name: nameSchema });
/** A request's body holds 1 MiB. */
const documentSchema = z
  .string()
  .min(2)
  .max(900_000)
  .openapi({ description: 'The text of a trusted_root.json, kept as it is.' });

const rootSchema = z
  .object({
    name: z.string(),
    source: z.enum(['tuf', 'file']),
    tuf: z
      .object({
        url: z.string(),
        targets_url: z.string().nullable(),
        target: z.string(),
        root_version: z.int().nullable(),
        expires_at: timeSchema.nullable(),
        next_check_at: timeSchema,
      })
      .nullable(),
    light: z.enum(['green', 'yellow', 'red']),
    light_reason: z.enum([
      'nothing-accepted',
      'expired',
      'authorities-ended',
      'refused',
      'unreachable',
      'root-ending',
      'authorities-ending',
      'current',
    ]),
    light_since: timeSchema,
    sha256: z.string().nullable(),
    accepted_at: timeSchema.nullable(),
    checked_at: timeSchema.nullable(),
    failure: z.object({ code: z.string(), message: z.string(), count: z.int() }).nullable(),
    created_at: timeSchema,
  })
  .openapi('EvidenceTrustRoot');

const windowSchema = { start: timeSchema, end: timeSchema.nullable() };
const authoritySchema = z.object({ uri: z.string(), subject: z.string(), ...windowSchema });
const logSchema = z.object({ base_url: z.string(), log_id: z.string(), ...windowSchema });

const detailSchema = rootSchema
  .extend({
    pinned_root_sha256: z.string().nullable(),
    trusted_root: z
      .object({
        certificate_authorities: z.array(authoritySchema),
        timestamp_authorities: z.array(authoritySchema),
        logs: z.array(logSchema),
        certificate_logs: z.array(logSchema),
      })
      .nullable(),
  })
  .openapi('EvidenceTrustRootDetail');

const newRootSchema = z
  .strictObject({
    name: nameSchema,
    tuf: z
      .strictObject({
        url: z.string().max(2048),
        targets_url: z.string().max(2048).optional(),
        target: lineSchema(512).default('trusted_root.json'),
        root: z.string().max(900_000).openapi({ description: 'A root.json that came another way, in base64.' }),
      })
      .optional(),
    trusted_root: documentSchema.optional(),
  })
  .openapi({
    example: {
      name: 'sigstore',
      tuf: { url: 'https://tuf-repo-cdn.sigstore.dev', root: 'eyJzaWduZWQi…', target: 'trusted_root.json' },
    },
  });

const listRoute = createRoute({
  method: 'get',
  path: '/api/evidence/trust-roots',
  tags: ['evidence'],
  summary: 'The roots that evidence is judged by, and how they stand',
  responses: { 200: jsonAnswer('By name.', z.object({ trust_roots: z.array(rootSchema) })) },
});

const addRoute = createRoute({
  method: 'post',
  path: '/api/evidence/trust-roots',
  tags: ['evidence'],
  summary: 'Trust an instance of Sigstore, by its TUF repository or by a file',
  request: { body: jsonBody(newRootSchema) },
  responses: { 201: jsonAnswer('The root; one from a repository is being asked for.', rootSchema) },
});

const showRoute = createRoute({
  method: 'get',
  path: '/api/evidence/trust-roots/{name}',
  tags: ['evidence'],
  summary: 'A trusted root, and what stands in it',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The root.', detailSchema) },
});

const documentRoute = createRoute({
  method: 'get',
  path: '/api/evidence/trust-roots/{name}/trusted_root.json',
  tags: ['evidence'],
  summary: 'The trusted root in force, byte for byte',
  request: { params: paramsSchema },
  responses: {
    200: {
      description: 'A trusted_root.json',
      content: { 'application/json': { schema: z.string().openapi({ format: 'binary' }) } },
    },
  },
});

const replaceRoute = createRoute({
  method: 'put',
  path: '/api/evidence/trust-roots/{name}/trusted_root.json',
  tags: ['evidence'],
  summary: 'Put another file in the place of an uploaded one',
  request: { params: paramsSchema, body: jsonBody(z.strictObject({ trusted_root: documentSchema })) },
  responses: { 200: jsonAnswer('The root.', rootSchema) },
});

const refreshRoute = createRoute({
  method: 'post',
  path: '/api/evidence/trust-roots/{name}/refresh',
  tags: ['evidence'],
  summary: 'Ask the repository now, and wait for it',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The root, up to date.', rootSchema) },
});

const removeRoute = createRoute({
  method: 'delete',
  path: '/api/evidence/trust-roots/{name}',
  tags: ['evidence'],
  summary: 'Stop trusting an instance',
  request: { params: paramsSchema },
  responses: { 204: { description: 'Done.' } },
});

/** The routes of trusted roots. */
export function trustRootRoutes(parts: TrustRootParts, refresher: TrustRootRefresher): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const { database, now } = parts;
  addReadingRoutes(router, parts);
  router.openapi(addRoute, async (c) => {
    const { name, ...wish } = c.req.valid('json');
    const row = await addTrustRoot(parts, callerOf(c.var), { name, source: parseSource(wish) });
    return c.json(describe(row, now()), 201);
  });
  router.openapi(replaceRoute, async (c) => {
    const document = new TextEncoder().encode(c.req.valid('json').trusted_root);
    const row = await replaceDocument(parts, callerOf(c.var), { name: c.req.valid('param').name, document });
    return c.json(describe(row, now()), 200);
  });
  router.openapi(refreshRoute, async (c) => {
    const row = await refresher.refresh(callerOf(c.var), c.req.valid('param').name);
    return c.json(describe(row, now()), 200);
  });
  router.openapi(removeRoute, async (c) => {
    await removeTrustRoot({ database, now }, callerOf(c.var), c.req.valid('param').name);
    return c.body(null, 204);
  });
  return router;
}

function addReadingRoutes(router: OpenAPIHono<AppEnv>, { database, now }: TrustRootParts): void {
  router.openapi(listRoute, async (c) => {
    const rows = await listTrustRoots(database.query, c.var.organisation.id);
    return c.json({ trust_roots: rows.map((row) => describe(row, now())) }, 200);
  });
  router.openapi(showRoute, async (c) => {
    const row = await requireTrustRoot(database.query, c.var.organisation.id, c.req.valid('param').name);
    const pinned = row.pinned_root === null ? null : digestHex(Buffer.from(row.pinned_root, 'base64'));
    const trustedRoot = row.document === null ? null : await describeTrustedRoot(row.document);
    return c.json({ ...describe(row, now()), pinned_root_sha256: pinned, trusted_root: trustedRoot }, 200);
  });
  router.openapi(documentRoute, async (c) => {
    const { document } = await requireTrustRoot(database.query, c.var.organisation.id, c.req.valid('param').name);
    if (document === null) {
      throw new Refusal('not_found', 'nothing was accepted for this trusted root yet', {
        rule: 'nothing-accepted',
        hint: 'signpost trust-root show',
      });
    }
    return c.body(document, 200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }) as never;
  });
}

function parseSource({ tuf, trusted_root: document }: Omit<z.infer<typeof newRootSchema>, 'name'>): TrustRootSource {
  if ((tuf === undefined) === (document === undefined)) {
    throw new Refusal('invalid', 'expected either tuf or trusted_root', { rule: 'schema' });
  }
  if (tuf === undefined) return { kind: 'file', document: new TextEncoder().encode(document) };
  return {
    kind: 'tuf',
    metadataUrl: tuf.url,
    targetsUrl: tuf.targets_url ?? null,
    target: tuf.target,
    pinnedRoot: parseBase64(tuf.root),
  };
}

function digestHex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function describe(row: TrustRootHead | TrustRootRow, at: number) {
  const { light, reason, since } = lightOf(row, at);
  return {
    name: row.name,
    source: row.source,
    tuf: describeRepository(row),
    ...{ light, light_reason: reason, light_since: formatTime(since) },
    sha256: row.digest,
    accepted_at: formatTimeOrNull(row.accepted_at),
    checked_at: formatTimeOrNull(row.checked_at),
    failure:
      row.failure_code === null ? null : { code: row.failure_code, message: row.failure ?? '', count: row.failures },
    created_at: formatTime(row.created_at),
  };
}

function describeRepository(row: TrustRootHead) {
  const { metadata_url: url, targets_url, target, root_version, expires_at, next_check_at } = row;
  if (url === null || target === null || next_check_at === null) return null;
  return {
    ...{ url, targets_url, target, root_version },
    expires_at: formatTimeOrNull(expires_at),
    next_check_at: formatTime(next_check_at),
  };
}

function formatTimeOrNull(at: number | null): string | null {
  return at === null ? null : formatTime(at);
}
