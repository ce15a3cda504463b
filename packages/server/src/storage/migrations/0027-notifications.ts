/** Notifications by mail: who is told, and what waits to be said. */
import type { Migration } from './migration.ts';

/** Subscriptions and notices. */
export const notifications: Migration = {
  name: '0027_notifications',
  statements: [
    `create table mail_subscription (
      id TEXT primary key,
      organisation_id TEXT not null references organisation (id) on delete restrict,
      address TEXT not null check (length(address) > 2),
      kind TEXT not null check (kind in ('watch.finding')),
      least_severity TEXT not null check (least_severity in ('note', 'low', 'medium', 'high', 'critical')),
      pace TEXT not null check (pace in ('immediately', 'daily')),
      code_hash TEXT check (length(code_hash) = 64),
      code_ends_at INTEGER,
      confirmed_at INTEGER,
      sent_at INTEGER,
      actor TEXT not null,
      created_at INTEGER not null,
      removed_at INTEGER,
      check ((code_hash is null) = (code_ends_at is null))
    ) STRICT`,
    `create unique index mail_subscription_address on mail_subscription (organisation_id, address, kind)
      where removed_at is null`,
    'create unique index mail_subscription_code on mail_subscription (code_hash) where code_hash is not null',
    `create table mail_notice (
      id TEXT primary key,
      subscription_id TEXT not null references mail_subscription (id) on delete restrict,
      kind TEXT not null check (kind in ('question', 'trial', 'finding')),
      finding_id TEXT references watch_finding (id) on delete restrict,
      change INTEGER,
      state TEXT not null check (state in ('waiting', 'sent', 'merged', 'dead')),
      due_at INTEGER not null,
      gives_up_at INTEGER not null,
      attempts INTEGER not null check (attempts >= 0),
      last_error TEXT,
      ended_at INTEGER,
      unique (subscription_id, finding_id, change),
      check ((kind = 'finding') = (finding_id is not null)),
      check ((finding_id is null) = (change is null)),
      check ((state = 'waiting') = (ended_at is null))
    ) STRICT`,
    "create index mail_notice_due on mail_notice (due_at) where state = 'waiting'",
    'create index mail_notice_ended on mail_notice (ended_at)',
  ],
};
