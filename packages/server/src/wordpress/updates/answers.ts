/** Feeds as finished answers: each is made once for all who ask, whatever they add to the question, and names the server as its operator does. */
import { createHash, randomUUID } from 'node:crypto';
import type { PreparedAnswer, PreparedAnswers } from '../../http/prepared.ts';
import { type FeedParts, type FeedSource, readFeed } from './feed.ts';

/** What answers are made with. */
export interface FeedAnswering extends FeedParts {
  readonly prepared: PreparedAnswers;
  /** How clients reach the server, without a trailing slash; absent: as each request came, which is nobody else's business. */
  readonly baseUrl: string | undefined;
}

/** One of the two feeds. */
export interface Feed {
  readonly route: string;
  readonly describe: (source: FeedSource, base: string) => object;
}

/** Who asks for what, and by which words. */
export interface FeedQuestion {
  readonly organisationId: string;
  readonly slug: string;
  readonly host: string;
  /** The path, without a query. */
  readonly target: string;
  /** Where clients find the organisation, without a slash at the end. */
  readonly base: string;
}

/** Stands for the base in what is kept: nobody outside knows it, so no plugin can say it. */
const baseMark = `https://${randomUUID()}.invalid`;

/**
 * Makes what finds the answer of a feed. Reading a release, rendering its text and hashing it is done once until something is published. Where the operator
 * has not said how the server is reached, the host that a stranger names stands in the answer to that stranger alone: no cache keeps it. Throws as `readFeed`.
 */
export function createFeedAnswers(
  parts: FeedAnswering,
  feed: Feed,
): (question: FeedQuestion) => Promise<PreparedAnswer> {
  const { prepared, baseUrl } = parts;
  const making = new Map<string, Promise<PreparedAnswer>>();
  const make = async ({ organisationId, slug, base }: FeedQuestion, generation: number) => {
    const source = await readFeed(parts, organisationId, slug);
    const body = Buffer.from(JSON.stringify(feed.describe(source, baseUrl === undefined ? baseMark : base)));
    const answer = describeAnswer({ organisationId, route: feed.route, validUntil: source.validUntil }, body);
    prepared.keep({ ...placeOf(feed, { organisationId, slug }), generation }, answer);
    return answer;
  };
  const makeOnce = (question: FeedQuestion, generation: number) => {
    const name = `${generation} ${question.organisationId} ${question.slug}`;
    const begun = making.get(name) ?? make(question, generation).finally(() => making.delete(name));
    making.set(name, begun);
    return begun;
  };
  return async (question) => {
    const { host, target, base } = question;
    const place = placeOf(feed, question);
    const { generation } = prepared;
    const made = prepared.find(place.host, place.target) ?? (await makeOnce(question, generation));
    if (baseUrl === undefined) return answerAlone(made, base);
    // Never by its query, of which strangers have as many as they like; hosts share the one buffer, and few are kept.
    prepared.keep({ host, target, generation }, made);
    return made;
  };
}

function answerAlone(made: PreparedAnswer, base: string): PreparedAnswer {
  const text = Buffer.from(made.body).toString().replaceAll(baseMark, JSON.stringify(base).slice(1, -1));
  const { headers, ...answer } = describeAnswer(made, Buffer.from(text));
  return { ...answer, headers: headers.map(([name, value]) => [name, name === 'Cache-Control' ? alone : value]) };
}

const alone = 'private, no-store';

/** A place that no request has: none comes without a host. */
function placeOf({ route }: Feed, { organisationId, slug }: Pick<FeedQuestion, 'organisationId' | 'slug'>) {
  return { host: '', target: `${route} ${organisationId} ${slug}` };
}

function describeAnswer(
  { organisationId, route, validUntil }: Pick<PreparedAnswer, 'organisationId' | 'route' | 'validUntil'>,
  body: Buffer,
): PreparedAnswer {
  const etag = `"${createHash('sha256').update(body).digest('hex')}"`;
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=300', ETag: etag };
  return { organisationId, route, headers: Object.entries(headers), etag, body, validUntil };
}
