/** Directories, accounts, orders and authorisations of ACME. What must never be, whoever writes, is a constraint here. */
import type { Migration } from './migration.ts';

const directories = [
  `create table acme_directory (
    id TEXT primary key,
    organisation_id TEXT not null references organisation (id) on delete restrict,
    name TEXT not null,
    authority_id TEXT not null,
    profiles TEXT not null,
    names TEXT not null,
    challenges TEXT not null,
    limits TEXT not null,
    binding_required INTEGER not null check (binding_required in (0, 1)),
    terms_url TEXT,
    addresses TEXT not null check (addresses in ('public', 'private', 'any')),
    http_port INTEGER not null check (http_port between 1 and 65535),
    tls_port INTEGER not null check (tls_port between 1 and 65535),
    state TEXT not null check (state in ('open', 'closed')),
    created_at INTEGER not null,
    unique (organisation_id, name),
    foreign key (authority_id, organisation_id) references authority (id, organisation_id) on delete restrict
  ) STRICT`,
  `create table acme_binding (
    id TEXT primary key,
    directory_id TEXT not null references acme_directory (id) on delete restrict,
    label TEXT not null,
    sealed_secret TEXT not null,
    account_id TEXT unique,
    created_at INTEGER not null,
    revoked_at INTEGER
  ) STRICT`,
  'create index acme_binding_directory on acme_binding (directory_id, id)',
];

const accounts = [
  `create table acme_account (
    id TEXT primary key,
    directory_id TEXT not null references acme_directory (id) on delete restrict,
    thumbprint TEXT not null check (length(thumbprint) = 43),
    jwk TEXT not null,
    contacts TEXT not null,
    state TEXT not null check (state in ('valid', 'deactivated', 'revoked')),
    binding_id TEXT references acme_binding (id) on delete restrict,
    created_at INTEGER not null,
    unique (directory_id, thumbprint)
  ) STRICT`,
];

const orders = [
  `create table acme_order (
    id TEXT primary key,
    account_id TEXT not null references acme_account (id) on delete restrict,
    identifiers TEXT not null,
    profile TEXT not null,
    not_after INTEGER,
    state TEXT not null check (state in ('pending', 'ready', 'valid', 'invalid')),
    error TEXT,
    replaces_id TEXT references certificate (id) on delete restrict,
    certificate_id TEXT unique references certificate (id) on delete restrict,
    expires_at INTEGER not null,
    created_at INTEGER not null,
    check ((state = 'valid') = (certificate_id is not null))
  ) STRICT`,
  'create index acme_order_account on acme_order (account_id, created_at, id)',
  'create index acme_order_expiry on acme_order (expires_at)',
  "create unique index acme_order_replaces on acme_order (replaces_id) where state = 'valid' and replaces_id is not null",
  `create table acme_authorization (
    id TEXT primary key,
    account_id TEXT not null references acme_account (id) on delete restrict,
    kind TEXT not null check (kind in ('dns', 'ip')),
    value TEXT not null,
    wildcard INTEGER not null check (wildcard in (0, 1)),
    state TEXT not null check (state in ('pending', 'valid', 'invalid', 'deactivated')),
    token TEXT not null check (length(token) >= 22),
    challenges TEXT not null,
    attempted TEXT,
    error TEXT,
    validated_at INTEGER,
    expires_at INTEGER not null,
    created_at INTEGER not null,
    check (state <> 'valid' or (attempted is not null and validated_at is not null))
  ) STRICT`,
  'create index acme_authorization_account on acme_authorization (account_id, value, created_at)',
  'create index acme_authorization_expiry on acme_authorization (expires_at)',
  `create table acme_order_authorization (
    order_id TEXT not null references acme_order (id) on delete cascade,
    authorization_id TEXT not null references acme_authorization (id) on delete cascade,
    primary key (order_id, authorization_id)
  ) STRICT`,
  'create index acme_order_authorization_back on acme_order_authorization (authorization_id)',
];

/** What ACME clients enrol with, who they are, and what they asked for. */
export const acme: Migration = { name: '0005_acme', statements: [...directories, ...accounts, ...orders] };
