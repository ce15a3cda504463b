/** What the watch knows, as files to take along: page by page, until there is no more. */
import { describeSarif } from '@signpost/protocol/sarif/findings';
import type { Answer, Client } from '../../api/client.ts';
import type { Finding, Source } from './wording.ts';

type Questions = Pick<Client, 'ask'>;

/** Every source with who signs it, and the clusters that it runs in. */
export async function collectInventory(
  api: Questions,
  search: string,
): Promise<{
  readonly sources: readonly Source[];
  readonly clusters: Answer<'GET /api/watch/clusters'>['clusters'];
}> {
  const { clusters } = await api.ask('GET /api/watch/clusters');
  const sources = await readPages<Source>(async (last) => {
    const query = { ...(search !== '' && { search }), ...(last && { after: last.key }) };
    return (await api.ask('GET /api/watch/inventory', { query })).sources;
  });
  return { sources, clusters };
}

/** Findings that nobody has decided, as results of a scanner (SARIF 2.1.0). */
export async function collectSarif(api: Questions): Promise<object> {
  const [{ version }, open, acknowledged] = await Promise.all([
    api.ask('GET /api/status'),
    readFindings(api, 'open'),
    readFindings(api, 'acknowledged'),
  ]);
  return describeSarif([...open, ...acknowledged], version);
}

function readFindings(api: Questions, state: Finding['state']): Promise<readonly Finding[]> {
  return readPages<Finding>(async (last) => {
    const query = { state, ...(last && { before: last.id }) };
    return (await api.ask('GET /api/watch/findings', { query })).findings;
  });
}

async function readPages<Row>(read: (last: Row | undefined) => Promise<readonly Row[]>): Promise<readonly Row[]> {
  const all: Row[] = [];
  for (;;) {
    const page = await read(all.at(-1));
    if (page.length === 0) return all;
    all.push(...page);
  }
}
