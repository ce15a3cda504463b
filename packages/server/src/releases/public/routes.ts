/** HTTP for everybody: manifests, files and badge of a project. */
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { encodeText } from '@signpost/protocol/bytes/text';
import { channelPattern, defaultChannel } from '@signpost/protocol/updates/names';
import type { Context } from 'hono';
import { Refusal } from '../../errors.ts';
import { baseOf, cacheControlOf } from '../../http/base.ts';
import type { AppEnv } from '../../http/context.ts';
import { isMatch } from '../../http/entity-tag.ts';
import type { PreparedAnswers } from '../../http/prepared.ts';
import { createRouter, formatTime, jsonAnswer } from '../../http/router.ts';
import { isPublic, mayReadDrafts } from '../lifecycle/audience.ts';
import { requireProject } from '../projects/project.ts';
import { renderBadge } from './badge.ts';
import { encodeDetached, type FindSignature, signatureSuffix } from './detached-signature.ts';
import { type DownloadDependencies, describeOutgoing, type Outgoing, sendFile } from './download.ts';
import {
  encodeServed,
  missingOnly,
  type PublicationDependencies,
  readServedManifest,
  type ServedManifest,
} from './publication.ts';
import { findActiveVersion, findFile, listDownloads, type StoredFile } from './store.ts';

/** What the public routes need. */
export interface PublicRouteDependencies extends PublicationDependencies, DownloadDependencies {
  readonly prepared: PreparedAnswers;
  /** How clients reach the server, without a trailing slash; absent: as the request came. */
  readonly baseUrl: string | undefined;
  /** The signature, in base64, that WordPress' own updater looks for beside a file. */
  readonly findSignature?: FindSignature;
}

const slugSchema = z.object({ slug: z.string().max(50) });
const channelSchema = z.string().regex(channelPattern);
const channelQuery = z.object({ channel: channelSchema.optional() });
const fileContent = { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } };
const day = z.iso.date();

/** Routes under `/api/`: mount them with the others. */
export function publicRoutes(dependencies: PublicRouteDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const { database } = dependencies;
  router.openapi(manifestRoute, (c) =>
    answerManifest(dependencies, c, {
      ...c.req.valid('param'),
      channel: c.req.valid('query').channel ?? defaultChannel,
    }),
  );
  router.openapi(channelManifestRoute, (c) => answerManifest(dependencies, c, c.req.valid('param')));
  router.openapi(latestRoute, async (c) => {
    const { slug } = c.req.valid('param');
    const served = await readServedManifest(dependencies, c.var.organisation.id, {
      slug,
      channel: c.req.valid('query').channel ?? defaultChannel,
    });
    c.header('Cache-Control', cacheControlOf(dependencies));
    return c.json(describeLatest(served, baseOf(dependencies, c)), 200);
  });
  router.openapi(badgeRoute, async (c) => {
    const where = { slug: c.req.valid('param').slug, channel: c.req.valid('query').channel ?? defaultChannel };
    const served = await readServedManifest(dependencies, c.var.organisation.id, where).catch(missingOnly);
    return c.body(renderBadge(served?.manifest), 200, {
      'Content-Type': 'image/svg+xml',
      'Cache-Control': 'public, max-age=300',
    });
  });
  router.openapi(statisticsRoute, async (c) => {
    const project = await requireProject(database.query, c.var.organisation.id, c.req.valid('param').slug);
    const { from = '0000-01-01', to = '9999-12-31' } = c.req.valid('query');
    return c.json({ days: await listDownloads(database.query, { projectId: project.id, from, to }) }, 200);
  });
  return router;
}

/** Routes at the root, whose first segment is a project: mount them after everything else. */
export function downloadRoutes(dependencies: PublicRouteDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const { database } = dependencies;
  router.openapi(latestFileRoute, async (c) => {
    const { slug } = c.req.valid('param');
    const channel = c.req.valid('query').channel ?? defaultChannel;
    const version = await findActiveVersion(database.query, { organisationId: c.var.organisation.id, slug, channel });
    if (version === undefined) throw noSuchFile();
    return answerFile(dependencies, c, {
      file: await requireFile(dependencies, c, { slug, version }),
      immutable: false,
    });
  });
  router.openapi(mainFileRoute, async (c) =>
    answerFile(dependencies, c, { file: await requireFile(dependencies, c, c.req.valid('param')), immutable: true }),
  );
  router.openapi(fileRoute, async (c) => {
    const name = c.req.valid('param');
    const signature = name.name.endsWith(signatureSuffix) ? await findDetached(dependencies, c, name) : undefined;
    if (signature !== undefined) return c.text(encodeDetached(signature), 200, { 'Cache-Control': 'public, no-cache' });
    return answerFile(dependencies, c, { file: await requireFile(dependencies, c, name), immutable: true });
  });
  return router;
}

/** The signed bytes with a strong ETag; kept as a finished buffer for as long as they may be served. */
async function answerManifest(
  dependencies: PublicRouteDependencies,
  c: Context<AppEnv>,
  where: { slug: string; channel: string },
): Promise<never> {
  const { generation } = dependencies.prepared;
  const served = await readServedManifest(dependencies, c.var.organisation.id, where);
  const { manifest, validUntil } = served;
  const { text, size, isFinal } = await encodeServed(dependencies, c.var.organisation.id, served);
  const body = encodeText(text);
  // The same manifest with a later proof is another answer.
  const etag = `"${manifest.digest}${size === undefined ? '' : `.${size}`}"`;
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=60', ETag: etag };
  if (isFinal) keepManifest(dependencies, c, { generation, headers, etag, body, validUntil });
  if (isMatch(c.req.header('if-none-match') ?? '', etag)) return c.body(null, 304, headers) as never;
  return c.body(body, 200, headers) as never;
}

function keepManifest(
  { prepared }: PublicRouteDependencies,
  c: Context<AppEnv>,
  { generation, headers, ...answer }: KeptManifest,
): void {
  const url = new URL(c.req.url);
  prepared.keep(
    { host: url.host, target: `${url.pathname}${url.search}`, generation },
    {
      organisationId: c.var.organisation.id,
      route: 'GET /api/projects/{slug}/manifest',
      headers: Object.entries(headers),
      ...answer,
    },
  );
}

interface KeptManifest {
  readonly generation: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly validUntil: number;
}

/** Unsigned convenience: the names that older integrations read. */
function describeLatest({ manifest }: ServedManifest, base: string) {
  const time = (at: number | undefined) => (at === undefined ? null : formatTime(at));
  return {
    project: manifest.project,
    channel: manifest.channel,
    version: manifest.version,
    counter: manifest.counter,
    size_bytes: manifest.main.sizeBytes,
    sha256: manifest.main.sha256,
    url: manifest.main.url,
    download_url: `${base}${manifest.main.url}`,
    signed_at: formatTime(manifest.signedAt),
    scan_status: manifest.scan?.status ?? ('not_scanned' as const),
    scanner_name: manifest.scan?.engine ?? null,
    scanner_version: manifest.scan?.engineVersion ?? null,
    scanned_at: time(manifest.scan?.scannedAt),
    scanner_signature_date: time(manifest.scan?.signatureDate),
  };
}

/** Drafts and withdrawn releases exist for members only: maintainers look at what they are asked to sign. */
async function requireFile(
  { database }: PublicRouteDependencies,
  c: Context<AppEnv>,
  name: { slug: string; version: string; name?: string },
): Promise<StoredFile> {
  const file = await findFile(database.query, { organisationId: c.var.organisation.id, ...name });
  if (!file || !(isPublic(file.release) || mayReadDrafts(c.var.principal, name.slug))) throw noSuchFile();
  return file;
}

async function answerFile(
  dependencies: PublicRouteDependencies,
  c: Context<AppEnv>,
  { file, immutable }: { file: StoredFile; immutable: boolean },
): Promise<never> {
  const head = c.req.method === 'HEAD';
  const described = describeAnswer(c, file, { head, immutable });
  const signature = await dependencies.findSignature?.(projectOf(c), file);
  const signed = signature === undefined ? {} : { 'X-Content-Signature': signature };
  const outgoing = { ...described, headers: { ...described.headers, ...signed } };
  const { status } = outgoing.answer;
  if (head || status === 304) return c.body(null, status, { ...outgoing.headers }) as never;
  // Past Hono, straight to the socket, where the headers of all answers are already.
  await sendFile(dependencies, file, { outgoing, to: c.env.outgoing });
  return RESPONSE_ALREADY_SENT as never;
}

/** `FILE.sig`, where WordPress looks without the header; undefined when a file has that very name, or none is signed. */
async function findDetached(
  dependencies: PublicRouteDependencies,
  c: Context<AppEnv>,
  { name, ...where }: { slug: string; version: string; name: string },
): Promise<string | undefined> {
  const { database } = dependencies;
  const file = { organisationId: c.var.organisation.id, ...where };
  if (await findFile(database.query, { ...file, name })) return undefined;
  const signed = await findFile(database.query, { ...file, name: name.slice(0, -signatureSuffix.length) });
  return signed && dependencies.findSignature?.(projectOf(c), signed);
}

function projectOf(c: Context<AppEnv>): { organisation_id: string; slug: string } {
  return { organisation_id: c.var.organisation.id, slug: c.req.param('slug') ?? '' };
}

function describeAnswer(
  c: Context<AppEnv>,
  file: StoredFile,
  { head, immutable }: { head: boolean; immutable: boolean },
): Outgoing {
  const request = {
    // RFC 9110, 14.2: ranges are for GET only.
    range: head ? undefined : c.req.header('range'),
    ifRange: c.req.header('if-range'),
    ifNoneMatch: c.req.header('if-none-match'),
  };
  try {
    return describeOutgoing(file, request, { immutable });
  } catch (error) {
    // RFC 9110, 15.5.17: a 416 tells the size, so that the next range fits.
    if (error instanceof Refusal) c.header('Content-Range', `bytes */${file.artifact.size_bytes}`);
    throw error;
  }
}

function noSuchFile(): Refusal {
  return new Refusal('not_found', 'no such file is published');
}

const tags = ['public'];
const manifestAnswer = jsonAnswer('The signed manifest, as canonical bytes', z.unknown());
const manifestRoute = createRoute({
  method: 'get',
  path: '/api/projects/{slug}/manifest',
  tags,
  summary: 'The signed manifest of the release in service',
  request: { params: slugSchema, query: channelQuery },
  responses: { 200: manifestAnswer, 304: { description: 'Unchanged' } },
});
const channelManifestRoute = createRoute({
  method: 'get',
  path: '/api/projects/{slug}/channels/{channel}/manifest',
  tags,
  summary: 'The same for a channel, at a path that static mirrors can hold',
  request: { params: slugSchema.extend({ channel: channelSchema }) },
  responses: { 200: manifestAnswer, 304: { description: 'Unchanged' } },
});
const latestRoute = createRoute({
  method: 'get',
  path: '/api/projects/{slug}/latest',
  tags,
  summary: 'What is in service, unsigned; for people and scripts that do not update anything',
  request: { params: slugSchema, query: channelQuery },
  responses: {
    200: jsonAnswer(
      'Version, size, digest, URL and scan facts',
      z.object({
        project: z.string(),
        channel: z.string(),
        version: z.string(),
        counter: z.int(),
        size_bytes: z.int(),
        sha256: z.string(),
        url: z.string(),
        download_url: z.string(),
        signed_at: z.string(),
        scan_status: z.enum(['clean', 'not_scanned']),
        scanner_name: z.string().nullable(),
        scanner_version: z.string().nullable(),
        scanned_at: z.string().nullable(),
        scanner_signature_date: z.string().nullable(),
      }),
    ),
  },
});
const badgeRoute = createRoute({
  method: 'get',
  path: '/api/projects/{slug}/badge.svg',
  tags,
  summary: 'A badge with version and scan status',
  request: { params: slugSchema, query: channelQuery },
  responses: { 200: { description: 'The picture', content: { 'image/svg+xml': { schema: z.string() } } } },
});
const statisticsRoute = createRoute({
  method: 'get',
  path: '/api/projects/{slug}/statistics',
  tags: ['projects'],
  summary: 'Downloads per day, version and platform',
  request: { params: slugSchema, query: z.object({ from: day.optional(), to: day.optional() }) },
  responses: {
    200: jsonAnswer(
      'The counts',
      z.object({
        days: z.array(z.object({ day: z.string(), version: z.string(), platform: z.string(), count: z.int() })),
      }),
    ),
  },
});
const fileAnswers = {
  200: { description: 'The file', content: fileContent },
  206: { description: 'A range of it', content: fileContent },
  304: { description: 'Unchanged' },
};
const latestFileRoute = createRoute({
  method: 'get',
  path: '/{slug}',
  tags,
  summary: 'The main file of the release in service',
  request: { params: slugSchema, query: channelQuery },
  responses: fileAnswers,
});
const mainFileRoute = createRoute({
  method: 'get',
  path: '/{slug}/{version}',
  tags,
  summary: 'The main file of a version',
  request: { params: slugSchema.extend({ version: z.string().max(64) }) },
  responses: fileAnswers,
});
const fileRoute = createRoute({
  method: 'get',
  path: '/{slug}/{version}/{name}',
  tags,
  summary: 'A file of a version',
  request: { params: slugSchema.extend({ version: z.string().max(64), name: z.string().max(128) }) },
  responses: fileAnswers,
});
