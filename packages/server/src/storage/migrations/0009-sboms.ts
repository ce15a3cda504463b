/** SBOMs of artifacts with their components, what is known of vulnerabilities, and what publishers say to them (VEX). */
import type { Migration } from './migration.ts';

const documents = [
  `create table sbom (
    id TEXT primary key,
    project_id TEXT not null,
    release_id TEXT not null,
    artifact_sha256 TEXT not null,
    origin TEXT not null check (origin in ('attached', 'generated')),
    state TEXT not null check (state in ('current', 'past')),
    sha256 TEXT not null,
    size_bytes INTEGER not null check (size_bytes > 0),
    standard TEXT not null check (standard in ('CycloneDX', 'SPDX')),
    format_version TEXT not null,
    encoding TEXT not null check (encoding in ('json', 'xml')),
    serial TEXT,
    stated_at TEXT,
    tools TEXT not null,
    authors TEXT not null,
    component_count INTEGER not null,
    findings TEXT not null,
    created_at INTEGER not null,
    foreign key (release_id, project_id) references release (id, project_id) on delete restrict
  ) STRICT`,
  `create unique index sbom_current on sbom (release_id, artifact_sha256, origin) where state = 'current'`,
  'create index sbom_project on sbom (project_id, id)',
  'create index sbom_blob on sbom (sha256)',
];

const components = [
  `create table sbom_component (
    sbom_id TEXT not null references sbom (id) on delete restrict,
    position INTEGER not null,
    ref TEXT not null,
    kind TEXT not null,
    name TEXT not null,
    search TEXT not null,
    version TEXT,
    purl TEXT,
    ecosystem TEXT,
    package TEXT,
    licences TEXT not null,
    supplier TEXT,
    primary key (sbom_id, position)
  ) STRICT`,
  'create index sbom_component_package on sbom_component (ecosystem, package)',
];

// Many rows are written before they count: those of a snapshot that is being loaded.
const vulnerabilities = [
  `create table vulnerability_snapshot (
    id TEXT primary key,
    ecosystem TEXT not null,
    state TEXT not null check (state in ('loading', 'current')),
    snapshot_at INTEGER not null,
    imported_at INTEGER not null,
    entries INTEGER not null
  ) STRICT`,
  `create unique index vulnerability_snapshot_current on vulnerability_snapshot (ecosystem) where state = 'current'`,
  `create table vulnerability (
    snapshot_id TEXT not null references vulnerability_snapshot (id) on delete cascade,
    id TEXT not null,
    modified_at INTEGER not null,
    aliases TEXT not null,
    summary TEXT not null,
    severity TEXT not null check (severity in ('critical', 'high', 'medium', 'low', 'none', 'unknown')),
    score_tenths INTEGER,
    vector TEXT,
    primary key (snapshot_id, id)
  ) STRICT`,
  `create table vulnerability_package (
    snapshot_id TEXT not null,
    vulnerability_id TEXT not null,
    position INTEGER not null,
    package TEXT not null,
    branch TEXT,
    affected TEXT not null,
    primary key (snapshot_id, vulnerability_id, position),
    foreign key (snapshot_id, vulnerability_id) references vulnerability (snapshot_id, id) on delete cascade
  ) STRICT`,
  'create index vulnerability_package_name on vulnerability_package (package, snapshot_id)',
];

const exploitability = [
  `create table vex (
    id TEXT primary key,
    project_id TEXT not null,
    release_id TEXT not null,
    sha256 TEXT not null,
    size_bytes INTEGER not null check (size_bytes > 0),
    standard TEXT not null check (standard in ('OpenVEX', 'CycloneDX')),
    author TEXT,
    stated_at INTEGER not null,
    created_at INTEGER not null,
    foreign key (release_id, project_id) references release (id, project_id) on delete restrict
  ) STRICT`,
  'create unique index vex_document on vex (release_id, sha256)',
  `create table vex_statement (
    vex_id TEXT not null references vex (id) on delete cascade,
    position INTEGER not null,
    vulnerability TEXT not null,
    purl TEXT,
    status TEXT not null check (status in ('not_affected', 'affected', 'fixed', 'under_investigation')),
    justification TEXT,
    detail TEXT,
    stated_at INTEGER not null,
    primary key (vex_id, position)
  ) STRICT`,
];

/** What an artifact consists of, and what is wrong with that. */
export const sboms: Migration = {
  name: '0009_sboms',
  statements: [...documents, ...components, ...vulnerabilities, ...exploitability],
};
