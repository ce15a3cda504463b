/** Releases: one version of a project, from draft to withdrawn, never lost. */
import { localePattern, versionPattern } from '@signpost/protocol/updates/names';
import type { Transaction } from 'kysely';
import type { AuditAction } from '../../audit/actions.ts';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import type { Catalogues } from '../projects/catalogues.ts';
import { requireProject } from '../projects/project.ts';
import type { ProjectRow } from '../projects/store.ts';
import { renderMarkdown } from '../public/markdown.ts';
import { findRelease, moveRelease, type ReleaseRow, retireManifest, updateRelease, voidProposals } from './store.ts';

/** What releases work with. */
export interface ReleaseDependencies {
  readonly database: Database;
  readonly now: () => number;
  readonly catalogues: Catalogues;
}

/** Names one release in the caller's organisation. */
export interface ReleaseName {
  readonly slug: string;
  readonly version: string;
}

/** A release with its project. */
export interface ReleaseInProject {
  readonly project: ProjectRow;
  readonly release: ReleaseRow;
}

/** What may change before a release is signed. */
export interface ReleaseChange {
  readonly changelog?: Readonly<Record<string, string>>;
  readonly minVersion?: string | null;
  readonly channel?: string;
}

/** Changes a draft. Throws `conflict` once the release was active: what was signed stays what it was. */
export async function changeRelease(
  { database, now }: ReleaseDependencies,
  caller: Caller,
  { name, change }: { name: ReleaseName; change: ReleaseChange },
): Promise<ReleaseRow> {
  assertChange(change);
  const at = now();
  return database.transaction(async (tx) => {
    const { release } = await requireRelease(tx, caller.organisationId, name);
    // Also one that is a draft again: clients have it under this version.
    if (release.state !== 'draft' || release.activated_at !== null) {
      throw new Refusal('conflict', 'a release that was in service, or is no draft, does not change', {
        rule: 'release-state',
        hint: 'upload a new version',
      });
    }
    // A proposal was made from the old content.
    await voidProposals(tx, release.id);
    const changed = await updateRelease(tx, release.id, {
      ...(change.changelog === undefined ? {} : { changelog: JSON.stringify(change.changelog) }),
      ...(change.minVersion === undefined ? {} : { min_version: change.minVersion }),
      ...(change.channel === undefined ? {} : { channel: change.channel }),
    });
    await recordReleaseAct(tx, {
      caller,
      at,
      action: 'release.changed',
      name,
      detail: { changed: Object.keys(change).join(' ') },
    });
    return changed;
  });
}

/** Takes a release out of service: its manifest and downloads stop at once. */
export async function withdrawRelease(
  { database, now, catalogues }: ReleaseDependencies,
  caller: Caller,
  { name, reason }: { name: ReleaseName; reason: string },
): Promise<ReleaseRow> {
  const act = { caller, at: now(), action: 'release.withdrawn', name, detail: { reason } } as const;
  return database.transaction((tx) =>
    stopRelease(tx, act, { catalogues, from: ['active', 'superseded', 'draft'], to: 'withdrawn', reason }),
  );
}

/** Takes a release out of service because of what a scanner found. */
export async function quarantineRelease(
  { database, now, catalogues }: ReleaseDependencies,
  caller: Caller,
  { name, reason }: { name: ReleaseName; reason: string },
): Promise<ReleaseRow> {
  const act = { caller, at: now(), action: 'release.quarantined', name, detail: { reason } } as const;
  const from = ['active', 'superseded', 'draft', 'withdrawn'] as const;
  return database.transaction((tx) => stopRelease(tx, act, { catalogues, from, to: 'quarantined', reason }));
}

interface Stop {
  readonly catalogues: Catalogues;
  readonly from: readonly ReleaseRow['state'][];
  readonly to: 'withdrawn' | 'quarantined';
  readonly reason: string;
}

async function stopRelease(
  tx: Query & Parameters<typeof moveRelease>[0],
  act: ReleaseAct,
  { catalogues, ...change }: Stop,
): Promise<ReleaseRow> {
  const { release, project } = await requireRelease(tx, act.caller.organisationId, act.name);
  const stopped = await moveRelease(tx, release.id, { ...change, now: act.at });
  if (!stopped) throw new Refusal('conflict', `the release is ${release.state} already`, { rule: 'release-state' });
  if (release.state === 'active') await retireManifest(tx, project.id, release.channel);
  await voidProposals(tx, release.id);
  await recordReleaseAct(tx, act);
  await catalogues.reflect(tx, { project, act: 'taken', at: act.at });
  return stopped;
}

/** Hides a release that is not active; nothing is lost. */
export async function deleteRelease(
  { database, now, catalogues }: ReleaseDependencies,
  caller: Caller,
  name: ReleaseName,
): Promise<void> {
  const at = now();
  await database.transaction((tx) => hideRelease(tx, catalogues, { caller, name, at }));
}

/** The same inside a transaction. */
export async function hideRelease(
  tx: Transaction<Schema>,
  catalogues: Catalogues,
  { caller, name, at }: { readonly caller: Caller; readonly name: ReleaseName; readonly at: number },
): Promise<void> {
  const { release, project } = await requireRelease(tx, caller.organisationId, name);
  if (release.state === 'active') {
    throw new Refusal('conflict', 'the active release cannot be deleted', {
      rule: 'release-active',
      hint: 'activate another version, or withdraw this one',
    });
  }
  await voidProposals(tx, release.id);
  await updateRelease(tx, release.id, { deleted_at: at });
  await recordReleaseAct(tx, { caller, at, action: 'release.deleted', name });
  await catalogues.reflect(tx, { project, act: 'taken', at });
}

/**
 * Brings a deleted release back in the state it had, or a withdrawn or quarantined one back to draft, to be activated again
 * as it was.
 */
export async function restoreRelease(
  { database, now }: ReleaseDependencies,
  caller: Caller,
  name: ReleaseName,
): Promise<ReleaseRow> {
  const at = now();
  return database.transaction(async (tx) => {
    const project = await requireProject(tx, caller.organisationId, name.slug);
    const release = await findRelease(tx, project.id, name.version);
    if (!release) throw new Refusal('not_found', 'no such release');
    const restored =
      release.deleted_at === null
        ? await moveRelease(tx, release.id, { from: ['withdrawn', 'quarantined'], to: 'draft', now: at })
        : await updateRelease(tx, release.id, { deleted_at: null });
    if (!restored)
      throw new Refusal('conflict', `the release is ${release.state}: there is nothing to restore`, {
        rule: 'release-state',
      });
    await recordReleaseAct(tx, { caller, at, action: 'release.restored', name, detail: { state: restored.state } });
    return restored;
  });
}

/** The release and its project, or `not_found` when either is missing or deleted. */
export async function requireRelease(
  query: Query,
  organisationId: string,
  name: ReleaseName,
): Promise<ReleaseInProject> {
  const project = await requireProject(query, organisationId, name.slug);
  const release = await findRelease(query, project.id, name.version);
  if (!release || release.deleted_at !== null) throw new Refusal('not_found', 'no such release');
  return { project, release };
}

/** An act on a release, for the audit log and the bus. */
export interface ReleaseAct {
  readonly caller: Caller;
  readonly at: number;
  readonly action: Extract<AuditAction, `release.${string}`>;
  readonly name: ReleaseName;
  readonly detail?: Readonly<Record<string, string | number>>;
}

/** Records the act in the audit log and, for the bus, in the outbox. The last thing in its transaction. */
export async function recordReleaseAct(tx: Query, { caller, at, action, name, detail }: ReleaseAct): Promise<void> {
  const payload = { project: name.slug, version: name.version, ...detail };
  await recordEvent(tx, { id: createId(at), organisationId: caller.organisationId, topic: action, payload, at });
  await recordAudit(tx, at, {
    ...caller,
    action,
    object: { kind: 'release', id: `${name.slug}/${name.version}` },
    ...(detail === undefined ? {} : { detail }),
  });
}

/** What a manifest takes for one locale (docs/protocol/manifest.md), in UTF-16 units. */
const maxRenderedChangelog = 65_536;

/** Throws `invalid` for Markdown that is too long as the HTML that a manifest carries. */
export function assertChangelogLength(markdown: string): void {
  if (renderMarkdown(markdown).length <= maxRenderedChangelog) return;
  throw new Refusal('invalid', `expected the changelog to have at most ${maxRenderedChangelog} characters as HTML`, {
    rule: 'changelog-length',
    hint: 'shorten it, or link to a page',
  });
}

function assertChange({ changelog, minVersion }: ReleaseChange): void {
  for (const [locale, text] of Object.entries(changelog ?? {})) {
    if (!localePattern.test(locale)) throw new Refusal('invalid', 'expected the changelog to be keyed by locale');
    assertChangelogLength(text);
  }
  if (minVersion && !versionPattern.test(minVersion))
    throw new Refusal('invalid', 'expected min_version to be a version');
}
