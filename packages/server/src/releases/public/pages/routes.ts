/** HTTP of the pages for people: what is published, how it was checked, how to check it oneself. Without script but on one of them. */
import { createHash } from 'node:crypto';
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { defaultChannel, localePattern, slugPattern } from '@signpost/protocol/updates/names';
import type { Context } from 'hono';
import { Refusal } from '../../../errors.ts';
import { baseOf, cacheControlOf, prefixOf } from '../../../http/base.ts';
import { answerBuiltFile, type BuiltFiles } from '../../../http/built-files.ts';
import type { AppEnv } from '../../../http/context.ts';
import { isMatch } from '../../../http/entity-tag.ts';
import { pageContentPolicy, scriptContentPolicy } from '../../../http/headers.ts';
import { createRouter } from '../../../http/router.ts';
import { isId } from '../../../storage/ids.ts';
import { readPinnedRoots, readTrustInForce } from '../../../trust/trust-lists.ts';
import { isPublic } from '../../lifecycle/audience.ts';
import type { ReleaseInProject } from '../../lifecycle/release.ts';
import { findRelease, listArtifacts } from '../../lifecycle/store.ts';
import { requireProject } from '../../projects/project.ts';
import type { ProjectRow } from '../../projects/store.ts';
import { missingOnly, type PublicationDependencies, readServedManifest } from '../publication.ts';
import { renderChangelogPage } from './changelog-page.ts';
import { renderCommandsPage } from './commands-page.ts';
import { readReleaseFacts } from './facts.ts';
import type { Html, Visit } from './frame.ts';
import { renderInfoPage } from './info-page.ts';
import { readPreference } from './language.ts';
import { renderProjectList } from './project-list.ts';
import { listPastFiles, listPastReleases, listPublicProjects, readOrganisationName } from './store.ts';
import { pageStyleHash } from './style.ts';
import { renderVerifyPage } from './verify-page.ts';

/** What the pages need. */
export interface PageDependencies extends PublicationDependencies {
  /** How clients reach the server, without a trailing slash; absent: as the request came. */
  readonly baseUrl: string | undefined;
  /** Whether strangers may ask for the list of all projects. */
  readonly projectList: 'on' | 'off';
  /** The script of the page that checks files; empty where it is not built. */
  readonly pageScripts: BuiltFiles;
  /** What later planes know of a release in service, for its page: names and values. */
  readonly listFacts?: (where: ReleaseInProject) => Promise<readonly (readonly [string, string])[]>;
}

/** How many projects, and releases of the changelog, make a page; how many releases the first page shows, and files the one that checks. */
const [listedProjects, listedReleases, newestReleases, listedFiles] = [50, 20, 5, 500];

const locale = z.string().max(40).regex(localePattern).optional();
const languageQuery = z.object({ lang: locale });
const slugSchema = z.object({ slug: z.string().max(50) });

/** The routes: mount them before those whose first segment is a project. */
export function pageRoutes(dependencies: PageDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(listRoute, (c) => answerList(dependencies, c, c.req.valid('query')));
  router.openapi(infoRoute, (c) => answerInfo(dependencies, c, c.req.valid('param').slug));
  router.openapi(changelogRoute, (c) =>
    answerChangelog(dependencies, c, { ...c.req.valid('param'), ...c.req.valid('query') }),
  );
  router.openapi(commandsRoute, (c) => answerCommands(dependencies, c, c.req.valid('param').slug));
  router.openapi(verifyRoute, (c) => answerVerify(dependencies, c, c.req.valid('param').slug));
  router.openapi(
    scriptRoute,
    (c) => answerBuiltFile(c, dependencies.pageScripts.get(c.req.valid('param').name)) as never,
  );
  return router;
}

async function answerList(
  dependencies: PageDependencies,
  c: Context<AppEnv>,
  { after }: { readonly after?: string | undefined },
) {
  if (dependencies.projectList === 'off') throw new Refusal('not_found', 'there is nothing here');
  const found = await listPublicProjects(dependencies.database.query, {
    ...{ organisationId: c.var.organisation.id, channel: defaultChannel, after, limit: listedProjects + 1 },
  });
  const projects = found.slice(0, listedProjects);
  const next = found.length > listedProjects ? projects.at(-1)?.slug : undefined;
  const visit = await readVisit(dependencies, c);
  return answerPage(c, visit, renderProjectList({ projects, after, next }, visit));
}

async function answerInfo(dependencies: PageDependencies, c: Context<AppEnv>, slug: string) {
  const { query } = dependencies.database;
  const project = await requireProject(query, c.var.organisation.id, slug);
  const releases = (
    await listPastReleases(query, { projectId: project.id, before: undefined, limit: listedReleases })
  ).filter(isPublic);
  const facts = await readFacts(dependencies, project);
  const newest = releases.slice(0, newestReleases);
  const artifacts = await listArtifacts(
    query,
    newest.map(({ id }) => id),
  );
  const visit = await readVisit(dependencies, c);
  return answerPage(c, visit, renderInfoPage({ project, facts, releases: newest, artifacts }, visit));
}

async function readFacts(dependencies: PageDependencies, project: ProjectRow) {
  const { query } = dependencies.database;
  const served = await findServed(dependencies, project);
  if (!served) return undefined;
  const { manifest, trust } = served;
  const release = await findRelease(query, project.id, manifest.version);
  if (!release) return undefined;
  const artifacts = await listArtifacts(query, [release.id]);
  const further = (await dependencies.listFacts?.({ project, release })) ?? [];
  return readReleaseFacts(query, { manifest, trust, release, artifacts, further });
}

/** A page is shown without a release, too. */
function findServed(dependencies: PageDependencies, { organisation_id: id, slug }: ProjectRow) {
  return readServedManifest(dependencies, id, { slug, channel: defaultChannel }).catch(missingOnly);
}

async function answerChangelog(
  dependencies: PageDependencies,
  c: Context<AppEnv>,
  { slug, before }: { readonly slug: string; readonly before?: string | undefined },
) {
  const { query } = dependencies.database;
  const project = await requireProject(query, c.var.organisation.id, slug);
  const found = await listPastReleases(query, { projectId: project.id, before, limit: listedReleases + 1 });
  const releases = found.slice(0, listedReleases);
  const next = found.length > listedReleases ? releases.at(-1)?.id : undefined;
  const visit = await readVisit(dependencies, c);
  return answerPage(c, visit, renderChangelogPage({ project, releases, before, next }, visit));
}

async function answerCommands(dependencies: PageDependencies, c: Context<AppEnv>, slug: string) {
  const project = await requireProject(dependencies.database.query, c.var.organisation.id, slug);
  const facts = await findServed(dependencies, project);
  const visit = await readVisit(dependencies, c);
  return answerPage(c, visit, renderCommandsPage({ project, facts }, visit));
}

async function answerVerify({ pageScripts, ...dependencies }: PageDependencies, c: Context<AppEnv>, slug: string) {
  const { query } = dependencies.database;
  const project = await requireProject(query, c.var.organisation.id, slug);
  const files = await listPastFiles(query, project.id, listedFiles);
  const name = [...pageScripts.keys()].find((each) => each.startsWith('verify-'));
  const script = name === undefined ? undefined : `/assets/${name}`;
  const firstRoots = await readPinnedRoots(query, project.organisation_id);
  const roots = (await readTrustInForce(query, project.organisation_id))?.rootsInForce ?? firstRoots;
  const visit = await readVisit({ ...dependencies, pageScripts }, c);
  return answerPage(
    c,
    visit,
    renderVerifyPage({ project, files, roots, firstRoots, script }, visit),
    scriptContentPolicy(pageStyleHash),
  );
}

/** A visit, and how long caches keep its page, which names the base. */
interface AnsweredVisit extends Visit {
  readonly cacheControl: string;
}

async function readVisit(dependencies: PageDependencies, c: Context<AppEnv>): Promise<AnsweredVisit> {
  return {
    cacheControl: cacheControlOf(dependencies),
    preference: readPreference(c.req.header('accept-language') ?? '', c.req.query('lang')),
    ...{ base: baseOf(dependencies, c), prefix: prefixOf(c) },
    organisation: await readOrganisationName(dependencies.database.query, c.var.organisation.id),
    isListed: dependencies.projectList === 'on',
  };
}

/** The page with a strong tag; it differs by language and by nothing else of the request but its address. */
async function answerPage(
  c: Context<AppEnv>,
  { preference: { language }, cacheControl }: AnsweredVisit,
  page: Html,
  policy: string = pageContentPolicy(pageStyleHash),
): Promise<never> {
  const body = String(await page);
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const headers = {
    ...{ 'Content-Security-Policy': policy, 'Content-Language': language, Vary: 'Accept-Language' },
    ...{ 'Cache-Control': cacheControl, ETag: etag },
  };
  if (isMatch(c.req.header('if-none-match') ?? '', etag)) return c.body(null, 304, headers) as never;
  return c.html(body, 200, headers) as never;
}

const tags = ['public'];
const pageAnswers = {
  200: { description: 'The page', content: { 'text/html': { schema: z.string() } } },
  304: { description: 'Unchanged' },
};
const listRoute = createRoute({
  method: 'get',
  path: '/info',
  tags,
  summary: 'A page of the projects of which something is published, where the settings say so',
  request: { query: languageQuery.extend({ after: z.string().regex(slugPattern).optional() }) },
  responses: pageAnswers,
});
const infoRoute = createRoute({
  method: 'get',
  path: '/{slug}/info',
  tags,
  summary: 'A page for people: what is in service, and how it was checked',
  request: { params: slugSchema, query: languageQuery },
  responses: pageAnswers,
});
const changelogRoute = createRoute({
  method: 'get',
  path: '/{slug}/info/changelog',
  tags,
  summary: 'A page of every release that was in service',
  request: { params: slugSchema, query: languageQuery.extend({ before: z.string().refine(isId).optional() }) },
  responses: pageAnswers,
});
const commandsRoute = createRoute({
  method: 'get',
  path: '/{slug}/info/commands',
  tags,
  summary: 'A page of commands by which anybody verifies the release in service',
  request: { params: slugSchema, query: languageQuery },
  responses: pageAnswers,
});
const verifyRoute = createRoute({
  method: 'get',
  path: '/{slug}/info/verify',
  tags,
  summary: 'A page on which the browser verifies a file',
  request: { params: slugSchema, query: languageQuery },
  responses: pageAnswers,
});
const scriptRoute = createRoute({
  method: 'get',
  path: '/assets/{name}',
  tags,
  summary: 'The script of that page',
  request: { params: z.object({ name: z.string().max(100) }) },
  responses: { 200: { description: 'The script', content: { 'text/javascript': { schema: z.string() } } } },
});
