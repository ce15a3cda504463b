/** An organisation that follows a repository, on a real database, with a clock to move. */
import { createOrganisation } from '../../../src/accounts/organisations.ts';
import { type Caller, systemActor } from '../../../src/audit/audit.ts';
import { TrustRootRefresher } from '../../../src/evidence/trust-roots/refresh.ts';
import { findTrustRoot, type TrustRootRow } from '../../../src/evidence/trust-roots/store.ts';
import { addTrustRoot, type TrustRootParts } from '../../../src/evidence/trust-roots/trust-root.ts';
import { createFetch } from '../../../src/http/outgoing/fetch.ts';
import type { Database } from '../../../src/storage/database.ts';
import { createId } from '../../../src/storage/ids.ts';
import { start } from '../../releases/scene.ts';
import { silentLog } from '../../silent-log.ts';
import { createLog, encodeTrustedRoot, TufRepository } from './repository.ts';

/** What a test has in its hands. */
export interface TrustRootScene {
  readonly caller: Caller;
  /** Moves the clock. */
  travel(ms: number): void;
  readonly parts: TrustRootParts;
  readonly refresher: TrustRootRefresher;
  readonly repository: TufRepository;
  /** The trusted root that is published first. */
  readonly first: string;
  /** Adds the repository as `private`. */
  follow(): Promise<void>;
  refresh(): Promise<TrustRootRow>;
  /** What is stored of `private`. */
  find(): Promise<TrustRootRow | undefined>;
  /** Jobs of this organisation. */
  listJobs(): Promise<readonly { readonly kind: string; readonly payload: string }[]>;
  /** Actions and outcomes of the audit log on trusted roots, oldest first. */
  listActs(): Promise<readonly string[]>;
}

/** Opens a repository, and makes an organisation of its own: tests share a database. */
export async function openTrustRootScene(
  database: Database,
  choice: Partial<TrustRootParts> = {},
): Promise<TrustRootScene> {
  let at = start;
  const now = () => at;
  const slug = `org-${createId(Date.now()).slice(-12)}`;
  const { id: organisationId } = await database.transaction((tx) =>
    createOrganisation(tx, { slug, name: slug, host: null }, { actor: systemActor, now: at }),
  );
  const caller = { organisationId, actor: systemActor };
  const parts: TrustRootParts = {
    ...{ database, now, log: silentLog, addresses: 'any', outgoing: createFetch({ addresses: 'any' }) },
    ...{ random: () => 0.5, wakeWorker: () => undefined },
    ...choice,
  };
  const repository = await TufRepository.open(now);
  const first = encodeTrustedRoot({ tlogs: [createLog('https://log.example', now() - 1000)] });
  repository.publish(first);
  const refresher = new TrustRootRefresher(parts);
  return {
    ...{ caller, parts, refresher, repository, first },
    travel: (ms) => {
      at += ms;
    },
    follow: () => follow(parts, caller, repository),
    refresh: () => refresher.refresh(caller, 'private'),
    find: () => findTrustRoot(database.query, organisationId, 'private'),
    listJobs: () =>
      database.query
        .selectFrom('job')
        .select(['kind', 'payload'])
        .where('organisation_id', '=', organisationId)
        .execute(),
    listActs: async () => {
      const rows = await database.query
        .selectFrom('audit_event')
        .select(['action', 'outcome', 'detail'])
        .where('organisation_id', '=', organisationId)
        .where('action', 'like', 'evidence_root.%')
        .orderBy('sequence')
        .execute();
      return rows.map(({ action, outcome, detail }) => {
        const { code } = JSON.parse(detail ?? '{}') as { code?: string };
        return `${action} ${code ?? outcome}`;
      });
    },
  };
}

async function follow(parts: TrustRootParts, caller: Caller, repository: TufRepository): Promise<void> {
  await addTrustRoot(parts, caller, {
    name: 'private',
    source: {
      kind: 'tuf',
      metadataUrl: repository.url,
      targetsUrl: null,
      target: 'trusted_root.json',
      pinnedRoot: new Uint8Array(repository.pinnedRoot),
    },
  });
}
