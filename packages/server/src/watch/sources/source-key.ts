/** What is watched, under one name however it is written: a source's key never holds a tag, a version or a digest. */
import { Refusal } from '../../errors.ts';
import { parseFeed } from './feed.ts';
import { parseGitRepository } from './git-repository.ts';
import { parseImage } from './image.ts';
import { parsePackage } from './package.ts';
import type { ParsedSource } from './parsed-source.ts';
import { parseProject } from './project.ts';

/** Where sources come from. */
export type Ecosystem = 'oci' | 'npm' | 'signpost' | 'feed' | 'git';

/** A source, and which of its artifacts was meant. */
export interface SourceReference {
  readonly ecosystem: Ecosystem;
  /** `oci:docker.io/library/postgres`, `npm:@scope/name`, `signpost:host/project`, `feed:https://…`, `git:host/owner/repo`. */
  readonly key: string;
  /** A tag or version. Beside a digest it only says what the digest was called. */
  readonly label: string | undefined;
  /** `sha256:…`. */
  readonly digest: string | undefined;
}

const parsers: Readonly<Record<Ecosystem, (text: string) => ParsedSource | undefined>> = {
  oci: parseImage,
  npm: parsePackage,
  signpost: parseProject,
  feed: parseFeed,
  git: parseGitRepository,
};

const forms: Readonly<Record<Ecosystem, string>> = {
  oci: 'oci:registry/repository, with :tag or @sha256:… where one is meant',
  npm: 'npm:name or npm:@scope/name, with @version where one is meant',
  signpost: 'signpost:host/project',
  feed: 'feed:https://…',
  git: 'git:host/owner/repository',
};

/** Longer texts are no references. */
const maxLength = 1024;

/**
 * Parses a reference as people write it. A text without the prefix of an ecosystem names an image, as everywhere else.
 * Throws `invalid`, rule `source-reference`: what is malformed never becomes a key of its own.
 */
export function parseSourceReference(text: string): SourceReference {
  const [ecosystem, rest] = splitEcosystem(text);
  const parsed = text.length <= maxLength ? parsers[ecosystem](rest) : undefined;
  if (!parsed) {
    throw new Refusal('invalid', `expected ${forms[ecosystem]}`, { rule: 'source-reference' });
  }
  const { name, label, digest } = parsed;
  return { ecosystem, key: `${ecosystem}:${name}`, label, digest };
}

/** The reference in its one form. */
export function formatSourceReference({ ecosystem, key, label, digest }: SourceReference): string {
  const separator = ecosystem === 'npm' || ecosystem === 'git' ? '@' : ':';
  return `${key}${label === undefined ? '' : `${separator}${label}`}${digest === undefined ? '' : `@${digest}`}`;
}

function splitEcosystem(text: string): [Ecosystem, string] {
  // docker://… is how image tools name one; docker:24 is an image of that name.
  const image = /^(?:docker:\/\/|oci:(?:\/\/)?)(.*)$/s.exec(text)?.[1];
  if (image !== undefined) return ['oci', image];
  const [, prefix, rest] = /^(npm|signpost|feed|git):(.*)$/s.exec(text) ?? [];
  return prefix === undefined || rest === undefined ? ['oci', text] : [prefix as Ecosystem, rest];
}
