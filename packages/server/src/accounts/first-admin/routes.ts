/** HTTP of what a stranger may know before signing in, and of the first admin. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { AppEnv } from '../../http/context.ts';
import { passwordSchema } from '../../http/proof-schema.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import type { FactorParts } from '../factors/parts.ts';
import { relyingPartyOf } from '../factors/relying-party.ts';
import { findOrganisation } from '../store.ts';
import { type FirstAdminParts, isFirstAdminAwaited, makeFirstAdmin } from './first-admin.ts';

const tags = ['accounts'];

const offerSchema = z
  .object({
    organisation: z.object({ slug: z.string(), name: z.string() }),
    password: z.literal(true),
    passkey: z
      .object({ relying_party: z.string(), origin: z.string() })
      .nullable()
      .openapi({ description: 'Where passkeys count; null where browsers know none for this server.' }),
    second_factor: z.enum(['optional', 'required']),
    vault: z.enum(['absent', 'locked', 'unlocked']),
    first_admin: z
      .enum(['awaited', 'made'])
      .openapi({ description: '`awaited`: whoever has the link of `signpost init` makes the first admin.' }),
  })
  .openapi('SignInOffer');

const offerRoute = createRoute({
  method: 'get',
  path: '/api/sign-in',
  tags,
  summary: 'How one signs in here; says nothing of anybody',
  responses: { 200: jsonAnswer('What is offered to everybody alike.', offerSchema) },
});

const firstAdminRoute = createRoute({
  method: 'post',
  path: '/api/first-admin',
  tags,
  summary: 'Make the first admin, by the token of the link that `signpost init` printed',
  description:
    'With `master_password` where there is no vault yet (`GET /api/sign-in` says so). Once, and never again.',
  request: {
    body: jsonBody(
      z.strictObject({
        token: z.string().min(1).max(100),
        email: z.email().max(254),
        name: lineSchema(200),
        password: passwordSchema,
        master_password: passwordSchema.optional(),
      }),
    ),
  },
  responses: {
    201: jsonAnswer(
      'The admin, who logs in next.',
      z.object({ id: z.uuid(), email: z.string(), name: z.string(), created_at: timeSchema }),
    ),
  },
});

/** The routes before anybody has signed in. */
export function firstAdminRoutes(parts: FirstAdminParts & FactorParts): OpenAPIHono<AppEnv> {
  const { database, vault, now } = parts;
  const router = createRouter();
  router.openapi(offerRoute, async (c) => {
    const organisation = await findOrganisation(database.query, c.var.organisation.id);
    const party = relyingPartyOf(parts.config);
    const isAwaited = await isFirstAdminAwaited(database, now());
    const offer = {
      organisation: { slug: c.var.organisation.slug, name: organisation?.name ?? '' },
      password: true,
      passkey: party ? { relying_party: party.id, origin: party.origin } : null,
      second_factor: organisation?.second_factor ?? 'optional',
      vault: vault.state,
      first_admin: isAwaited ? 'awaited' : 'made',
    } as const;
    return c.json(offer, 200);
  });
  router.openapi(firstAdminRoute, async (c) => {
    const { master_password: masterPassword, ...wanted } = c.req.valid('json');
    const member = await makeFirstAdmin(parts, c.var.organisation.id, { ...wanted, masterPassword });
    const { id, email, name, created_at } = member;
    return c.json({ id, email, name, created_at: formatTime(created_at) }, 201);
  });
  return router;
}
