/** HTTP of the trust plane. What is signed is sent as the bytes that were signed. */

import type { OpenAPIHono } from '@hono/zod-openapi';
import { createRoute, z } from '@hono/zod-openapi';
import { encodeText } from '@signpost/protocol/bytes/text';
import { parseScope } from '@signpost/protocol/updates/names';
import { maxTrustListBytes } from '@signpost/protocol/updates/trust-list';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { confirmRevoker, type StepUpParts } from '../accounts/step-up.ts';
import { Refusal } from '../errors.ts';
import { type AppEnv, callerOf } from '../http/context.ts';
import { proofShape } from '../http/proof-schema.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../http/router.ts';
import { signingScopeSchema } from '../http/scope-schema.ts';
import { lineSchema } from '../http/text-schema.ts';
import { encodeLogKey } from './log/checkpoint.ts';
import { findOpenLog, isOwnLog } from './log/store.ts';
import {
  activateSigningKey,
  createSigningKey,
  isInTrustList,
  retireSigningKey,
  revokeSigningKey,
  type SigningKeyDependencies,
} from './signing-keys.ts';
import { describeTrust, formatWindow, listTrustVersions } from './status.ts';
import { findLatestTrustList, findTrustList, listRootChanges, listSigningKeys, type SigningKeyRow } from './store.ts';
import { importTrustList, pinRoots, readPinnedRoots, readTrustInForce } from './trust-lists.ts';

const keyIdSchema = z.string().regex(/^[0-9a-f]{64}$/);
const rootSchema = z.object({ key_id: keyIdSchema, pubkey_b64: z.string() });
/** When the trust list in force lets a key sign; null where it sets no bound. */
const windowShape = { not_before: timeSchema.nullable(), not_after: timeSchema.nullable() };
const signingKeySchema = z
  .object({
    key_id: keyIdSchema,
    pubkey_b64: z.string(),
    scope: z.string(),
    label: z.string(),
    state: z.enum(['created', 'active', 'retired', 'revoked']),
    custody: z.literal('server'),
    in_trust_list: z.boolean(),
    ...windowShape,
    created_at: timeSchema,
  })
  .openapi('SigningKey');

const trustStatusSchema = z
  .object({
    roots: z.array(rootSchema),
    threshold: z.int(),
    version: z.int().nullable(),
    issued_at: timeSchema.nullable(),
    expires_at: timeSchema.nullable(),
    light: z.enum(['green', 'yellow', 'red', 'none']),
    valid_keys: z.array(
      z.object({
        ...rootSchema.shape,
        label: z.string(),
        custody: z.enum(['server', 'maintainer']),
        scope: z.array(z.string()),
        ...windowShape,
      }),
    ),
    push_keys: z.array(z.object({ ...rootSchema.shape, label: z.string(), ...windowShape })),
    revoked_keys: z.array(z.object({ key_id: keyIdSchema, reason: z.string(), revoked_at: timeSchema })),
    projects: z.array(z.object({ project: z.string(), approvals: z.int(), counter_epoch: z.int() })),
  })
  .openapi('TrustStatus');

/** What the routes of the trust plane need. */
export interface TrustRouteDependencies extends SigningKeyDependencies, StepUpParts {
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

/** The routes of the trust plane. */
export function trustRoutes(dependencies: TrustRouteDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addPublicRoutes(router, dependencies);
  addTrustListRoutes(router, dependencies);
  addSigningKeyRoutes(router, dependencies);
  return router;
}

function addPublicRoutes(router: OpenAPIHono<AppEnv>, { database }: SigningKeyDependencies): void {
  const envelope = jsonAnswer('The trust list, signed by the offline roots, as canonical bytes', z.unknown());
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/signing/trust',
      tags: ['trust'],
      summary: 'The trust list in force',
      responses: { 200: envelope },
    }),
    async (c) => {
      const latest = await findLatestTrustList(database.query, c.var.organisation.id);
      if (!latest) throw new Refusal('not_found', 'no trust list is published');
      return signedAnswer(c, latest.envelope);
    },
  );
  const chain = jsonAnswer(
    'Every trust list that changed the roots, oldest first',
    z.object({ roots: z.array(z.unknown()) }),
  );
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/signing/roots',
      tags: ['trust'],
      summary: 'The chain from the first roots to those in force',
      responses: { 200: chain },
    }),
    async (c) => {
      const links = await listRootChanges(database.query, c.var.organisation.id);
      return signedAnswer(c, `{"roots":[${links.map(({ envelope }) => envelope).join(',')}]}`);
    },
  );
  router.openapi(pubkeyRoute, async (c) =>
    c.json(await describePubkeys({ database, organisationId: c.var.organisation.id }), 200),
  );
}

const pubkeyRoute = createRoute({
  method: 'get',
  path: '/api/signing/pubkey',
  tags: ['trust'],
  summary: 'The active server keys',
  responses: {
    200: jsonAnswer(
      'The active server keys and the roots; for looking up, never for trusting',
      z.object({
        key_id: keyIdSchema.nullable(),
        pubkey_b64: z.string().nullable(),
        root_key_ids: z.array(keyIdSchema),
        keys: z.array(z.object({ ...rootSchema.shape, scope: z.string() })),
        log: z.object({ origin: z.string(), verifier_key: z.string() }).nullable(),
      }),
    ),
  },
});

async function describePubkeys({
  database,
  organisationId,
}: Pick<SigningKeyDependencies, 'database'> & { organisationId: string }) {
  const keys = (await listSigningKeys(database.query, organisationId)).filter(({ state }) => state === 'active');
  const main = keys.find(({ scope }) => scope === '*') ?? keys.find(({ scope }) => !scope.startsWith('wordpress:'));
  const log = await findOpenLog(database.query);
  const roots =
    (await readTrustInForce(database.query, organisationId))?.rootsInForce ??
    (await readPinnedRoots(database.query, organisationId));
  return {
    key_id: main?.key_id ?? null,
    pubkey_b64: main?.pubkey_b64 ?? null,
    root_key_ids: roots?.keys.map(({ keyId }) => keyId) ?? [],
    keys: keys.map(({ key_id, pubkey_b64, scope }) => ({ key_id, pubkey_b64, scope })),
    log: log ? { origin: log.origin, verifier_key: encodeLogKey(log) } : null,
  };
}

function addTrustListRoutes(router: OpenAPIHono<AppEnv>, dependencies: TrustRouteDependencies): void {
  router.openapi(pinRoute, async (c) => {
    const body = c.req.valid('json');
    const roots = await pinRoots(dependencies, callerOf(c.var), {
      rootKeys: body.root_keys,
      threshold: body.threshold,
    });
    return c.json({ root_key_ids: roots.keys.map(({ keyId }) => keyId), threshold: roots.threshold }, 201);
  });
  router.openapi(importRoute, async (c) => {
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    const { list, changed } = await importTrustList(dependencies, callerOf(c.var), bytes);
    dependencies.published(c.var.organisation.id);
    const keys = await listSigningKeys(dependencies.database.query, c.var.organisation.id);
    const stranded = keys.filter((key) => key.state === 'active' && !isInTrustList(key, list, dependencies.now()));
    const warnings = stranded.map(
      (key) =>
        `the active key ${key.label} (${key.key_id.slice(0, 16)}…) for ${key.scope} is not in this list: nothing can be signed with it`,
    );
    if (list.log && !(await isOwnLog(dependencies.database, list.log))) {
      warnings.push(
        `the list names the log ${list.log.origin}, which is not this server's: clients refuse what it publishes`,
      );
    }
    return c.json(
      { version: list.version, digest: list.digest, expires_at: formatTime(list.expiresAt), changed, warnings },
      200,
    );
  });
  const statusRoute = createRoute({
    method: 'get',
    path: '/api/trust',
    tags: ['trust'],
    summary: 'Roots, keys and rules in force',
    responses: { 200: jsonAnswer('What is trusted now', trustStatusSchema) },
  });
  router.openapi(statusRoute, async (c) => c.json(await describeTrust(dependencies, c.var.organisation.id), 200));
  router.openapi(versionsRoute, async (c) =>
    c.json({ versions: await listTrustVersions(dependencies, c.var.organisation.id) }, 200),
  );
  router.openapi(versionRoute, async (c) => {
    const { version } = c.req.valid('param');
    const row = await findTrustList(dependencies.database.query, c.var.organisation.id, version);
    if (!row) throw new Refusal('not_found', `no trust list of version ${version} was imported`);
    return c.body(encodeText(row.envelope), 200, { 'Content-Type': 'application/json' }) as never;
  });
}

const pinRoute = createRoute({
  method: 'post',
  path: '/api/trust/roots',
  tags: ['trust'],
  summary: 'Pin the roots, once',
  request: {
    body: jsonBody(
      z.object({ root_keys: z.array(z.string().max(64)).min(1).max(16), threshold: z.int().min(1).default(1) }),
    ),
  },
  responses: {
    201: jsonAnswer('The roots are pinned', z.object({ root_key_ids: z.array(keyIdSchema), threshold: z.int() })),
  },
});

const importRoute = createRoute({
  method: 'post',
  path: '/api/trust/import',
  tags: ['trust'],
  summary: 'Bring a trust list into force',
  description: `The body is a trust list envelope as signpost root sign wrote it, at most ${maxTrustListBytes} bytes.`,
  request: {
    body: { content: { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } } },
  },
  responses: {
    200: jsonAnswer(
      'The list is in force',
      z.object({
        version: z.int(),
        digest: z.string(),
        expires_at: timeSchema,
        changed: z.boolean(),
        warnings: z.array(z.string()),
      }),
    ),
  },
});

const versionsRoute = createRoute({
  method: 'get',
  path: '/api/trust/versions',
  tags: ['trust'],
  summary: 'The history of trust lists',
  responses: {
    200: jsonAnswer(
      'Every list ever imported, newest first',
      z.object({
        versions: z.array(
          z.object({
            version: z.int(),
            digest: z.string(),
            issued_at: timeSchema,
            expires_at: timeSchema,
            imported_at: timeSchema,
            changes_roots: z.boolean(),
          }),
        ),
      }),
    ),
  },
});

const versionRoute = createRoute({
  method: 'get',
  path: '/api/trust/versions/{version}',
  tags: ['trust'],
  summary: 'A trust list that was once imported',
  request: { params: z.object({ version: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) }) },
  responses: { 200: jsonAnswer('The list with its signatures, as canonical bytes', z.unknown()) },
});

function addSigningKeyRoutes(router: OpenAPIHono<AppEnv>, dependencies: TrustRouteDependencies): void {
  const { database, now } = dependencies;
  const listRoute = createRoute({
    method: 'get',
    path: '/api/signing-keys',
    tags: ['trust'],
    summary: 'The signing keys of the server',
    responses: { 200: jsonAnswer('The server keys', z.object({ keys: z.array(signingKeySchema) })) },
  });
  router.openapi(listRoute, async (c) => {
    const trust = await readTrustInForce(database.query, c.var.organisation.id);
    const rows = await listSigningKeys(database.query, c.var.organisation.id);
    return c.json({ keys: rows.map((row) => formatKey(row, trust, now())) }, 200);
  });
  router.openapi(createKeyRoute, async (c) => {
    const { scope, label } = c.req.valid('json');
    const row = await createSigningKey(dependencies, callerOf(c.var), { scope: parseScope(scope), label });
    return c.json(formatKey(row, undefined, now()), 201);
  });
  const show = async (row: SigningKeyRow) => {
    const trust = await readTrustInForce(database.query, row.organisation_id);
    return formatKey(row, trust, now());
  };
  const acts = { activate: activateSigningKey, retire: retireSigningKey } as const;
  for (const verb of ['activate', 'retire'] as const) {
    router.openapi(keyActRoute(verb), async (c) =>
      c.json(await show(await acts[verb](dependencies, callerOf(c.var), c.req.valid('param').key_id)), 200),
    );
  }
  router.openapi(revokeKeyRoute, async (c) => {
    const { countAttempt } = c.var;
    await confirmRevoker(dependencies, callerOf(c.var), { proof: c.req.valid('json'), countAttempt });
    return c.json(await show(await revokeSigningKey(dependencies, callerOf(c.var), c.req.valid('param').key_id)), 200);
  });
}

const createKeyRoute = createRoute({
  method: 'post',
  path: '/api/signing-keys',
  tags: ['trust'],
  summary: 'Make a signing key',
  request: { body: jsonBody(z.object({ scope: signingScopeSchema.default('*'), label: lineSchema(100) })) },
  responses: { 201: jsonAnswer('The key is made and sealed', signingKeySchema) },
});

const keyActSummaries = {
  activate: 'Make a signing key the active one of its scope',
  retire: 'Take a signing key out of use',
} as const;

function keyActRoute(verb: keyof typeof keyActSummaries) {
  return createRoute({
    method: 'post',
    path: `/api/signing-keys/{key_id}/${verb}`,
    tags: ['trust'],
    summary: keyActSummaries[verb],
    request: { params: z.object({ key_id: keyIdSchema }) },
    responses: { 200: jsonAnswer('The key as it is now', signingKeySchema) },
  });
}

const revokeKeyRoute = createRoute({
  ...{ method: 'post', path: '/api/signing-keys/{key_id}/revoke', tags: ['trust'] },
  summary: 'Mark a signing key as never to be used again',
  description: 'A person proves again who they are; programs send no body.',
  request: {
    params: z.object({ key_id: keyIdSchema }),
    // Not required: without a body nothing is proven, which is enough for programs alone.
    body: { content: { 'application/json': { schema: z.object(proofShape) } } },
  },
  responses: { 200: jsonAnswer('The key as it is now', signingKeySchema) },
});

function formatKey(row: SigningKeyRow, trust: VerifiedTrustList | undefined, now: number) {
  const listed = trust?.validKeys.find(({ key }) => key.keyId === row.key_id);
  return {
    key_id: row.key_id,
    pubkey_b64: row.pubkey_b64,
    scope: row.scope,
    label: row.label,
    state: row.state,
    custody: 'server' as const,
    in_trust_list: isInTrustList(row, trust, now),
    ...formatWindow(listed),
    created_at: formatTime(row.created_at),
  };
}

/** Canonical text exactly as it was signed: some deployed clients re-serialise what they receive. */
function signedAnswer(
  c: { body(data: Uint8Array<ArrayBuffer>, status: 200, headers: Record<string, string>): Response },
  text: string,
) {
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=60' };
  return c.body(encodeText(text), 200, headers) as never;
}
