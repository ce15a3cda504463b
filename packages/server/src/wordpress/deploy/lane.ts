/** What a kind of deploy does of its own: code goes to trunk and a tag, pictures go to `assets`. */
import type { Query } from '../../storage/database.ts';
import type { SvnSession } from '../svn/run.ts';
import type { DeployFailure, DeployParts } from './deploy.ts';
import type { PreparedDiff } from './prepared-diff.ts';
import type { EnterStage } from './staging.ts';
import type { DeployRow } from './store.ts';

/** What stands ready in a working copy. */
export interface Staged {
  readonly diff: PreparedDiff;
  /** What a person confirms. */
  readonly digest: string;
  /** Makes what is committed besides; nothing is sent yet. */
  readonly complete: () => Promise<void>;
  readonly commit: () => Promise<void>;
}

/** What the repository says became of a deploy. */
type Settlement =
  | { readonly kind: 'deployed'; readonly revision: number }
  | { readonly kind: 'failed'; readonly failure: DeployFailure };

/** One lane. Its functions throw `SvnFailure`, `DeployStop` and Refusals. */
export interface Lane {
  /** Throws when there is nothing to be prepared. */
  readonly assertOpen: (parts: DeployParts, row: DeployRow, session: SvnSession) => Promise<void>;
  /** Throws when what was confirmed may not be committed any more. */
  readonly assertStill: (parts: DeployParts, row: DeployRow) => Promise<void>;
  readonly stage: (
    parts: DeployParts,
    row: DeployRow,
    where: { readonly session: SvnSession; readonly enter: EnterStage },
  ) => Promise<Staged>;
  /** Undefined when nothing of it is in the repository. */
  readonly settle: (parts: DeployParts, row: DeployRow, session: SvnSession) => Promise<Settlement | undefined>;
  /** In the transaction that ends it. */
  readonly conclude: (tx: Query, row: DeployRow, revision: number) => Promise<void>;
}
