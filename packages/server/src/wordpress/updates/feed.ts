/**
 * What sites ask that update a plugin without wordpress.org: the `info.json` of plugin-update-checker (its `PluginInfo`), and the fields that
 * WordPress takes from the filter `update_plugins_{host}` (`wp_update_plugins`). Neither is signed: what a site installs is checked by its signature.
 */
import { defaultChannel } from '@signpost/protocol/updates/names';
import type { VerifiedManifest } from '@signpost/protocol/updates/verify-manifest';
import { Refusal } from '../../errors.ts';
import { findRelease } from '../../releases/lifecycle/store.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import { renderMarkdown } from '../../releases/public/markdown.ts';
import { type PublicationDependencies, readServedManifest } from '../../releases/public/publication.ts';
import { listShownAssets } from '../assets/store.ts';
import { requirePlugin } from '../credentials/credential.ts';
import { type PluginReading, type ReadingParts, readRelease } from '../plugin/reading.ts';

/** What feeds are made with. */
export type FeedParts = PublicationDependencies & ReadingParts;

/** What is told of the release in service. */
export interface FeedSource {
  readonly project: ProjectRow;
  readonly manifest: VerifiedManifest;
  readonly reading: PluginReading;
  /** The names of the pictures of its page. */
  readonly pictures: ReadonlySet<string>;
  /** Unix milliseconds. */
  readonly activatedAt: number;
  readonly validUntil: number;
}

/** Reads what feeds tell. Throws as `readServedManifest`, and `conflict` for a project that is no plugin. */
export async function readFeed(parts: FeedParts, organisationId: string, slug: string): Promise<FeedSource> {
  const project = await requirePlugin(parts.database.query, organisationId, slug);
  const { manifest, validUntil } = await readServedManifest(parts, organisationId, { slug, channel: defaultChannel });
  const release = await findRelease(parts.database.query, project.id, manifest.version);
  if (!release) throw new Refusal('not_found', 'no signed release is active on this channel', { rule: 'no-release' });
  const reading = await readRelease(parts, { project, release });
  const pictures = await listShownAssets(parts.database.query, project.id);
  const names = new Set(pictures.map(({ name }) => name));
  return {
    project,
    manifest,
    reading,
    pictures: names,
    activatedAt: release.activated_at ?? manifest.signedAt,
    validUntil,
  };
}

/** As plugin-update-checker reads it. `base`: where clients find the organisation, without a slash at the end. */
export function describePlugin(source: FeedSource, base: string) {
  const { project, manifest, reading } = source;
  const { header, shown, folder, mainFile } = reading;
  return {
    ...{ name: shown?.name || header?.name || project.slug, slug: project.slug, version: manifest.version },
    ...{ homepage: pageOf(source, base), download_url: `${base}${manifest.main.url}` },
    ...{ author: header?.author ?? '', ...describeSystem(reading) },
    ...{ upgrade_notice: shown?.upgradeNotice ?? '', last_updated: formatUpdated(source.activatedAt) },
    sections: describeSections(shown?.sections ?? []),
    ...{ ...describePictures(source, base), translations: [] },
    id: `${base}/${project.slug}`,
    ...(folder === null || mainFile === null ? {} : { filename: `${folder}/${mainFile}` }),
  };
}

/** As the filter `update_plugins_{host}` returns it. */
export function describeUpdate(source: FeedSource, base: string) {
  const { project, manifest, reading } = source;
  return {
    ...{ id: `${base}/${project.slug}`, slug: project.slug, version: manifest.version },
    ...{ url: pageOf(source, base), package: `${base}${manifest.main.url}`, ...describeSystem(reading) },
    ...{ ...describePictures(source, base), banners_rtl: describeBanners(source, base, '-rtl'), translations: [] },
  };
}

function describeSystem({ header, shown }: PluginReading) {
  return {
    requires: header?.requiresWordpress || shown?.requiresWordpress || '',
    tested: shown?.testedUpTo ?? '',
    requires_php: header?.requiresPhp || shown?.requiresPhp || '',
  };
}

/** By the names that WordPress has for their sizes. */
function describePictures(source: FeedSource, base: string) {
  const icons = pick(source, base, { '1x': 'icon-128x128', '2x': 'icon-256x256', svg: 'icon' });
  const best = icons.svg ?? icons['2x'] ?? icons['1x'];
  return {
    icons: best === undefined ? icons : { ...icons, default: best },
    banners: describeBanners(source, base, ''),
  };
}

function describeBanners(source: FeedSource, base: string, variant: string): Record<string, string> {
  return pick(source, base, { low: `banner-772x250${variant}`, high: `banner-1544x500${variant}` });
}

/** The address of what there is under each name, with any ending. */
function pick(
  { project, pictures }: FeedSource,
  base: string,
  wanted: Readonly<Record<string, string>>,
): Record<string, string> {
  const found = Object.entries(wanted).flatMap(([size, name]) => {
    const file = ['png', 'jpg', 'gif', 'svg'].map((ending) => `${name}.${ending}`).find((one) => pictures.has(one));
    return file === undefined ? [] : [[size, `${base}/api/projects/${project.slug}/wordpress/assets/${file}`]];
  });
  return Object.fromEntries(found);
}

function pageOf({ project, reading }: FeedSource, base: string): string {
  const own = reading.header?.pluginUri ?? '';
  return /^https?:\/\//.test(own) ? own : `${base}/${project.slug}/info`;
}

/** The tabs of WordPress' window about a plugin, as HTML that is safe in any page. */
function describeSections(sections: NonNullable<PluginReading['shown']>['sections']): Record<string, string> {
  return Object.fromEntries(
    sections.map(({ kind, title, text }) => {
      // `= Heading =`, as readme.txt has it.
      const markdown = text.replaceAll(/^=+ *(.*?) *=*$/gm, '#### $1');
      // WordPress prints the names of tabs as they come.
      return [kind === 'other' ? title.replaceAll(/[<>&"']/g, '') : kind, renderMarkdown(markdown)];
    }),
  );
}

/** `2026-11-22 04:30:00`, in UTC. */
function formatUpdated(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
