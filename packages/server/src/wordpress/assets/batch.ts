/** Deploys of what is staged, and what stood in the repository before, to be looked at. */
import { join } from 'node:path';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import { type Picture, readPicture } from '../../images/picture.ts';
import { openCredential, type RepositoryAccess, requirePlugin } from '../credentials/credential.ts';
import { type DeployName, type DeployParts, openDeploy, requireDeploy } from '../deploy/deploy.ts';
import type { PreparedDiff } from '../deploy/prepared-diff.ts';
import { withSession } from '../deploy/staging.ts';
import type { DeployRow } from '../deploy/store.ts';
import { exportTree } from '../svn/repository.ts';
import { digestBatch } from './asset.ts';
import { maxAssetBytes, parseAssetName } from './asset-name.ts';
import { readFileOf } from './picture-file.ts';
import { listAssets } from './store.ts';

/** How long a look at one picture of a repository may take, in milliseconds. */
const lookMs = 60_000;

/** Asks for everything that is staged to be deployed. Throws `conflict`: rule `nothing-staged`, and as `openDeploy` and `openCredential` do. */
export async function requestAssetDeploy(parts: DeployParts, caller: Caller, slug: string): Promise<DeployRow> {
  const { query } = parts.database;
  const project = await requirePlugin(query, caller.organisationId, slug);
  const staged = await listAssets(query, project.id);
  if (staged.length === 0) {
    throw new Refusal('conflict', 'no picture is staged', {
      rule: 'nothing-staged',
      hint: 'signpost wordpress assets add',
    });
  }
  const { repository } = await openCredential(parts, project.id);
  const subject = {
    lane: 'assets',
    releaseId: null,
    version: 'assets',
    digest: digestBatch(staged),
    repository,
  } as const;
  return openDeploy(parts, caller, { project, subject });
}

/**
 * What a name was in the repository when the diff was made, written anew. Throws `not_found`, `conflict`, rule `repository-changed`, where the
 * credentials are those of another repository by now, and an `ImageRule` for what is no picture that could be shown.
 */
export async function readPictureBefore(
  parts: DeployParts,
  organisationId: string,
  { deploy, name }: { readonly deploy: DeployName; readonly name: string },
): Promise<Picture> {
  const row = await requireDeploy(parts.database.query, organisationId, deploy);
  const diff = row.diff === null ? undefined : (JSON.parse(row.diff) as PreparedDiff);
  const change = diff?.changes.find(({ path }) => path === name);
  if (row.lane !== 'assets' || !diff || !change?.picture?.before) {
    throw new Refusal('not_found', 'the repository had no such picture', { rule: 'no-asset' });
  }
  const access = await requireSameRepository(parts, row);
  const tree = { url: `${row.repository}/assets/${name}`, revision: diff.baseRevision };
  const { sizes: _, ...rules } = parseAssetName(name).rules;
  const signal = AbortSignal.timeout(lookMs);
  return withSession(parts, { access, signal }, async (session) => {
    const into = join(session.scratch, 'picture');
    await exportTree(session, tree, { into, bounds: { entries: 16, bytes: 2 * maxAssetBytes } });
    return readPicture(parts.pictures.decodeFor(organisationId), await readFileOf(into), rules);
  });
}

/** The password goes to the repository that it was entered for, and to none before it. */
async function requireSameRepository(parts: DeployParts, row: DeployRow): Promise<RepositoryAccess> {
  const access = await openCredential(parts, row.project_id);
  if (access.repository === row.repository) return access;
  throw new Refusal('conflict', `expected credentials of ${row.repository}, got those of another repository`, {
    rule: 'repository-changed',
    hint: 'prepare another deploy: the diff shows what the present repository has',
  });
}
