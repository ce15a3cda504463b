/** What shows projects beside their own pages, and must change together with them: the catalogues of modules. */
import type { Transaction } from 'kysely';
import type { Schema } from '../../storage/schema.ts';
import type { ProjectRow } from './store.ts';

/** What happened to a project, as it is now. */
export interface ProjectAct {
  readonly project: ProjectRow;
  /**
   * `published`: a release went into service. `renewed`: its manifest was signed again. `taken`: a release may not be offered any more. The others are
   * about the project itself.
   */
  readonly act: 'published' | 'renewed' | 'taken' | 'changed' | 'deleted' | 'restored';
  /** Unix milliseconds. */
  readonly at: number;
}

/** Tells all of them, one after the other. */
export function joinCatalogues(...all: readonly Catalogues[]): Catalogues {
  return {
    reflect: async (tx, act) => {
      for (const catalogues of all) await catalogues.reflect(tx, act);
    },
  };
}

/** Told of each such act, the last thing in its transaction. */
export interface Catalogues {
  /** Brings up to date what shows the project. Throws `conflict` when the project may not be deleted or restored for its sake. */
  reflect(tx: Transaction<Schema>, act: ProjectAct): Promise<void>;
}
