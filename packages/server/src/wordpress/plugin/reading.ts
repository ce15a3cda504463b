/** What the plugin of a release says of itself, kept with the release: read once, since neither changes. */
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { Refusal } from '../../errors.ts';
import { createUploadRefusal, type UploadRule } from '../../releases/inspection/rules.ts';
import type { ReleaseInProject } from '../../releases/lifecycle/release.ts';
import { type ArtifactRow, findRelease, listArtifacts } from '../../releases/lifecycle/store.ts';
import { findProject } from '../../releases/projects/store.ts';
import type { Blobs } from '../../storage/blobs.ts';
import type { Event } from '../../storage/bus.ts';
import type { Database, Query } from '../../storage/database.ts';
import { readPluginAt } from './archive-thread.ts';
import { chooseMainFile, judgePlugin, type PluginContent, type PluginFinding } from './findings.ts';
import type { PluginHeader } from './header.ts';
import { JoinedReadings } from './joined-readings.ts';
import { type Readme, type ReadmeSection, readmeLimits } from './readme.ts';
import { findReading, replaceReading } from './store.ts';

/** What readings work with. */
export interface ReadingParts {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly config: Pick<Config, 'maxUncompressedMb'>;
  readonly now: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

/** A plugin as it was read. */
export interface PluginReading {
  readonly folder: string | null;
  readonly mainFile: string | null;
  readonly header: PluginHeader | null;
  readonly shown: ShownPlugin | null;
  readonly findings: readonly PluginFinding[];
}

/** What the directory shows of a readme, after its limits. */
interface ShownPlugin extends Omit<Readme, 'upgradeNotices'> {
  /** Of the release's own version; the empty text when there is none. */
  readonly upgradeNotice: string;
}

/** Characters of a section that are kept. */
const maxSectionCharacters = 100_000;

/** The archive of a plugin's release: its main file. Throws `conflict` for a project of another kind, or when that file is no ZIP. */
export async function requireArchive(query: Query, { project, release }: ReleaseInProject): Promise<ArtifactRow> {
  if (project.kind !== 'wordpress_plugin') {
    throw new Refusal('conflict', 'expected a project of the kind wordpress_plugin', {
      rule: 'project-kind',
      hint: 'signpost project create SLUG --kind wordpress_plugin',
    });
  }
  const [archive] = await listArtifacts(query, [release.id]);
  if (archive?.media_type === 'application/zip') return archive;
  throw new Refusal('conflict', 'expected the first file of the release to be a ZIP archive', {
    rule: 'plugin-archive',
    hint: 'upload the plugin as ZIP, under a new version',
  });
}

/** What came of an archive, as it is kept. */
type KeptReading = PluginReading | { readonly refusal: { readonly rule: UploadRule; readonly message: string } };

/** What could not be read may be readable under other limits, or when the machine has more room; but nobody makes it be tried all the time. */
const refusalKeptMs = 3_600_000;
const readings = new JoinedReadings<PluginReading>();

/** What the release's plugin says of itself. Throws as `requireArchive` does, an `UploadRule`, and `unavailable` when the file is not there. */
export async function readRelease(parts: ReadingParts, where: ReleaseInProject): Promise<PluginReading> {
  const archive = await requireArchive(parts.database.query, where);
  return (
    (await findKept(parts, archive.id)) ??
    readings.read(parts.database, { key: archive.id, organisationId: where.project.organisation_id }, async () => {
      // Whoever waited for a turn may find that it was read meanwhile.
      return (await findKept(parts, archive.id)) ?? readArchive(parts, archive, where);
    })
  );
}

/** What was read before, if anything. Throws what was refused lately. */
async function findKept({ database, now }: ReadingParts, artifactId: string): Promise<PluginReading | undefined> {
  const row = await findReading(database.query, artifactId);
  if (!row) return undefined;
  const kept = JSON.parse(row.reading) as KeptReading;
  if (!('refusal' in kept)) return kept;
  if (now() - row.read_at >= refusalKeptMs) return undefined;
  throw createUploadRefusal(kept.refusal.rule, kept.refusal.message);
}

async function readArchive(parts: ReadingParts, archive: ArtifactRow, where: ReleaseInProject): Promise<PluginReading> {
  const { database, blobs, config, now } = parts;
  const path = blobs.locate(archive.sha256);
  if (path === undefined) throw new Refusal('unavailable', 'the file of the release does not lie on this machine');
  const keep = (kept: KeptReading) =>
    replaceReading(database.query, { artifact_id: archive.id, reading: JSON.stringify(kept), read_at: now() });
  try {
    const content = await readPluginAt(path, { maxUncompressedBytes: config.maxUncompressedMb * 2 ** 20 });
    const reading = describeReading(content, { slug: where.project.slug, version: where.release.version });
    await keep(reading);
    return reading;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'upload_refused') {
      await keep({ refusal: { rule: error.rule as UploadRule, message: error.message } });
    }
    throw error;
  }
}

/** Reads what was uploaded, so that nobody waits for it later. What cannot be read is said when somebody asks for it. */
export async function readAfter(parts: ReadingParts, { organisationId, payload }: Event): Promise<void> {
  const { database, log } = parts;
  const project = await findProject(database.query, organisationId ?? '', String(payload.project));
  if (project?.kind !== 'wordpress_plugin') return;
  const release = await findRelease(database.query, project.id, String(payload.version));
  if (!release) return;
  await readRelease(parts, { project, release }).catch((err: unknown) => {
    log.warn({ err, project: project.slug, version: release.version }, 'a plugin could not be read');
  });
}

function describeReading(content: PluginContent, release: { slug: string; version: string }): PluginReading {
  const main = chooseMainFile(content);
  return {
    folder: content.folder ?? null,
    mainFile: main?.file ?? null,
    header: main?.header ?? null,
    shown: content.readme ? describeShown(content.readme, release.version) : null,
    findings: judgePlugin(content, release),
  };
}

function describeShown({ upgradeNotices, ...readme }: Readme, version: string): ShownPlugin {
  const notice = Object.hasOwn(upgradeNotices, version) ? (upgradeNotices[version] ?? '') : '';
  return {
    ...readme,
    tags: readme.tags.slice(0, readmeLimits.tags),
    shortDescription: cut(readme.shortDescription, readmeLimits.shortDescription),
    sections: readme.sections.map(
      (section): ReadmeSection => ({ ...section, text: cut(section.text, maxSectionCharacters) }),
    ),
    upgradeNotice: cut(notice, readmeLimits.upgradeNotice),
  };
}

function cut(text: string, limit: number): string {
  // Most texts are far below their limit, also by the length that counts some characters twice.
  return text.length <= limit ? text : [...text].slice(0, limit).join('');
}
