/** The audit log without indexes by hash: its order is the primary key, and what a hash should be only the chain can say. */
import type { Migration } from './migration.ts';

const columns = `sequence, at, organisation_id, actor_kind, actor_id, session_id, action, object_kind, object_id, outcome,
  detail, previous_hash, hash`;

/** Hashes lie all over an index: two of them dirtied two pages more for each row, a third of what a certificate cost the database. */
export const auditOrder: Migration = {
  name: '0014_audit_order',
  statements: [
    `create table audit_event_next (
      sequence INTEGER not null primary key check (sequence >= 1),
      at INTEGER not null,
      organisation_id TEXT,
      actor_kind TEXT not null
        check (actor_kind in ('person', 'api-key', 'client-certificate', 'system', 'anonymous')),
      actor_id TEXT,
      session_id TEXT,
      action TEXT not null,
      object_kind TEXT not null,
      object_id TEXT not null,
      outcome TEXT not null check (outcome in ('success', 'refused')),
      detail TEXT,
      previous_hash TEXT not null check (length(previous_hash) = 64),
      hash TEXT not null check (length(hash) = 64)
    ) STRICT`,
    `insert into audit_event_next (${columns}) select ${columns} from audit_event order by sequence`,
    'drop table audit_event',
    'alter table audit_event_next rename to audit_event',
    'create index audit_event_organisation on audit_event (organisation_id, sequence)',
    'create index audit_event_action on audit_event (action, sequence)',
  ],
};
