/** HTTP of submissions: handed in by authors with keys of their own, decided on by managers. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { nextSchema } from '../../http/page-schema.ts';
import { createRouter, fileBody, jsonAnswer, jsonBody } from '../../http/router.ts';
import { localeMapSchema, textSchema } from '../../http/text-schema.ts';
import type { PublishingParts } from '../../releases/gate/judge.ts';
import { activateRelease } from '../../releases/lifecycle/activation.ts';
import { answerPiece, formatUpload, uploadSchema } from '../../releases/uploads/routes.ts';
import { readUpload, type UploadDependencies } from '../../releases/uploads/upload.ts';
import { cutPage } from '../../storage/pages.ts';
import { requireCollection } from '../collections/collection.ts';
import { proposalSchema } from '../members/change.ts';
import {
  formatShownSubmission,
  formatSubmission,
  shownSubmissionSchema as plainShownSchema,
  submissionSchema as plainSubmissionSchema,
  stateSchema,
} from './format.ts';
import {
  approveSubmission,
  type ReviewParts,
  refuseSubmission,
  requireSubmission,
  type SubmissionName,
  withdrawSubmission,
} from './review.ts';
import { findChangelog, listSubmissions, type NamedSubmission } from './store.ts';
import { type SubmissionWish, submit } from './submission.ts';
import { findReach, requireSubmitter } from './submitter.ts';

/** What the routes of submissions need. */
export interface SubmissionRouteParts extends UploadDependencies, ReviewParts, PublishingParts {
  /** Called after each commit that changes what an organisation publishes. */
  readonly published: (organisationId: string) => void;
}

const maxListed = 100;
const submissionSchema = plainSubmissionSchema.openapi('Submission');
const shownSubmissionSchema = plainShownSchema.openapi('ShownSubmission');

const wishSchema = z.strictObject({
  module: z.string().max(50),
  version: z.string().max(64),
  name: z.string().max(128),
  platform: z.string().max(40).optional(),
  size_bytes: z.int().min(1),
  sha256: z.string().max(64).optional(),
  changelog: localeMapSchema(60_000).optional(),
  facts: proposalSchema.optional(),
  author: z
    .strictObject({ counter: z.int().min(1), pubkey_b64: z.string().max(44), sig: z.string().max(88) })
    .optional(),
});
const approvalSchema = z.strictObject({
  note: textSchema(4_000).optional(),
  accept_author_key: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  activate: z.boolean().optional(),
});
const activationSchema = z.discriminatedUnion('state', [
  z.object({ state: z.literal('active'), counter: z.int(), key_id: z.string() }),
  z.object({ state: z.literal('refused'), rule: z.string(), message: z.string(), hint: z.string() }),
]);
const collectionParams = z.object({ collection: z.string().max(50) });
const submissionParams = collectionParams.extend({ id: z.uuid() });

/** The routes of submissions. */
export function submissionRoutes(parts: SubmissionRouteParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  addAuthorRoutes(router, parts);
  addReadingRoutes(router, parts);
  addReviewRoutes(router, parts);
  return router;
}

function addAuthorRoutes(router: OpenAPIHono<AppEnv>, parts: SubmissionRouteParts): void {
  const { query } = parts.database;
  router.openapi(submitRoute, async (c) => {
    const collection = await requireCollection(query, c.var.organisation.id, c.req.valid('param').collection);
    const submitter = await requireSubmitter(query, c.var, collection);
    const { id } = await submit(parts, submitter, { collection, wish: parseWish(c.req.valid('json')) });
    const row = await requireSubmission(query, { reach: { collectionId: collection.id }, id });
    return c.json({ ...(await formatSubmission(row, collection.slug)), offset: 0 }, 201);
  });
  router.openapi(sendRoute, async (c) => {
    const { row } = await findNamed(parts, c, c.req.valid('param'));
    const name = { slug: row.slug, id: row.upload_id };
    return answerPiece(parts, c, { name, offset: c.req.valid('query').offset });
  });
  router.openapi(showUploadRoute, async (c) => {
    const { row } = await findNamed(parts, c, c.req.valid('param'));
    const state = await readUpload(parts, callerOf(c.var), { slug: row.slug, id: row.upload_id });
    return c.json(await formatUpload(parts, state), 200);
  });
  router.openapi(withdrawRoute, async (c) => {
    const { name, collection } = await findNamed(parts, c, c.req.valid('param'));
    const row = await withdrawSubmission(parts, callerOf(c.var), name);
    return c.json(await formatSubmission(row, collection), 200);
  });
}

function addReadingRoutes(router: OpenAPIHono<AppEnv>, { database: { query } }: SubmissionRouteParts): void {
  router.openapi(listRoute, async (c) => {
    const collection = await requireCollection(query, c.var.organisation.id, c.req.valid('param').collection);
    const { state, before } = c.req.valid('query');
    const reach = await findReach(query, c.var, collection);
    const filter = { states: state === undefined ? undefined : [state], before, limit: maxListed + 1 };
    const found = await listSubmissions(query, reach, filter);
    const { rows, next } = cutPage(found, { limit: maxListed }, ({ id }) => id);
    const submissions = await Promise.all(rows.map((row) => formatSubmission(row, collection.slug)));
    return c.json({ submissions, next }, 200);
  });
  router.openapi(showRoute, async (c) => {
    const { row, collection } = await findNamed({ database: { query } }, c, c.req.valid('param'));
    const changelog = await findChangelog(query, row);
    return c.json(await formatShownSubmission(row, { collection, changelog }), 200);
  });
}

function addReviewRoutes(router: OpenAPIHono<AppEnv>, parts: SubmissionRouteParts): void {
  router.openapi(refuseRoute, async (c) => {
    const { name, collection } = await findNamed(parts, c, c.req.valid('param'));
    const row = await refuseSubmission(parts, callerOf(c.var), { name, reason: c.req.valid('json').reason });
    return c.json(await formatSubmission(row, collection), 200);
  });
  router.openapi(approveRoute, async (c) => {
    const { name, collection } = await findNamed(parts, c, c.req.valid('param'));
    const { note, accept_author_key: acceptAuthorKey, activate = false } = c.req.valid('json');
    if (activate) assertMayActivate(c.var.principal);
    const approval = { collection, note, acceptAuthorKey };
    const row = await approveSubmission(parts, callerOf(c.var), { name, approval });
    const activation = activate ? await tryActivation(parts, c, row) : null;
    parts.published(c.var.organisation.id);
    return c.json({ ...(await formatSubmission(row, collection)), activation }, 200);
  });
}

/** As on the route of activations: whoever may only manage does not publish by the way. */
function assertMayActivate(principal: AppEnv['Variables']['principal']): void {
  if (principal.kind === 'person' || ('verbs' in principal && principal.verbs.includes('activate'))) return;
  throw new Refusal('forbidden', 'expected a key that may activate', {
    rule: 'role',
    hint: 'approve without activate; a person, or a key for it, activates the release',
  });
}

/** The approval stands whatever comes of it: what is in the way of the activation can be cleared and tried again. */
async function tryActivation(
  parts: SubmissionRouteParts,
  c: Context<AppEnv>,
  { slug, version }: NamedSubmission,
): Promise<z.infer<typeof activationSchema>> {
  try {
    const { counter, keyId } = await activateRelease(parts, callerOf(c.var), { slug, version });
    return { state: 'active', counter, key_id: keyId };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { message, rule = error.code, hint = '' } = error;
    return { state: 'refused', rule, message, hint };
  }
}

/** The submission that a path names, if whoever asks may see it. */
async function findNamed(
  { database: { query } }: { readonly database: Pick<SubmissionRouteParts['database'], 'query'> },
  c: Context<AppEnv>,
  { collection: slug, id }: z.infer<typeof submissionParams>,
): Promise<{ readonly collection: string; readonly name: SubmissionName; readonly row: NamedSubmission }> {
  const collection = await requireCollection(query, c.var.organisation.id, slug);
  const name = { reach: await findReach(query, c.var, collection), id };
  return { collection: slug, name, row: await requireSubmission(query, name) };
}

function parseWish({ module, facts, author, ...file }: z.infer<typeof wishSchema>): SubmissionWish {
  const { version, name, platform, sha256, changelog, size_bytes: sizeBytes } = file;
  const upload = {
    ...{ version, name, sizeBytes },
    ...(platform === undefined ? {} : { platform }),
    ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }),
    ...(changelog === undefined ? {} : { changelog }),
  };
  return { module, upload, facts, author: author && parseSignature(author) };
}

function parseSignature({ counter, pubkey_b64: pubkeyB64, sig }: NonNullable<z.infer<typeof wishSchema>['author']>) {
  return { counter, pubkeyB64, sig };
}

const tags = ['modules'];
const base = '/api/modules/{collection}/submissions';
const submitRoute = createRoute({
  method: 'post',
  path: '/api/modules/{collection}/submit',
  tags,
  summary: 'Hand in a version of a module; a module that is not there is proposed with it',
  request: { params: collectionParams, body: jsonBody(wishSchema) },
  responses: { 201: jsonAnswer('Send the bytes to its upload', submissionSchema.extend({ offset: z.int() })) },
});
const sendRoute = createRoute({
  method: 'put',
  path: `${base}/{id}/upload`,
  tags,
  summary: 'Send bytes of a submission; after the last one the inspection begins',
  description: 'The body is the file from `offset` on. A 409 says in `offset` where to go on.',
  request: {
    params: submissionParams,
    query: z.object({ offset: z.coerce.number().int().min(0) }),
    body: fileBody,
  },
  responses: { 200: jsonAnswer('What has come', uploadSchema) },
});
const showUploadRoute = createRoute({
  method: 'get',
  path: `${base}/{id}/upload`,
  tags,
  summary: 'How far the upload of a submission is',
  request: { params: submissionParams },
  responses: { 200: jsonAnswer('The upload', uploadSchema) },
});
const withdrawRoute = createRoute({
  method: 'post',
  path: `${base}/{id}/withdraw`,
  tags,
  summary: 'Take a submission back that nobody has decided on',
  request: { params: submissionParams },
  responses: { 200: jsonAnswer('The submission', submissionSchema) },
});
const listRoute = createRoute({
  method: 'get',
  path: base,
  tags,
  summary: 'Submissions: an author’s own, and to managers all',
  request: {
    params: collectionParams,
    query: z.object({ state: stateSchema.optional(), before: z.uuid().optional() }),
  },
  responses: {
    200: jsonAnswer(
      `The newest first, at most ${maxListed}`,
      z.object({ submissions: z.array(submissionSchema), next: nextSchema }),
    ),
  },
});
const showRoute = createRoute({
  method: 'get',
  path: `${base}/{id}`,
  tags,
  summary: 'One submission, with what its author, its inspection and its reviewer say',
  request: { params: submissionParams },
  responses: { 200: jsonAnswer('The submission', shownSubmissionSchema) },
});
const refuseRoute = createRoute({
  method: 'post',
  path: `${base}/{id}/refuse`,
  tags,
  summary: 'Refuse a submission, with a reason for its author',
  request: { params: submissionParams, body: jsonBody(z.strictObject({ reason: textSchema(4_000).min(1) })) },
  responses: { 200: jsonAnswer('The submission', submissionSchema) },
});
const approveRoute = createRoute({
  method: 'post',
  path: `${base}/{id}/approve`,
  tags,
  summary: 'Approve a submission, so that its release can be activated; or activate it at once',
  request: { params: submissionParams, body: jsonBody(approvalSchema) },
  responses: {
    200: jsonAnswer('The submission', submissionSchema.extend({ activation: activationSchema.nullable() })),
  },
});
