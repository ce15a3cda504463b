/** HTTP of uploads. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { answerProblem } from '../../http/problem.ts';
import { readRawBody } from '../../http/raw-body.ts';
import { createRouter, fileBody, jsonAnswer, jsonBody } from '../../http/router.ts';
import { localeMapSchema } from '../../http/text-schema.ts';
import { findArtifact } from './store.ts';
import {
  cancelUpload,
  createUpload,
  readUpload,
  receiveUpload,
  type UploadDependencies,
  type UploadName,
  type UploadRequest,
  type UploadState,
} from './upload.ts';

const createSchema = z.object({
  version: z.string().max(64),
  channel: z.string().max(30).optional(),
  name: z.string().max(128),
  platform: z.string().max(40).optional(),
  size_bytes: z.int().min(1),
  sha256: z.string().max(64).optional(),
  changelog: localeMapSchema(60_000).optional(),
});
/** An upload on the wire. */
export const uploadSchema = z
  .object({
    id: z.string(),
    state: z.enum(['receiving', 'inspecting', 'accepted', 'refused']),
    stage: z.enum(['type', 'archive', 'scan', 'store']).nullable(),
    progress: z.int().min(0).max(1000),
    offset: z.int(),
    size_bytes: z.int(),
    refusal: z.object({ rule: z.string(), message: z.string(), hint: z.string() }).optional(),
    release: z.object({ version: z.string() }).optional(),
    artifact: z.object({ name: z.string(), media_type: z.string(), sha256: z.string() }).optional(),
  })
  .openapi('Upload');
const slugSchema = z.object({ slug: z.string().max(50) });
const nameSchema = slugSchema.extend({ id: z.string().max(64) });
const tags = ['uploads'];
const base = '/api/projects/{slug}/uploads';

/** The routes of uploads. */
export function uploadRoutes(dependencies: UploadDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(createUploadRoute, async (c) => {
    const place = { slug: c.req.valid('param').slug, request: parseRequest(c.req.valid('json')) };
    return c.json(await formatUpload(dependencies, await createUpload(dependencies, callerOf(c.var), place)), 201);
  });
  router.openapi(receiveRoute, async (c) => {
    const name = c.req.valid('param');
    return answerPiece(dependencies, c, { name, offset: c.req.valid('query').offset });
  });
  router.openapi(showRoute, async (c) => {
    const state = await readUpload(dependencies, callerOf(c.var), c.req.valid('param'));
    return c.json(await formatUpload(dependencies, state), 200);
  });
  router.openapi(cancelRoute, async (c) => {
    await cancelUpload(dependencies, callerOf(c.var), c.req.valid('param'));
    return c.body(null, 204);
  });
  return router;
}

/** Takes the bytes of a request from `offset` on; a 409 says where to go on. */
export async function answerPiece(
  dependencies: UploadDependencies,
  c: Context<AppEnv>,
  { name, offset }: { readonly name: UploadName; readonly offset: number },
): Promise<ReturnType<typeof c.json<z.infer<typeof uploadSchema>, 200>>> {
  try {
    const state = await receiveUpload(dependencies, callerOf(c.var), { name, offset, body: readRawBody(c) });
    return c.json(await formatUpload(dependencies, state), 200);
  } catch (error) {
    if (!(error instanceof Refusal) || error.rule !== 'upload-offset') throw error;
    const state = await readUpload(dependencies, callerOf(c.var), name);
    // The status of a problem is not known to the types of the route.
    return answerProblem(c, error, { log: dependencies.log, members: { offset: state.offset } }) as never;
  }
}

const createUploadRoute = createRoute({
  method: 'post',
  path: base,
  tags,
  summary: 'Announce a file',
  request: { params: slugSchema, body: jsonBody(createSchema) },
  responses: { 201: jsonAnswer('Send the bytes to it', uploadSchema) },
});
const receiveRoute = createRoute({
  method: 'put',
  path: `${base}/{id}`,
  tags,
  summary: 'Send bytes; after the last one the inspection begins',
  description: 'The body is the file from `offset` on. A 409 says in `offset` where to go on.',
  request: { params: nameSchema, query: z.object({ offset: z.coerce.number().int().min(0) }), body: fileBody },
  responses: { 200: jsonAnswer('What has come', uploadSchema) },
});
const showRoute = createRoute({
  method: 'get',
  path: `${base}/{id}`,
  tags,
  summary: 'How far an upload is',
  request: { params: nameSchema },
  responses: { 200: jsonAnswer('The upload', uploadSchema) },
});
const cancelRoute = createRoute({
  method: 'delete',
  path: `${base}/{id}`,
  tags,
  summary: 'Give an upload up',
  request: { params: nameSchema },
  responses: { 204: { description: 'Nothing of it is kept' } },
});

function parseRequest(body: z.infer<typeof createSchema>): UploadRequest {
  const { version, channel, name, platform, sha256, changelog } = body;
  return {
    ...{ version, name, sizeBytes: body.size_bytes },
    ...(channel === undefined ? {} : { channel }),
    ...(platform === undefined ? {} : { platform }),
    ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }),
    ...(changelog === undefined ? {} : { changelog }),
  };
}

/** An upload as `uploadSchema` has it. */
export async function formatUpload(
  { database }: UploadDependencies,
  { row, offset }: UploadState,
): Promise<z.infer<typeof uploadSchema>> {
  const artifact = row.artifact_id === null ? undefined : await findArtifact(database.query, row.artifact_id);
  return {
    ...{ id: row.id, state: row.state, progress: row.progress, offset, size_bytes: row.size_bytes },
    stage: row.stage as z.infer<typeof uploadSchema>['stage'],
    ...(row.refusal === null ? {} : { refusal: JSON.parse(row.refusal) }),
    ...(artifact === undefined
      ? {}
      : {
          release: { version: row.version },
          artifact: { name: artifact.name, media_type: artifact.media_type, sha256: artifact.sha256 },
        }),
  };
}
