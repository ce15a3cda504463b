/** Revocation lists, their numbers, and OCSP responders. */
import type { Migration } from './migration.ts';

const states = [
  `create table revocation_state (
    authority_id TEXT primary key,
    organisation_id TEXT not null,
    number INTEGER not null check (number >= 0),
    base_number INTEGER check (base_number <= number),
    base_at INTEGER,
    base_held TEXT not null,
    shards INTEGER not null check (shards between 1 and 256),
    covered TEXT not null,
    foreign key (authority_id, organisation_id) references authority (id, organisation_id) on delete restrict,
    check ((base_number is null) = (base_at is null))
  ) STRICT`,
];

const lists = [
  `create table revocation_list (
    authority_id TEXT not null,
    organisation_id TEXT not null,
    kind TEXT not null check (kind in ('complete', 'delta')),
    part TEXT not null,
    number INTEGER not null check (number > 0),
    base_number INTEGER,
    this_update INTEGER not null,
    next_update INTEGER not null check (next_update > this_update),
    entries INTEGER not null,
    content TEXT not null,
    der TEXT not null,
    digest TEXT not null check (length(digest) = 64),
    created_at INTEGER not null,
    primary key (authority_id, kind, part),
    foreign key (authority_id, organisation_id) references authority (id, organisation_id) on delete restrict,
    check ((kind = 'delta') = (base_number is not null)),
    check (base_number is null or base_number < number)
  ) STRICT`,
];

const responders = [
  `create table ocsp_responder (
    certificate_id TEXT primary key,
    authority_id TEXT not null,
    organisation_id TEXT not null,
    sealed_key TEXT not null,
    not_after INTEGER not null,
    created_at INTEGER not null,
    foreign key (certificate_id, organisation_id) references certificate (id, organisation_id) on delete cascade,
    foreign key (authority_id, organisation_id) references authority (id, organisation_id) on delete restrict
  ) STRICT`,
  'create index ocsp_responder_authority on ocsp_responder (authority_id, not_after)',
];

/** What authorities publish about revocation. */
export const revocation: Migration = { name: '0006_revocation', statements: [...states, ...lists, ...responders] };
