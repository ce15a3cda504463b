/** The API of Kubernetes as far as it is needed: pods are listed in pages, and watched from where the list ended (API concepts, "Efficient detection of changes"). */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { Reach } from '../../http/outgoing/reach.ts';
import { sendRequest } from '../../http/outgoing/send.ts';
import { parseJsonText } from '../../json-text.ts';
import type { Unanswered } from '../readers/reader.ts';
import { describeFailure, readBody } from '../readers/send-question.ts';
import { type ApiAccess, pairOf } from './credential.ts';
import { measurePod, parsePod, type RunningPod } from './pod.ts';

/** How the API is asked. */
export interface ApiParts {
  /** `host` or `host:port` that may be at addresses that are not public. */
  readonly privateHosts: ReadonlySet<string>;
  readonly resolve?: Reach['resolve'];
  /** Of one cluster, in bytes of memory; 64 MiB unless said otherwise: several times what the rows hold that are kept. */
  readonly maxKeptBytes?: number;
}

/** See `ApiParts.maxKeptBytes`. */
export const usualKeptBytes: number = 64 * 1024 * 1024;

const pageSize = 250;
const maxPages = 400;
const maxPageBytes = 32 * 1024 * 1024;
/** What one list may be altogether: 2 GiB go by, and are not kept. */
const maxListBytes = 2 * 1024 ** 3;
const pageTimeoutMs = 60_000;
/** One event of a watch: a pod. */
const maxEventBytes = 4 * 1024 * 1024;
/** Pods that have ended are left out. */
const selector = 'status.phase!=Succeeded,status.phase!=Failed';

/** All pods of a moment. */
export interface PodList {
  readonly kind: 'listed';
  readonly pods: readonly RunningPod[];
  /** From where changes follow. */
  readonly version: string;
  /** There are more than are read. */
  readonly isCapped: boolean;
  /** Pods that say what cannot be kept. */
  readonly unread: number;
}

/** A change of a pod; or `gone`: what happened since then is forgotten, and all has to be listed again. */
export type PodEvent =
  | { readonly kind: 'put'; readonly pod: RunningPod; readonly version: string }
  | { readonly kind: 'deleted'; readonly uid: string; readonly version: string }
  | { readonly kind: 'bookmark'; readonly version: string }
  | { readonly kind: 'gone' };

/** Something that did not answer, or with what is no answer. */
export class ApiUnanswered extends Error {
  override readonly name = 'ApiUnanswered';
}

const versionSchema = z.string().min(1).max(256);
const pageSchema = z.object({
  kind: z.literal('PodList'),
  metadata: z.object({ resourceVersion: versionSchema, continue: z.string().max(8192).optional() }),
  items: z
    .array(z.unknown())
    .max(2 * pageSize)
    .nullish(),
});

/** Lists all pods. A list whose continuation expired is begun once more. */
export async function listPods(parts: ApiParts, access: ApiAccess, signal: AbortSignal): Promise<PodList | Unanswered> {
  try {
    return (await listPages(parts, access, signal)) ?? (await listPages(parts, access, signal)) ?? expired;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ApiUnanswered) return { kind: 'unknown', reason: error.message };
    throw error;
  }
}

const expired: Unanswered = { kind: 'unknown', reason: 'the list of pods expired before it was read' };

async function listPages(parts: ApiParts, access: ApiAccess, signal: AbortSignal): Promise<PodList | undefined> {
  const pods: RunningPod[] = [];
  const { maxKeptBytes = usualKeptBytes } = parts;
  let next: string | undefined;
  let version = '';
  let [readBytes, keptBytes] = [0, 0];
  const describe = (isCapped: boolean): PodList => {
    const unread = pods.filter(({ isUnread }) => isUnread).length;
    return { kind: 'listed', pods, version, isCapped, unread };
  };
  for (let page = 0; page < maxPages; page += 1) {
    const query = { limit: String(pageSize), fieldSelector: selector, ...(next !== undefined && { continue: next }) };
    const limited = AbortSignal.any([AbortSignal.timeout(pageTimeoutMs), signal]);
    const response = await askApi(parts, access, { query, signal: limited });
    if (response.statusCode === 410 && next !== undefined) return undefined;
    const body = await readAnswer(access, response);
    const { metadata, items } = parsePage(access, body);
    readBytes += body.length;
    version = metadata.resourceVersion;
    for (const item of items ?? []) {
      const pod = parsePod(item);
      if (!pod) throw new ApiUnanswered(`${hostOf(access)} listed what is no pod`);
      keptBytes += measurePod(pod);
      if (keptBytes > maxKeptBytes) return describe(true);
      pods.push(pod);
    }
    next = metadata.continue || undefined;
    if (next === undefined) return describe(false);
    if (readBytes > maxListBytes) break;
  }
  return describe(true);
}

function parsePage(access: ApiAccess, body: Uint8Array): z.infer<typeof pageSchema> {
  const parsed = pageSchema.safeParse(parseJsonText(Buffer.from(body).toString('utf8')));
  if (!parsed.success) throw new ApiUnanswered(`${hostOf(access)} answered with what is no list of pods`);
  return parsed.data;
}

/** Changes from `version` on, as they come, until the server ends the stream. Throws ApiUnanswered, and the reason of the signal. */
export async function* watchPods(
  parts: ApiParts,
  access: ApiAccess,
  { version, seconds, signal }: { readonly version: string; readonly seconds: number; readonly signal: AbortSignal },
): AsyncGenerator<PodEvent> {
  const query = {
    ...{ watch: '1', allowWatchBookmarks: 'true', resourceVersion: version, fieldSelector: selector },
    timeoutSeconds: String(seconds),
  };
  // A server that does not end it is ended.
  const limited = AbortSignal.any([AbortSignal.timeout((seconds + 30) * 1000), signal]);
  const response = await askApi(parts, access, { query, signal: limited });
  try {
    if (response.statusCode === 410) {
      yield { kind: 'gone' };
      return;
    }
    await assertOk(access, response);
    for await (const line of readLines(access, response)) {
      const event = parseEvent(access, line);
      yield event;
      if (event.kind === 'gone') return;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ApiUnanswered ? error : new ApiUnanswered(describeFailure(new URL(access.url), error));
  } finally {
    response.destroy();
  }
}

const eventSchema = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.object({
    code: z.int().optional(),
    metadata: z.object({ resourceVersion: versionSchema.optional() }).optional(),
  }),
});

function parseEvent(access: ApiAccess, line: string): PodEvent {
  const value = parseJsonText(line);
  const parsed = eventSchema.safeParse(value);
  if (!parsed.success) throw new ApiUnanswered(`${hostOf(access)} told of what is no event`);
  const { type, object } = parsed.data;
  if (type === 'ERROR' && object.code === 410) return { kind: 'gone' };
  const version = object.metadata?.resourceVersion;
  if (type === 'BOOKMARK' && version !== undefined) return { kind: 'bookmark', version };
  const pod = type === 'ERROR' ? undefined : parsePod((value as { readonly object: unknown }).object);
  if (!pod || version === undefined) throw new ApiUnanswered(`${hostOf(access)} told of what is no pod`);
  return type === 'DELETED' ? { kind: 'deleted', uid: pod.uid, version } : { kind: 'put', pod, version };
}

interface ApiQuestion {
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

async function askApi(parts: ApiParts, access: ApiAccess, { query, signal }: ApiQuestion): Promise<IncomingMessage> {
  const url = new URL(`${access.url}/api/v1/pods?${new URLSearchParams(query)}`);
  const { ca, credential } = access;
  const isListed = parts.privateHosts.has(url.host);
  const reach: Reach = { addresses: isListed ? 'any' : 'public', ...(parts.resolve && { resolve: parts.resolve }) };
  const proof = credential.kind === 'token' ? { authorization: `Bearer ${credential.token}` } : {};
  try {
    return await sendRequest(reach, url, {
      ...{ method: 'GET', signal, headers: { accept: 'application/json', 'accept-encoding': 'identity', ...proof } },
      tls: { ca, ...(credential.kind === 'certificate' && pairOf(credential)) },
    });
  } catch (error) {
    const hint = isListed ? '' : '; one that is not public must be listed in SIGNPOST_WATCH_HOSTS';
    throw new ApiUnanswered(`${describeFailure(url, error)}${hint}`, { cause: error });
  }
}

/** Whatever is not 200 says nothing of what runs; a redirect is followed nowhere. */
async function assertOk(access: ApiAccess, response: IncomingMessage): Promise<void> {
  const { statusCode: status } = response;
  if (status === 200) return;
  response.destroy();
  const hint = status === 401 || status === 403 ? ': the credential must be allowed to list and watch pods' : '';
  throw new ApiUnanswered(`${hostOf(access)} answered ${status}${hint}`);
}

async function readAnswer(access: ApiAccess, response: IncomingMessage): Promise<Uint8Array> {
  await assertOk(access, response);
  try {
    const read = await readBody(response, maxPageBytes);
    if (!read) throw new ApiUnanswered(`${hostOf(access)} answered with more than ${maxPageBytes} bytes`);
    return read.body;
  } catch (error) {
    throw error instanceof ApiUnanswered ? error : new ApiUnanswered(describeFailure(new URL(access.url), error));
  }
}

async function* readLines(access: ApiAccess, response: IncomingMessage): AsyncGenerator<string> {
  let rest: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, end)]).toString('utf8');
      [rest, size, from] = [[], 0, end + 1];
      if (line.trim() !== '') yield line;
    }
    rest.push(chunk.subarray(from));
    size += chunk.length - from;
    if (size > maxEventBytes)
      throw new ApiUnanswered(`${hostOf(access)} told of more than ${maxEventBytes} bytes at once`);
  }
}

function hostOf({ url }: ApiAccess): string {
  return new URL(url).host;
}
