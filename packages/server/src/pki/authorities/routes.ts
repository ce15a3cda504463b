/** HTTP of authorities: made, certified, rolled over and ended. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { encodePem } from '@signpost/protocol/asn1/pem';
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { confirmRevoker, type StepUpParts } from '../../accounts/step-up.ts';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { proofShape } from '../../http/proof-schema.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import { keyLabels } from '../profiles/key-label.ts';
import { profileNamePattern } from '../profiles/profile.ts';
import { type AuthorityParts, authorityNamePattern } from './authority.ts';
import { createIntermediate } from './create-intermediate.ts';
import { createRoot } from './create-root.ts';
import {
  type AuthorityDescription,
  describeAuthorities,
  describeAuthority,
  listAuthorityChains,
} from './description.ts';
import { authorityRevocationReasons, listConsequences, retireAuthority, revokeAuthority } from './end.ts';
import { importAuthority } from './import-authority.ts';
import { importCertificate } from './import-certificate.ts';
import { maxPemCharacters } from './key-material.ts';
import { crossSign, readRequest, renewAuthority } from './renew.ts';
import type { AuthorityRow } from './store.ts';
import { rekeyAuthority, setSuccessor } from './succession.ts';

const nameSchema = z.string().regex(authorityNamePattern, 'expected 1 to 63 of a-z, 0-9 and -');
const paramsSchema = z.object({ authority: nameSchema });
const daysSchema = z.int().min(1).max(36_600).optional();
const passphraseSchema = z.string().max(1024).openapi({ format: 'password' });
const pathLengthSchema = z.int().min(0).max(20).optional();
const pemSchema = z.string().max(maxPemCharacters);
const constraintsSchema = z
  .strictObject({
    permitted: z.array(z.string().max(260)).max(100).default([]),
    excluded: z.array(z.string().max(260)).max(100).default([]),
  })
  .optional()
  .openapi({ example: { permitted: ['dns:example.com', 'ip:10.0.0.0/8'], excluded: [] } });

const certificateSchema = z
  .object({
    id: z.string(),
    serial: z.string(),
    issuer: z.string().nullable(),
    fingerprint_sha256: z.string(),
    not_before: timeSchema,
    not_after: timeSchema,
    state: z.enum(['valid', 'held', 'revoked']),
    profile: z.string(),
    path_length: z.int().nullable(),
    pem: z.string(),
  })
  .openapi('AuthorityCertificate');
const authoritySchema = z
  .object({
    name: z.string(),
    kind: z.enum(['root', 'intermediate']),
    custody: z.enum(['dual', 'server', 'offline']),
    state: z.enum(['pending', 'active', 'retired', 'revoked']),
    parent: z.string().nullable(),
    successor: z.string().nullable(),
    subject: z.string(),
    key_type: z.string(),
    key_id: z.string(),
    not_after: timeSchema.nullable(),
    request: z.string().nullable(),
    crl_url: z.string().nullable().openapi({ description: 'Where its revocation list is found' }),
    issuer_url: z.string().nullable().openapi({ description: 'Where its certificate is found' }),
    certificates: z.array(certificateSchema),
    created_at: timeSchema,
    ended_at: timeSchema.nullable(),
  })
  .openapi('Authority');

const newAuthoritySchema = {
  name: nameSchema,
  subject: z.record(z.string().max(30), lineSchema(255)).openapi({ example: { O: 'Example', CN: 'Example Root CA' } }),
  key_type: z.enum(keyLabels).default('ecdsa-p256'),
  days: daysSchema,
  path_length: pathLengthSchema,
};
const createSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('root'), ...newAuthoritySchema, passphrase: passphraseSchema }),
  z.strictObject({
    kind: z.literal('intermediate'),
    ...newAuthoritySchema,
    parent: nameSchema,
    profile: z
      .string()
      .regex(profileNamePattern)
      .default('intermediate')
      .openapi({ description: 'Of the kind intermediate' }),
    passphrase: passphraseSchema.optional(),
    name_constraints: constraintsSchema,
  }),
]);

/** The routes of authorities. */
export function authorityRoutes(parts: AuthorityParts & StepUpParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addReadRoutes(router, parts);
  addCreateRoutes(router, parts);
  addImportRoutes(router, parts);
  addCertifyRoutes(router, parts);
  addSuccessionRoutes(router, parts);
  addEndRoutes(router, parts);
  return router;
}

function addReadRoutes(router: OpenAPIHono<AppEnv>, parts: AuthorityParts): void {
  router.openapi(listRoute, async (c) => {
    const authorities = await describeAuthorities(parts, c.var.organisation.id);
    return c.json({ authorities: authorities.map(format) }, 200);
  });
  router.openapi(showRoute, async (c) => {
    const { authority } = c.req.valid('param');
    return c.json(format(await describeAuthority(parts, c.var.organisation.id, authority)), 200);
  });
  router.openapi(chainsRoute, async (c) => {
    const { authority } = c.req.valid('param');
    const chains = await listAuthorityChains(parts, c.var.organisation.id, authority);
    const texts = chains.map((chain) => chain.map(({ certificate }) => encodePem('CERTIFICATE', certificate.bytes)));
    return c.json({ chains: texts.map((pems) => pems.join('')) }, 200);
  });
  router.openapi(consequencesRoute, async (c) => {
    const { authority } = c.req.valid('param');
    const { authorities, certificates } = await listConsequences(parts, c.var.organisation.id, authority);
    return c.json({ authorities: [...authorities], certificates }, 200);
  });
}

function addCreateRoutes(router: OpenAPIHono<AppEnv>, parts: AuthorityParts): void {
  router.openapi(postRoute('', 'Make a root or an intermediate', { body: createSchema }), async (c) => {
    const body = c.req.valid('json');
    const { name, subject, key_type: keyType, days, path_length: pathLength, passphrase } = body;
    const wish = { name, subject, keyType, days, pathLength };
    const row =
      body.kind === 'root'
        ? await createRoot(parts, callerOf(c.var), { ...wish, passphrase: body.passphrase })
        : await createIntermediate(parts, callerOf(c.var), {
            ...{
              ...wish,
              passphrase,
              parent: body.parent,
              profile: body.profile,
              nameConstraints: body.name_constraints,
            },
          });
    return c.json(await show(parts, row), 201);
  });
}

function addImportRoutes(router: OpenAPIHono<AppEnv>, parts: AuthorityParts): void {
  router.openapi(postRoute('/import', 'Take an authority over with its key', { body: importSchema }), async (c) => {
    const { pkcs12_b64: pkcs12, ...given } = c.req.valid('json');
    const row = await importAuthority(parts, callerOf(c.var), {
      ...given,
      ...(pkcs12 !== undefined && { pkcs12: decodeFile(pkcs12) }),
    });
    return c.json(await show(parts, row), 201);
  });
  router.openapi(
    postRoute('/import-certificate', 'Take in a certificate that was signed elsewhere', {
      body: z.strictObject({ pem: pemSchema, name: nameSchema.optional() }),
    }),
    async (c) => {
      const { pem, name } = c.req.valid('json');
      const row = await importCertificate(parts, callerOf(c.var), { pem, ...(name !== undefined && { name }) });
      return c.json(await show(parts, row), 201);
    },
  );
}

const importSchema = z.strictObject({
  name: nameSchema,
  pem: pemSchema.optional(),
  pkcs12_b64: z.string().max(700_000).optional(),
  password: passphraseSchema.optional(),
  passphrase: passphraseSchema.optional(),
});

function decodeFile(base64: string): Uint8Array<ArrayBuffer> {
  try {
    return parseBase64(base64);
  } catch (cause) {
    throw new Refusal('invalid', 'pkcs12_b64: expected base64', { rule: 'schema', cause });
  }
}

function addCertifyRoutes(router: OpenAPIHono<AppEnv>, parts: AuthorityParts): void {
  const asked = { params: paramsSchema } as const;
  const opening = { passphrase: passphraseSchema.optional() };
  const request = z.object({ request: z.string() });
  router.openapi(
    createRoute({
      ...{ method: 'post', path: '/api/authorities/{authority}/request', tags },
      summary: 'The request for a certificate that somebody else signs',
      request: { ...asked, body: jsonBody(z.strictObject(opening)) },
      responses: { 200: jsonAnswer('PKCS#10 in PEM', request) },
    }),
    async (c) => {
      const wish = { ...c.req.valid('param'), ...c.req.valid('json') };
      const bytes = await readRequest(parts, callerOf(c.var), wish);
      return c.json({ request: encodePem('CERTIFICATE REQUEST', bytes) }, 200);
    },
  );
  router.openapi(
    actRoute('renew', 'A new certificate for the same key', { days: daysSchema, ...opening }),
    async (c) => {
      const row = await renewAuthority(parts, callerOf(c.var), { ...c.req.valid('param'), ...c.req.valid('json') });
      return c.json(await show(parts, row), 200);
    },
  );
  const cross = { issuer: nameSchema, days: daysSchema, ...opening };
  router.openapi(actRoute('cross-sign', 'A certificate by another authority', cross), async (c) => {
    const row = await crossSign(parts, callerOf(c.var), { ...c.req.valid('param'), ...c.req.valid('json') });
    return c.json(await show(parts, row), 200);
  });
}

function addSuccessionRoutes(router: OpenAPIHono<AppEnv>, parts: AuthorityParts): void {
  const wish = {
    name: nameSchema.optional(),
    key_type: z.enum(keyLabels).optional(),
    days: daysSchema,
    passphrase: passphraseSchema.optional(),
    new_passphrase: passphraseSchema.optional(),
    later: z.boolean().optional(),
  };
  router.openapi(actRoute('rekey', 'The next generation, with a key and name of its own', wish), async (c) => {
    const { key_type: keyType, new_passphrase: newPassphrase, ...given } = c.req.valid('json');
    const rekeying = { ...c.req.valid('param'), ...given, keyType, newPassphrase };
    return c.json(await show(parts, await rekeyAuthority(parts, callerOf(c.var), rekeying)), 200);
  });
  const succession = { successor: nameSchema.nullable() };
  router.openapi(actRoute('successor', 'Let another authority issue for this one', succession), async (c) => {
    const successor = c.req.valid('json').successor ?? undefined;
    const row = await setSuccessor(parts, callerOf(c.var), { ...c.req.valid('param'), successor });
    return c.json(await show(parts, row), 200);
  });
}

function addEndRoutes(router: OpenAPIHono<AppEnv>, parts: AuthorityParts & StepUpParts): void {
  router.openapi(actRoute('retire', 'Issue nothing more; what was issued stays valid', {}), async (c) => {
    const row = await retireAuthority(parts, callerOf(c.var), c.req.valid('param').authority);
    return c.json(await show(parts, row), 200);
  });
  const revocation = {
    reason: z.enum(authorityRevocationReasons).default('unspecified'),
    invalid_from: timeSchema.optional(),
    cascade: z.boolean().default(false),
    ...proofShape,
  };
  const summary = 'Revoke an authority, with all below it on demand; a person proves again who they are';
  router.openapi(actRoute('revoke', summary, revocation), async (c) => {
    const { invalid_from: from, reason, cascade, ...proof } = c.req.valid('json');
    await confirmRevoker(parts, callerOf(c.var), { proof, countAttempt: c.var.countAttempt });
    const invalidFrom = from === undefined ? undefined : Date.parse(from);
    const wish = { ...c.req.valid('param'), reason, cascade, invalidFrom };
    return c.json(await show(parts, await revokeAuthority(parts, callerOf(c.var), wish)), 200);
  });
}

const tags = ['authorities'];
const listRoute = createRoute({
  ...{ method: 'get', path: '/api/authorities', tags },
  summary: 'All authorities',
  responses: { 200: jsonAnswer('By name', z.object({ authorities: z.array(authoritySchema) })) },
});
const showRoute = createRoute({
  ...{ method: 'get', path: '/api/authorities/{authority}', tags },
  summary: 'One authority with its certificates',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('The authority', authoritySchema) },
});
const chainsRoute = createRoute({
  ...{ method: 'get', path: '/api/authorities/{authority}/chains', tags },
  summary: 'Every chain from the authority to a root',
  request: { params: paramsSchema },
  responses: { 200: jsonAnswer('PEM, the default first', z.object({ chains: z.array(z.string()) })) },
});
const consequencesRoute = createRoute({
  ...{ method: 'get', path: '/api/authorities/{authority}/consequences', tags },
  summary: 'What revoking the authority would take with it',
  request: { params: paramsSchema },
  responses: {
    200: jsonAnswer(
      'Authorities below, and certificates of all these that are valid',
      z.object({ authorities: z.array(z.string()), certificates: z.int() }),
    ),
  },
});

function postRoute<Body extends z.ZodType>(path: '' | `/${string}`, summary: string, { body }: { body: Body }) {
  return createRoute({
    ...{ method: 'post', path: `/api/authorities${path}`, tags, summary },
    request: { body: jsonBody(body) },
    responses: { 201: jsonAnswer('The authority', authoritySchema) },
  });
}

function actRoute<Shape extends z.ZodRawShape>(verb: string, summary: string, body: Shape) {
  return createRoute({
    ...{ method: 'post', path: `/api/authorities/{authority}/${verb}`, tags, summary },
    request: { params: paramsSchema, body: jsonBody(z.strictObject(body)) },
    responses: { 200: jsonAnswer('The authority as it is now', authoritySchema) },
  });
}

async function show(parts: AuthorityParts, { organisation_id, name }: AuthorityRow) {
  return format(await describeAuthority(parts, organisation_id, name));
}

function format(authority: AuthorityDescription): z.infer<typeof authoritySchema> {
  const { keyType, keyId, crlUrl, issuerUrl, notAfter, createdAt, endedAt, certificates, ...same } = authority;
  return {
    ...{ ...same, key_type: keyType, key_id: keyId, crl_url: crlUrl, issuer_url: issuerUrl },
    not_after: notAfter === null ? null : formatTime(notAfter),
    certificates: certificates.map(({ fingerprint, notBefore, notAfter: end, pathLength, ...one }) => ({
      ...{ ...one, fingerprint_sha256: fingerprint, path_length: pathLength },
      ...{ not_before: formatTime(notBefore), not_after: formatTime(end) },
    })),
    created_at: formatTime(createdAt),
    ended_at: endedAt === null ? null : formatTime(endedAt),
  };
}
