/** HTTP of the push plane's keys: the push key of the organisation, and the certificates of its channel keys. */
import { createHash } from 'node:crypto';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { isMatch } from '../../http/entity-tag.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../../http/router.ts';
import type { PushKeyTable } from '../../storage/tables/push.ts';
import { readerOf } from '../channels/access.ts';
import { formatKeys } from '../hub/framing.ts';
import { notVouched } from '../log/sequencer.ts';
import type { Push } from '../push.ts';
import { type PushKeyParts, readPushIdentity, rotatePushKey } from './push-key.ts';
import type { KeyHolder } from './session-keys.ts';

const keySchema = z
  .object({
    key_id: z.string(),
    pubkey_b64: z.string(),
    label: z.string(),
    state: z.enum(['waiting', 'active', 'retired']),
    created_at: timeSchema,
  })
  .openapi('PushKey');

const identityRoute = createRoute({
  method: 'get',
  path: '/api/push/identity',
  tags: ['push'],
  summary: 'The push key of the organisation, which belongs into `push_keys` of its trust list',
  description: 'The first request makes the key, which takes an open vault.',
  responses: {
    200: jsonAnswer(
      'The key in force and the one that waits for a trust list; `vouched`: the trust list in force names the first',
      z.object({ active: keySchema.nullable(), waiting: keySchema.nullable(), vouched: z.boolean() }),
    ),
  },
});

const rotateRoute = createRoute({
  method: 'post',
  path: '/api/push/identity/rotate',
  tags: ['push'],
  summary: 'Make the next push key; it takes over with the trust list that names it',
  responses: { 201: jsonAnswer('The key that waits', keySchema) },
});

const certificatesRoute = createRoute({
  method: 'get',
  path: '/api/push/keys',
  tags: ['push'],
  summary: 'The keys that frames are signed with, each certified by a push key of the trust list',
  responses: {
    200: jsonAnswer('The key in use first, then the next one', z.object({ channel_keys: z.array(z.unknown()) })),
  },
});

const sessionKeyRoute = createRoute({
  method: 'post',
  path: '/api/push/keys',
  tags: ['push'],
  summary: 'A key for frames that the caller sends: HMAC-SHA-256, ten minutes, in memory only',
  responses: {
    201: jsonAnswer(
      'The secret, in base64, is told once',
      z.object({
        kid: z.string(),
        secret: z.string(),
        algorithm: z.literal('sha256'),
        channels: z.array(z.string()),
        expiresAt: timeSchema,
      }),
    ),
  },
});

/** `/api/push/identity` and `/api/push/keys`. */
export function keyRoutes({
  push,
  ...parts
}: PushKeyParts & { readonly push: Pick<Push, 'keys' | 'sessionKeys' | 'metrics'> }): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(identityRoute, async (c) => {
    const { active, waiting, vouched } = await readPushIdentity(parts, c.var.organisation.id);
    return c.json(
      { active: active ? describe(active) : null, waiting: waiting ? describe(waiting) : null, vouched },
      200,
    );
  });
  router.openapi(rotateRoute, async (c) => c.json(describe(await rotatePushKey(parts, callerOf(c.var))), 201));
  router.openapi(certificatesRoute, async (c) => {
    const certificates = await push.keys.listCertificates(c.var.organisation.id);
    if (certificates.length === 0) throw notVouched();
    const text = formatKeys(certificates);
    const etag = `"${createHash('sha256').update(text).digest('base64url')}"`;
    const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=30', ETag: etag };
    if (isMatch(c.req.header('if-none-match') ?? '', etag)) return c.body(null, 304, headers) as never;
    return c.body(text, 200, headers) as never;
  });
  router.openapi(sessionKeyRoute, async (c) => {
    const { kid, secret, channels, expiresAt } = await push.metrics.countKey(async () =>
      push.sessionKeys.issue(callerOf(c.var), holderOf(c.var)),
    );
    const until = formatTime(expiresAt);
    return c.json({ kid, secret, algorithm: 'sha256' as const, channels: [...channels], expiresAt: until }, 201);
  });
  return router;
}

/** Throws `forbidden` for a client certificate, whose end nobody watches here. */
function holderOf({ organisation, principal }: Pick<AppEnv['Variables'], 'organisation' | 'principal'>): KeyHolder {
  const reader = readerOf(principal, '').principal;
  if (reader) return { organisationId: organisation.id, ...reader };
  throw new Refusal('forbidden', 'expected a session or an API key', { rule: 'role' });
}

function describe({ key_id, pubkey_b64, label, state, created_at }: PushKeyTable): z.input<typeof keySchema> {
  return { key_id, pubkey_b64, label, state, created_at: formatTime(created_at) };
}
