/** Client workflow, 5.6.7: the pre-order depth-first search for a target through all delegations. */
import { findDelegations } from './delegations.ts';
import type { Signers } from './role.ts';
import type { TargetFacts, Targets } from './targets.ts';

/** How many roles one search may visit (5.6.7.1). */
const maxVisitedRoles = 32;

/** The metadata of a delegated role, verified for the delegator whose keys `signers` names. */
export type LoadTargets = (signers: Signers) => Promise<Targets>;

/**
 * What the first role that may speak of `path` says; `undefined`: nobody does. Metadata that cannot be fetched or verified ends the
 * search with that error: another role further down might say something else.
 */
export async function findTargetFacts(
  targets: Targets,
  path: string,
  loadTargets: LoadTargets,
): Promise<TargetFacts | undefined> {
  const visited = new Set<string>();
  let isOver = false;

  async function visit(current: Targets): Promise<TargetFacts | undefined> {
    const found = current.targets.get(path);
    if (found || !current.delegations) return found;
    for (const { name, role, keys, terminating } of await findDelegations(current.delegations, path)) {
      if (isOver || visited.size >= maxVisitedRoles) return undefined;
      const isNew = !visited.has(name);
      visited.add(name);
      const below = isNew ? await visit(await loadTargets({ name, role, keys })) : undefined;
      if (below) return below;
      // 5.6.7.2.1: nobody after this role is asked, at no level.
      isOver ||= terminating;
    }
    return undefined;
  }

  return visit(targets);
}
