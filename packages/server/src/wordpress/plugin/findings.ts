/** Whether a plugin says of itself what its release says, and what wordpress.org would show otherwise than it is written. */
import type { PluginHeader } from './header.ts';
import { type Readme, readmeLimits } from './readme.ts';

/** Something to know about a plugin. An `error` keeps it from being deployed: users would get another version than was released, or none. */
export interface PluginFinding {
  readonly severity: 'error' | 'warning' | 'info';
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
}

/** What was read of an archive. */
export interface PluginContent {
  /** The one folder at the top; undefined when there are several, or files beside it. */
  readonly folder: string | undefined;
  /** Files in that folder that WordPress takes for a plugin, in the order of their names. */
  readonly mainFiles: readonly { readonly file: string; readonly header: PluginHeader }[];
  readonly readme: Readme | undefined;
  /** Whether there is a readme that does not begin as one. */
  readonly isReadmeBroken: boolean;
  /** Paths of what belongs to no release: folders of version control. */
  readonly foreignPaths: readonly string[];
}

/** The release that the plugin is part of. */
export interface ReleaseIdentity {
  readonly slug: string;
  readonly version: string;
}

type Judge = (content: PluginContent, release: ReleaseIdentity) => readonly (PluginFinding | undefined)[];

const error = (code: string, message: string): PluginFinding => ({ severity: 'error', code, message });
const warning = (code: string, message: string): PluginFinding => ({ severity: 'warning', code, message });

const judges: readonly Judge[] = [
  judgeFolder,
  judgeMainFile,
  judgeVersions,
  judgeRequirements,
  judgeReadme,
  judgeTexts,
];

/** All findings, errors first. */
export function judgePlugin(content: PluginContent, release: ReleaseIdentity): readonly PluginFinding[] {
  const found = judges.flatMap((judge) => judge(content, release)).filter((finding) => finding !== undefined);
  const order = ['error', 'warning', 'info'];
  return found.sort((left, right) => order.indexOf(left.severity) - order.indexOf(right.severity));
}

/** Of several main files, WordPress shows several plugins; the one named like the folder is meant. */
export function chooseMainFile({ folder, mainFiles }: Pick<PluginContent, 'folder' | 'mainFiles'>) {
  return mainFiles.find(({ file }) => file === `${folder}.php`) ?? mainFiles[0];
}

function judgeFolder({ folder, foreignPaths }: PluginContent, { slug }: ReleaseIdentity) {
  return [
    folder === undefined
      ? error('top-folder', `expected everything in one folder at the top of the archive, such as ${slug}/`)
      : undefined,
    folder !== undefined && folder !== slug
      ? warning(
          'folder-not-slug',
          `the folder ${quote(folder)} is not the project's slug: WordPress would install the plugin beside an older one`,
        )
      : undefined,
    ...foreignPaths.map((path) =>
      /(?:^|\/)\.svn(?:\/|$)/i.test(path)
        ? error('subversion-folder', `${quote(path)} is Subversion's own: leave it out of the archive`)
        : warning('foreign-folder', `${quote(path)} belongs to no release`),
    ),
  ];
}

function judgeMainFile(content: PluginContent, { slug }: ReleaseIdentity) {
  const { mainFiles } = content;
  const main = chooseMainFile(content);
  if (!main)
    return [error('no-plugin-file', 'expected a PHP file at the top of the folder with a "Plugin Name" in its header')];
  const { textDomain, updateUri } = main.header;
  return [
    mainFiles.length > 1
      ? warning(
          'several-plugin-files',
          `WordPress would show ${mainFiles.length} plugins: ${mainFiles.map(({ file }) => file).join(', ')}`,
        )
      : undefined,
    textDomain !== '' && textDomain !== slug
      ? warning(
          'text-domain',
          `expected the Text Domain ${quote(slug)}, got ${quote(textDomain)}: translations would not be found`,
        )
      : undefined,
    updateUri !== '' && !/^(?:https?:\/\/)?(?:w|wordpress)\.org(?:\/|$)/i.test(updateUri)
      ? warning('update-uri', 'the directory takes no plugin whose Update URI leads elsewhere')
      : undefined,
  ];
}

function judgeVersions(content: PluginContent, { version }: ReleaseIdentity) {
  const main = chooseMainFile(content);
  const { readme } = content;
  return [
    /^[0-9A-Za-z][0-9A-Za-z._-]*$/.test(version)
      ? undefined
      : error(
          'version-form',
          `expected a version of digits, letters, dots and hyphens, as the directory takes them, got ${quote(version)}`,
        ),
    main && main.header.version !== version
      ? error(
          'version',
          `expected the Version ${quote(version)} in the header, as the release has it, got ${quote(main.header.version)}`,
        )
      : undefined,
    readme && parseStableTag(readme.stableTag) !== version
      ? error(
          'stable-tag',
          `expected the Stable tag ${quote(version)}, got ${quote(readme.stableTag)}: the directory would offer that one`,
        )
      : undefined,
  ];
}

/** The directory reads `tags/1.0` as `1.0`. */
function parseStableTag(text: string): string {
  return text.replace(/^\/?tags\//i, '');
}

function judgeRequirements(content: PluginContent) {
  const header = chooseMainFile(content)?.header;
  const { readme } = content;
  if (!header || !readme) return [];
  return [
    judgeForm('requires-php', 'Requires PHP', header.requiresPhp, readme.requiresPhp),
    judgeForm('requires-wordpress', 'Requires at least', header.requiresWordpress, readme.requiresWordpress),
    readme.testedUpTo === ''
      ? warning('tested-up-to', 'expected "Tested up to": the directory would show it as tested with no WordPress')
      : undefined,
    isVersionForm(readme.testedUpTo.replace(/^(?:WordPress|WP)\s+/i, ''))
      ? undefined
      : warning('tested-up-to', `expected a version such as 6.4 as "Tested up to", got ${quote(readme.testedUpTo)}`),
  ];
}

function judgeForm(code: string, name: string, inHeader: string, inReadme: string): PluginFinding | undefined {
  const wrong = [inHeader, inReadme].find((text) => !isVersionForm(text));
  if (wrong !== undefined) return warning(code, `expected a version such as 7.4 as "${name}", got ${quote(wrong)}`);
  if (inHeader === inReadme || inHeader === '' || inReadme === '') return undefined;
  return warning(
    code,
    `"${name}" is ${quote(inHeader)} in the header and ${quote(inReadme)} in the readme; WordPress goes by the header`,
  );
}

function isVersionForm(text: string): boolean {
  return text === '' || /^\d{1,3}(?:\.\d{1,3}){1,2}$/.test(text);
}

function judgeReadme({ readme, isReadmeBroken, folder }: PluginContent) {
  if (!readme)
    return [
      isReadmeBroken
        ? error('readme-form', 'expected readme.txt to begin with === Name ===')
        : folder === undefined
          ? undefined
          : error('readme-missing', 'expected a readme.txt at the top of the folder'),
    ];
  return [
    readme.license === '' ? warning('license', 'expected a license that goes with the GPL') : undefined,
    readme.contributors.length === 0
      ? warning('contributors', 'expected user names of wordpress.org as Contributors')
      : undefined,
    readme.tags.length > readmeLimits.tags
      ? warning('tags', `the directory shows ${readmeLimits.tags} tags, got ${readme.tags.length}`)
      : undefined,
  ];
}

function judgeTexts({ readme }: PluginContent, { version }: ReleaseIdentity) {
  if (!readme) return [];
  const { shortDescription, sections, upgradeNotices } = readme;
  const has = (kind: string) => sections.some((section) => section.kind === kind);
  const notice = Object.hasOwn(upgradeNotices, version) ? (upgradeNotices[version] ?? '') : '';
  return [
    shortDescription === ''
      ? warning('short-description', 'expected a line between the head and the first section')
      : undefined,
    judgeLength('short-description', 'the short description', shortDescription, readmeLimits.shortDescription),
    judgeLength('upgrade-notice', 'the upgrade notice', notice, readmeLimits.upgradeNotice),
    has('description') ? undefined : warning('description', 'expected a section == Description =='),
    has('changelog') ? undefined : warning('changelog', 'expected a section == Changelog =='),
    ...sections.map(({ kind, title, text }) => {
      const limit = ['changelog', 'faq'].includes(kind) ? readmeLimits.longSectionWords : readmeLimits.sectionWords;
      const words = text.split(/\s+/).length;
      return words > limit
        ? warning('section-length', `the directory shows ${limit} words of ${quote(title)}, got ${words}`)
        : undefined;
    }),
  ];
}

function judgeLength(code: string, what: string, text: string, limit: number): PluginFinding | undefined {
  const length = [...text].length;
  return length > limit
    ? warning(code, `the directory shows ${limit} characters of ${what}, got ${length}`)
    : undefined;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}
