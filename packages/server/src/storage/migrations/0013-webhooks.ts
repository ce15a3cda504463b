/** Webhooks: where events are posted, the keys that sign them, and what has been delivered. */
import type { Migration } from './migration.ts';

/** Endpoints, their keys and their deliveries. */
export const webhooks: Migration = {
  name: '0013_webhooks',
  statements: [
    `create table webhook_endpoint (
      id TEXT primary key,
      organisation_id TEXT not null references organisation (id) on delete restrict,
      url TEXT not null check (length(url) > 0),
      host TEXT not null check (length(host) > 0),
      description TEXT not null,
      types TEXT not null,
      project TEXT,
      state TEXT not null check (state in ('enabled', 'disabled')),
      disabled_because TEXT check (disabled_because in ('asked', 'gone', 'failing')),
      failing_since INTEGER,
      created_by TEXT references person (id) on delete restrict,
      created_at INTEGER not null,
      check ((state = 'disabled') = (disabled_because is not null))
    ) STRICT`,
    'create index webhook_endpoint_organisation on webhook_endpoint (organisation_id, id)',
    `create table webhook_key (
      id TEXT primary key,
      endpoint_id TEXT not null references webhook_endpoint (id) on delete restrict,
      algorithm TEXT not null check (algorithm in ('hmac-sha256', 'ed25519')),
      sealed_key TEXT not null,
      public_key TEXT,
      created_at INTEGER not null,
      ends_at INTEGER,
      check ((algorithm = 'ed25519') = (public_key is not null))
    ) STRICT`,
    'create unique index webhook_key_current on webhook_key (endpoint_id) where ends_at is null',
    'create index webhook_key_endpoint on webhook_key (endpoint_id, id)',
    `create table webhook_delivery (
      id TEXT primary key,
      endpoint_id TEXT not null references webhook_endpoint (id) on delete restrict,
      event_id TEXT not null,
      type TEXT not null,
      body TEXT not null,
      event_at INTEGER not null,
      state TEXT not null check (state in ('waiting', 'delivered', 'dead')),
      attempts INTEGER not null check (attempts >= 0),
      first_attempt_at INTEGER,
      next_attempt_at INTEGER,
      lease_until INTEGER,
      last_status INTEGER,
      last_error TEXT,
      ended_at INTEGER,
      unique (endpoint_id, event_id),
      check ((state = 'waiting') = (next_attempt_at is not null)),
      check ((state = 'waiting') = (ended_at is null))
    ) STRICT`,
    "create index webhook_delivery_due on webhook_delivery (endpoint_id, next_attempt_at) where state = 'waiting'",
    "create index webhook_delivery_dead on webhook_delivery (endpoint_id, event_at) where state = 'dead'",
    'create index webhook_delivery_event_at on webhook_delivery (event_at)',
  ],
};
