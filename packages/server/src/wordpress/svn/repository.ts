/** Questions to a repository, of which no copy is made. */
import { SaxesParser } from 'saxes';
import { SvnFailure } from './failure.ts';
import { boundGrowth, type TreeSize } from './growth.ts';
import { runSvn, type SvnSession, timeLimits } from './run.ts';

/** Names the property, on trunk and tag, that says which deploy made them. */
export const deployProperty = 'signpost:deploy';

/** The revision in which anything at or below `url` changed last; undefined when nothing is there. Throws `SvnFailure`. */
export async function findLastChange(session: SvnSession, url: string): Promise<number | undefined> {
  const words = ['info', '--show-item', 'last-changed-revision', '--no-newline', '--', pegged(url)];
  const text = await unlessMissing(runSvn({ session, words, timeLimitMs: timeLimits.askMs }));
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text.trim())) throw new SvnFailure('other', 'svn info: expected a revision');
  return Number(text);
}

/** A tree as it was in a revision. */
export interface TreeAt {
  readonly url: string;
  readonly revision: number;
}

/** Which deploy says that it made what is at a URL, and the revision in which that changed last. */
export interface DeployMark {
  /** The text of the property; empty for none. */
  readonly deployId: string;
  readonly revision: number;
}

/** The mark at `url`; undefined when nothing is there. Throws `SvnFailure`. */
export async function findDeployMark(session: SvnSession, url: string): Promise<DeployMark | undefined> {
  const revision = await findLastChange(session, url);
  if (revision === undefined) return undefined;
  const words = ['propget', deployProperty, '--no-newline', '--', at({ url, revision })];
  const deployId = (await unlessMissing(runSvn({ session, words, timeLimitMs: timeLimits.askMs }))) ?? '';
  return { deployId, revision };
}

/** How large the tree is, at present unless a revision is named. Throws `SvnFailure`, `output-limit` for one of a very great many files. */
export async function measureTree(session: SvnSession, tree: Pick<TreeAt, 'url'> & Partial<TreeAt>): Promise<TreeSize> {
  const words = ['list', '--recursive', '--xml', '--', at(tree)];
  const { text } = await runSvn({ session, words, timeLimitMs: timeLimits.readMs });
  const sizes = [...text.matchAll(/<size>(\d{1,15})<\/size>/g)].map((match) => Number(match[1]));
  return { entries: text.split('<entry').length - 1, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** The names of the properties of everything in the tree, by URL. Throws `SvnFailure`. */
export async function listTreeProperties(
  session: SvnSession,
  tree: TreeAt,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const words = ['proplist', '--recursive', '--xml', '--', at(tree)];
  const { text } = await runSvn({ session, words, timeLimitMs: timeLimits.readMs });
  return parseProperties(text);
}

/** Writes the tree into a new folder, as long as it is within `bounds` on this disk. Throws `SvnFailure`. */
export async function exportTree(
  session: SvnSession,
  tree: TreeAt,
  { into, bounds }: { readonly into: string; readonly bounds: TreeSize },
): Promise<void> {
  const words = ['export', '--quiet', '--ignore-externals', '--ignore-keywords', '--', at(tree), pegged(into)];
  await boundGrowth(session.scratch, { bounds, signal: session.signal }, (signal) =>
    runSvn({ session: { ...session, signal }, words, timeLimitMs: timeLimits.readMs }),
  );
}

/** The URLs of whatever two trees differ in, properties included. Throws `SvnFailure`. */
export async function listDifferences(session: SvnSession, left: TreeAt, right: TreeAt): Promise<readonly string[]> {
  const words = ['diff', '--summarize', '--old', at(left), '--new', at(right)];
  const { text } = await runSvn({ session, words, timeLimitMs: timeLimits.readMs });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(8));
}

/** Revisions of a tree that are looked through for a mark. */
const maxRevisions = 500;

/** The latest revisions below `url` whose message has the line `mark`, newest first. Throws `SvnFailure`. */
export async function listMarkedRevisions(session: SvnSession, url: string, mark: string): Promise<readonly number[]> {
  const words = ['log', '--xml', '--limit', String(maxRevisions), '--', pegged(url)];
  const { text } = await runSvn({ session, words, timeLimitMs: timeLimits.askMs });
  const entries = text.split('<logentry').slice(1);
  const marked = entries.filter((entry) => /<msg>([^<]*)<\/msg>/.exec(entry)?.[1]?.split('\n').includes(mark));
  return marked.map((entry) => Number(/revision="(\d{1,15})"/.exec(entry)?.[1])).filter(Number.isSafeInteger);
}

function at({ url, revision }: Pick<TreeAt, 'url'> & Partial<TreeAt>): string {
  return `${pegged(url)}${revision ?? ''}`;
}

/** What stands behind the last `@` would be a revision (svnbook: "Peg and Operative Revisions"). */
export function pegged(target: string): string {
  return `${target}@`;
}

async function unlessMissing(answer: Promise<{ readonly text: string }>): Promise<string | undefined> {
  try {
    return (await answer).text;
  } catch (error) {
    if (error instanceof SvnFailure && error.kind === 'not-found') return undefined;
    throw error;
  }
}

/** `<target path="…"><property name="…"/></target>`. */
export function parseProperties(xml: string): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  let current: Set<string> | undefined;
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw new SvnFailure('other', `svn proplist: ${error.message}`);
  });
  parser.on('opentag', ({ name: tag, attributes }) => {
    if (tag === 'target') {
      current = new Set();
      found.set(attributes.path ?? '', current);
    } else if (tag === 'property') current?.add(attributes.name ?? '');
  });
  parser.write(xml).close();
  return found;
}
