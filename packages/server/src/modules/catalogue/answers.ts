/** Catalogues as finished answers: one buffer each, however many hosts and clients ask for it. */
import type { PreparedAnswer, PreparedAnswers } from '../../http/prepared.ts';
import { type CatalogueReading, readServedCatalogue, type ServedCatalogue } from './publication.ts';

/** What answers are made with. */
export interface CatalogueAnswering extends CatalogueReading {
  readonly prepared: PreparedAnswers;
}

/** Who asks for what, and by which words. */
export interface CatalogueQuestion {
  readonly organisationId: string;
  readonly slug: string;
  readonly host: string;
  /** The path, without a query. */
  readonly target: string;
}

const route = 'GET /api/modules/{collection}';

/**
 * Makes what finds the answer. Thousands of entries are read once for all who ask meanwhile; what was read is found by organisation and collection, and
 * by a few of the hosts that it was asked under, which are answered in front of everything else. Throws as `readServedCatalogue`.
 */
export function createCatalogueAnswers(
  parts: CatalogueAnswering,
): (question: CatalogueQuestion) => Promise<PreparedAnswer> {
  const { prepared } = parts;
  const reading = new Map<string, Promise<PreparedAnswer>>();
  const read = async ({ organisationId, slug }: CatalogueQuestion, generation: number) => {
    const answer = describeAnswer(organisationId, await readServedCatalogue(parts, organisationId, slug));
    prepared.keep({ ...placeOf(organisationId, slug), generation }, answer);
    return answer;
  };
  const readOnce = (question: CatalogueQuestion, generation: number) => {
    const name = `${generation} ${question.organisationId} ${question.slug}`;
    const begun = reading.get(name) ?? read(question, generation).finally(() => reading.delete(name));
    reading.set(name, begun);
    return begun;
  };
  return async (question) => {
    const { host, target, organisationId, slug } = question;
    const own = placeOf(organisationId, slug);
    const { generation } = prepared;
    const answer = prepared.find(own.host, own.target) ?? (await readOnce(question, generation));
    // Hosts are the client's choice: all that are kept share the one buffer, and few are.
    prepared.keep({ host, target, generation }, answer);
    return answer;
  };
}

/** A place that no request has: none comes without a host. */
function placeOf(organisationId: string, slug: string): { readonly host: string; readonly target: string } {
  return { host: '', target: `${organisationId} ${slug}` };
}

function describeAnswer(organisationId: string, { body, sha256, validUntil }: ServedCatalogue): PreparedAnswer {
  const etag = `"${sha256}"`;
  const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'public, max-age=60', ETag: etag };
  return { organisationId, route, headers: Object.entries(headers), etag, body, validUntil };
}
