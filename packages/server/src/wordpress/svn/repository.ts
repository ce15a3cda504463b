/** Questions to a repository, of which no copy is made. */
import { SvnFailure } from './failure.ts';
import { runSvn, type SvnSession, timeLimits } from './run.ts';

/** Names the property, on trunk and tag, that says which deploy made them. */
export const deployProperty = 'signpost:deploy';

/** What a tree has, to be asked before it is copied. */
export interface TreeSize {
  readonly entries: number;
  readonly bytes: number;
}

/** The revision in which anything at or below `url` changed last; undefined when nothing is there. Throws `SvnFailure`. */
export async function findLastChange(session: SvnSession, url: string): Promise<number | undefined> {
  const words = ['info', '--show-item', 'last-changed-revision', '--no-newline', '--', pegged(url)];
  const text = await unlessMissing(runSvn({ session, words, timeLimitMs: timeLimits.askMs }));
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text.trim())) throw new SvnFailure('other', 'svn info: expected a revision');
  return Number(text);
}

/** Which deploy made what is at `url`: the text of its property, the empty one for none; undefined when nothing is there. Throws `SvnFailure`. */
export async function findDeployMark(session: SvnSession, url: string): Promise<string | undefined> {
  if ((await findLastChange(session, url)) === undefined) return undefined;
  const words = ['propget', deployProperty, '--no-newline', '--', pegged(url)];
  return (await unlessMissing(runSvn({ session, words, timeLimitMs: timeLimits.askMs }))) ?? '';
}

/** How large the tree at `url` is. Throws `SvnFailure`, `output-limit` for one of a very great many files. */
export async function measureTree(session: SvnSession, url: string): Promise<TreeSize> {
  const words = ['list', '--recursive', '--xml', '--', pegged(url)];
  const { text } = await runSvn({ session, words, timeLimitMs: timeLimits.readMs });
  const sizes = [...text.matchAll(/<size>(\d{1,15})<\/size>/g)].map((match) => Number(match[1]));
  return { entries: text.split('<entry').length - 1, bytes: sizes.reduce((sum, size) => sum + size, 0) };
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
