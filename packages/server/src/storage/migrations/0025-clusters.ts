/** Clusters of Kubernetes whose pods are watched, and what runs where. */
import type { Migration } from './migration.ts';

/** Clusters, and the containers that were seen in them. */
export const clusters: Migration = {
  name: '0025_clusters',
  statements: [
    `create table watch_cluster (
      id TEXT primary key,
      organisation_id TEXT not null references organisation (id) on delete restrict,
      name TEXT not null check (length(name) > 0),
      kind TEXT not null check (kind in ('kubeconfig', 'in-cluster')),
      server TEXT,
      ca TEXT,
      sealed_credential TEXT,
      environment TEXT,
      author TEXT not null,
      created_at INTEGER not null,
      removed_at INTEGER,
      due_at INTEGER not null,
      lease INTEGER not null,
      lease_until INTEGER,
      failures INTEGER not null,
      answered_at INTEGER,
      unknown_since INTEGER,
      unknown_reason TEXT,
      check ((kind = 'in-cluster') = (server is null)),
      check ((server is null) = (ca is null) and (server is not null or sealed_credential is null))
    ) STRICT`,
    'create unique index watch_cluster_name on watch_cluster (organisation_id, name) where removed_at is null',
    'create index watch_cluster_due on watch_cluster (due_at) where removed_at is null',
    `create table watch_running (
      id TEXT primary key,
      cluster_id TEXT not null references watch_cluster (id) on delete restrict,
      namespace TEXT not null,
      workload TEXT not null,
      container TEXT not null,
      reference TEXT not null,
      digest TEXT not null,
      state TEXT not null check (state in ('known', 'waiting', 'image-id', 'untold')),
      source_id TEXT references watch_source (id) on delete restrict,
      first_seen_at INTEGER not null,
      last_seen_at INTEGER not null,
      ended_at INTEGER,
      asked_at INTEGER,
      unique (cluster_id, namespace, workload, container, reference, digest),
      check ((state = 'known') = (length(digest) = 64))
    ) STRICT`,
    'create index watch_running_now on watch_running (cluster_id, id) where ended_at is null',
    'create index watch_running_source on watch_running (source_id, digest) where ended_at is null',
  ],
};
