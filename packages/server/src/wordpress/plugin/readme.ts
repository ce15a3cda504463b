/** A plugin's readme.txt (wordpress.org: "How your readme.txt works"): the head, the short description, the sections. */

/** Limits of the directory: what is longer is cut off, or left out, on the plugin's page. */
export const readmeLimits = {
  /** Tags that are shown. */
  tags: 5,
  /** Characters of the short description. */
  shortDescription: 150,
  /** Characters of an upgrade notice. */
  upgradeNotice: 300,
  /** Words of a section. */
  sectionWords: 2500,
  /** Words of the changelog and of the questions. */
  longSectionWords: 5000,
} as const;

/** The largest readme that is read, in bytes. */
export const maxReadmeBytes: number = 1024 * 1024;

/** What a readme says; the empty text where it says nothing. */
export interface Readme {
  readonly name: string;
  readonly stableTag: string;
  readonly requiresWordpress: string;
  readonly testedUpTo: string;
  readonly requiresPhp: string;
  readonly license: string;
  readonly licenseUri: string;
  readonly donateLink: string;
  readonly contributors: readonly string[];
  /** All that are written; the directory shows the first five. */
  readonly tags: readonly string[];
  /** Whole; the directory shows the first 150 characters. */
  readonly shortDescription: string;
  readonly sections: readonly ReadmeSection[];
  /** By version, from the section of upgrade notices. */
  readonly upgradeNotices: Readonly<Record<string, string>>;
}

/** A section as it is written. */
export interface ReadmeSection {
  /** `description`, `changelog` and the like, or `other` for a title of one's own. */
  readonly kind: string;
  readonly title: string;
  readonly text: string;
}

const headNames: Readonly<Record<string, string>> = {
  'stable tag': 'stableTag',
  requires: 'requiresWordpress',
  'requires at least': 'requiresWordpress',
  tested: 'testedUpTo',
  'tested up to': 'testedUpTo',
  'requires php': 'requiresPhp',
  license: 'license',
  'license uri': 'licenseUri',
  'donate link': 'donateLink',
  contributors: 'contributors',
  tags: 'tags',
};

const sectionKinds: Readonly<Record<string, string>> = {
  description: 'description',
  installation: 'installation',
  faq: 'faq',
  'frequently asked questions': 'faq',
  screenshots: 'screenshots',
  screenshot: 'screenshots',
  changelog: 'changelog',
  'change log': 'changelog',
  'upgrade notice': 'upgrade_notice',
};

/** Reads a readme. Undefined when it does not begin with `=== Name ===` (or, as Markdown, `# Name`). */
export function parseReadme(bytes: Uint8Array): Readme | undefined {
  const lines = new TextDecoder('utf-8').decode(bytes).split(/\r\n|\r|\n/);
  const start = lines.findIndex((line) => line.trim() !== '');
  const name = parseHeading(lines[start] ?? '', 1);
  if (name === undefined) return undefined;
  const head = readHead(lines, start + 1);
  const body = splitSections(lines.slice(head.end));
  const { contributors = '', tags = '', ...texts } = head.values;
  return {
    ...{ name, stableTag: '', requiresWordpress: '', testedUpTo: '', requiresPhp: '', license: '', licenseUri: '' },
    ...{ donateLink: '', ...texts, contributors: splitList(contributors), tags: splitList(tags) },
    shortDescription: body.lead,
    sections: body.sections,
    upgradeNotices: readNotices(body.sections.find(({ kind }) => kind === 'upgrade_notice')?.text ?? ''),
  };
}

/** The title of `=== x ===` (level 1), `== x ==` (2) or `= x =` (3), whose right half may be missing; or of `#`, `##`, `###`. */
function parseHeading(line: string, level: 1 | 2 | 3): string | undefined {
  const text = line.trim();
  for (const mark of ['='.repeat(4 - level), '#'.repeat(level)]) {
    const sign = mark.charAt(0);
    if (!text.startsWith(mark) || text.charAt(mark.length) === sign) continue;
    let end = text.length;
    while (end > mark.length && text.charAt(end - 1) === sign) end -= 1;
    const title = text.slice(mark.length, end).trim();
    if (title !== '') return title;
  }
  return undefined;
}

/** The head ends at a heading, or after an empty line with what is no field of it. A field that is written twice counts once, the first time. */
function readHead(lines: readonly string[], start: number): { values: Record<string, string>; end: number } {
  const values: Record<string, string> = {};
  for (let at = start; at < lines.length; at++) {
    const line = (lines[at] ?? '').trim();
    const field = parseField(line);
    if (field) values[field.key] ??= field.value;
    else if (line !== '') {
      const isFollowing = at > start && (lines[at - 1] ?? '').trim() === '';
      if (isFollowing || isHeading(line) || !line.includes(':')) return { values, end: at };
    }
  }
  return { values, end: lines.length };
}

function parseField(line: string): { key: string; value: string } | undefined {
  const colon = line.indexOf(':');
  const name = line
    .slice(0, Math.max(colon, 0))
    .replace(/^[\s*-]+/, '')
    .trim()
    .toLowerCase();
  const key = Object.hasOwn(headNames, name) ? headNames[name] : undefined;
  return key === undefined ? undefined : { key, value: stripEmphasis(line.slice(colon + 1)) };
}

/** Markdown readmes write `**Stable tag:** 1.0`. */
function stripEmphasis(text: string): string {
  return text.replace(/^[\s*]+/, '').trim();
}

function isHeading(line: string): boolean {
  return ([1, 2, 3] as const).some((level) => parseHeading(line, level) !== undefined);
}

/** The text before the first section is the short description, in one line. */
function splitSections(lines: readonly string[]): { lead: string; sections: ReadmeSection[] } {
  const lead: string[] = [];
  const sections: { kind: string; title: string; lines: string[] }[] = [];
  for (const line of lines) {
    const title = parseHeading(line, 2);
    if (title !== undefined) {
      const key = title.toLowerCase();
      const kind = Object.hasOwn(sectionKinds, key) ? (sectionKinds[key] ?? 'other') : 'other';
      sections.push({ kind, title, lines: [] });
    } else (sections.at(-1)?.lines ?? lead).push(line);
  }
  return {
    lead: lead
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join(' '),
    sections: sections.map(({ lines: own, ...section }) => ({ ...section, text: own.join('\n').trim() })),
  };
}

function readNotices(text: string): Record<string, string> {
  const notices = new Map<string, string[]>();
  let current: string[] | undefined;
  for (const line of text.split('\n')) {
    const version = parseHeading(line, 3);
    if (version !== undefined) {
      current = [];
      notices.set(version, current);
    } else current?.push(line);
  }
  return Object.fromEntries([...notices].map(([version, own]) => [version, own.join('\n').trim()]));
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
