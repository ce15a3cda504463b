/** The lane of code: a release becomes trunk and a tag. */
import { findRelease } from '../../releases/lifecycle/store.ts';
import { findDeployMark } from '../svn/repository.ts';
import { assertInService } from './deploy.ts';
import { DeployStop } from './failure.ts';
import { findDeviation } from './judge-tag.ts';
import type { Lane } from './lane.ts';
import { stageTrunk } from './staging.ts';
import type { DeployRow } from './store.ts';

/** Code. */
export const codeLane: Lane = {
  assertOpen: async (_parts, row, session) => {
    if ((await findDeployMark(session, tagUrl(row))) !== undefined) throw tagExists(row);
  },
  assertStill: async ({ database }, row) => {
    const release = await findRelease(database.query, row.project_id, row.version);
    if (!release || release.deleted_at !== null)
      throw new DeployStop('release-state', 'the release is not there any more');
    assertInService({ release });
  },
  stage: async (parts, row, where) => {
    const { copy, diff, digest } = await stageTrunk(parts, row, where);
    const tag = `tags/${row.version}`;
    return {
      ...{ diff, digest },
      complete: () => copy.copyTrunk(tag),
      commit: () => copy.commit(['trunk', tag], `Release ${row.version}\n\nSignpost-Deploy: ${row.id}\n`),
    };
  },
  // The mark alone proves nothing, since whoever commits there can write it.
  settle: async (parts, row, session) => {
    const mark = await findDeployMark(session, tagUrl(row));
    if (mark === undefined) return undefined;
    if (mark.deployId !== row.id) return { kind: 'failed', failure: tagExists(row).failure };
    const deviation = await findDeviation(parts, row, { session, revision: mark.revision });
    if (deviation === undefined) return { kind: 'deployed', revision: mark.revision };
    return { kind: 'failed', failure: tagAltered(row, deviation).failure };
  },
  conclude: async () => undefined,
};

function tagUrl({ repository, version }: DeployRow): string {
  return `${repository}/tags/${version}`;
}

function tagExists({ version }: DeployRow): DeployStop {
  return new DeployStop('tag-exists', `expected no tag ${version} in the repository, got one`);
}

function tagAltered({ version }: DeployRow, deviation: string): DeployStop {
  return new DeployStop('tag-altered', `expected the tag ${version} to hold what was confirmed: ${deviation}`);
}
