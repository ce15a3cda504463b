/** Releases of a project that a page asks for: some of many, however many there are. */
import type { Answer, Client } from '../api/client.ts';

type Release = Answer<'GET /api/projects/{slug}/releases'>['releases'][number];

/** Which project, and how the question is given up. */
export interface ReleaseQuestion {
  readonly slug: string;
  readonly signal: AbortSignal;
}

/** As many as somebody looks through. */
const offered = 50;
/** More channels than any project has. */
const mostChannels = 500;

/** Those in service, one of each channel. */
export async function askActive(
  client: Pick<Client, 'ask'>,
  { slug, signal }: ReleaseQuestion,
): Promise<readonly Release[]> {
  const query = { state: 'active', limit: mostChannels } as const;
  return (await client.ask('GET /api/projects/{slug}/releases', { path: { slug }, query, signal })).releases;
}

/** The newest whose version or channel holds `text`, without those that are hidden. */
export async function searchReleases(
  client: Pick<Client, 'ask'>,
  { slug, signal, text }: ReleaseQuestion & { readonly text: string },
): Promise<readonly Release[]> {
  const query = { ...(text !== '' && { search: text }), limit: offered };
  const { releases } = await client.ask('GET /api/projects/{slug}/releases', { path: { slug }, query, signal });
  return releases.filter(({ deleted_at }) => deleted_at === null);
}
