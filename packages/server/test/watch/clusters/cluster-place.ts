/** A desk that knows an image, and a cluster of its own to follow. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from '../../../src/storage/database.ts';
import type { Vault } from '../../../src/vault/vault.ts';
import { addCluster } from '../../../src/watch/clusters/cluster.ts';
import type { ApiAccess } from '../../../src/watch/clusters/credential.ts';
import { type FollowParts, followCluster } from '../../../src/watch/clusters/follow.ts';
import { type DescribedRunning, describeRunning } from '../../../src/watch/clusters/running/describe.ts';
import type { ClusterRow } from '../../../src/watch/clusters/store.ts';
import { listFindings } from '../../../src/watch/findings/store.ts';
import { listRequests } from '../../../src/watch/observing/store.ts';
import { findSourceByKey } from '../../../src/watch/sources/store.ts';
import { silentLog } from '../../silent-log.ts';
import { openNewVault } from '../../vault/opened-vault.ts';
import { type Desk, openEstablished } from '../recording/desk.ts';
import { createClusterKeys, SmallApiServer } from './small-api-server.ts';

export const clusterKeys = createClusterKeys();
export const never: AbortSignal = new AbortController().signal;

/** See the file. */
export interface ClusterPlace {
  readonly desk: Desk;
  readonly api: SmallApiServer;
  readonly parts: FollowParts;
  readonly access: ApiAccess;
  readonly cluster: ClusterRow;
  follow(): ReturnType<typeof followCluster>;
  listed(): Promise<readonly DescribedRunning[]>;
  /** Kind, severity and state of each. */
  findings(): Promise<readonly string[]>;
  /** What was asked to be looked at of a source; undefined: there is none. */
  requestsOf(key: string): Promise<readonly { label: string; content: string }[] | undefined>;
}

/** Makes places on one database. */
export interface ClusterPlaces {
  readonly vault: Vault;
  /** Where service accounts have their files. */
  readonly folder: string;
  open(differs?: Partial<FollowParts>): Promise<ClusterPlace>;
  close(): Promise<void>;
}

/** Opens what places need. */
export async function openClusterPlaces(database: Database): Promise<ClusterPlaces> {
  const vault = await openNewVault(database, () => 0);
  const folder = await mkdtemp(join(tmpdir(), 'signpost-account-'));
  const servers: SmallApiServer[] = [];
  return {
    ...{ vault, folder },
    open: async (differs = {}) => {
      const api = new SmallApiServer(clusterKeys);
      servers.push(api);
      const desk = await openEstablished(database, `cluster-${servers.length}`);
      return openPlace({ database, vault, folder, desk, api }, differs);
    },
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
      await rm(folder, { recursive: true });
    },
  };
}

interface PlaceParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly folder: string;
  readonly desk: Desk;
  readonly api: SmallApiServer;
}

async function openPlace(
  { database, vault, folder, desk, api }: PlaceParts,
  differs: Partial<FollowParts>,
): Promise<ClusterPlace> {
  const url = await api.open();
  const parts: FollowParts = {
    ...{ database, vault, now: desk.now, log: silentLog, observing: { wake: () => undefined } },
    ...{ privateHosts: new Set([new URL(url).host]), isOff: false, roundMs: 0 },
    ...{ environment: {}, serviceAccountFolder: folder },
    ...differs,
  };
  const access: ApiAccess = { url, ca: clusterKeys.ca, credential: { kind: 'token', token: api.token } };
  const cluster = await addCluster(parts, desk.caller, { name: 'shop', access, environment: undefined });
  const { organisationId } = desk.caller;
  return {
    ...{ desk, api, parts, access, cluster },
    follow: () => followCluster(parts, cluster, never),
    listed: async () => (await describeRunning(parts, cluster, { after: undefined, limit: 100 })).running,
    findings: async () => {
      const rows = await listFindings(database.query, { organisationId, limit: 50 });
      return rows.map(({ kind, severity, state }) => `${kind} ${severity} ${state}`);
    },
    requestsOf: async (key) => {
      const source = await findSourceByKey(database.query, { organisationId, key });
      return source && listRequests(database.query, source.id, Number.MAX_SAFE_INTEGER);
    },
  };
}
