/** Revisions by the word of a signer who was accepted before. */
import { keepRows, type Migration } from './migration.ts';

const columns = 'id, line, version, state, document, cause, after_sequence, decision_id, actor, created_at';

/** A check cannot be widened in place on SQLite. */
export const vouching: Migration = {
  name: '0024_vouching',
  statements: [
    `create table watch_revision_next (
      id TEXT primary key,
      line INTEGER not null references watch_line (number) on delete restrict,
      version INTEGER not null check (version >= 1),
      state TEXT not null check (state in ('cold', 'learning', 'established', 'declared')),
      document TEXT not null,
      cause TEXT not null check (cause in ('learned', 'renamed', 'announced', 'vouched', 'decided')),
      after_sequence INTEGER not null,
      decision_id TEXT references watch_decision (id) on delete restrict,
      actor TEXT not null,
      created_at INTEGER not null,
      unique (line, version)
    ) STRICT`,
    `insert into watch_revision_next (${columns}) select ${columns} from watch_revision order by line, version`,
    'drop table watch_revision',
    'alter table watch_revision_next rename to watch_revision',
    ...keepRows('watch_revision'),
  ],
};
