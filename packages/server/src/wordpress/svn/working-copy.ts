/** A working copy of a part of a plugin's repository: trunk whole, or the files of `assets`; the folders beside it empty. Paths are relative to its top. */
import { lstat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SvnFailure } from './failure.ts';
import { boundGrowth, type TreeSize } from './growth.ts';
import { parseProperties, pegged } from './repository.ts';
import { runSvn, type SvnCall, type SvnOutput, type SvnSession, timeLimits } from './run.ts';

/** One line of `svn status`: the first two columns and the path. */
export interface StatusLine {
  /** `A`, `D`, `M`, `R`, or a space for none. */
  readonly content: string;
  /** `M`, or a space for none. */
  readonly properties: string;
  readonly path: string;
}

const maxDiffBytes = 1024 * 1024;
/** Paths of 1,024 bytes at most fit into a command line. */
const pathsAtOnce = 100;
/** What a working copy is called inside its scratch folder. */
const name = 'copy';

/** What is fetched of a repository. */
export type CopiedPart = 'trunk' | 'assets';

const depths: Readonly<Record<CopiedPart, string>> = { trunk: 'infinity', assets: 'files' };

/** A working copy that lives as long as its session. */
export class WorkingCopy {
  readonly #session: SvnSession;
  readonly #part: CopiedPart;
  readonly root: string;

  constructor(session: SvnSession, part: CopiedPart = 'trunk') {
    this.#session = session;
    this.#part = part;
    this.root = join(session.scratch, name);
  }

  /**
   * Fetches the top folders, and then the part, as long as it is within `bounds` on this disk. What other repositories hold stays there.
   * Throws `SvnFailure`.
   */
  async checkOut(url: string, bounds: TreeSize): Promise<void> {
    const { signal, scratch } = this.#session;
    await boundGrowth(scratch, { bounds, signal }, async (bounded) => {
      const common = { session: { ...this.#session, signal: bounded }, timeLimitMs: timeLimits.readMs };
      const shallow = ['checkout', '--quiet', '--ignore-externals', '--depth=immediates', '--', pegged(url), this.root];
      await runSvn({ ...common, words: shallow });
      await this.#assertFolders();
      const deepen = ['update', '--quiet', '--ignore-externals', `--set-depth=${depths[this.#part]}`, this.#part];
      await runSvn({ ...common, words: deepen, folder: this.root });
    });
    // A server may have sent something else the second time.
    await this.#assertFolders();
    await this.#assertUrl(url);
  }

  /** Over TLS a redirection to elsewhere on the same host is seen by nobody else. */
  async #assertUrl(url: string): Promise<void> {
    const { text } = await this.#call(['info', '--show-item', 'url', '--no-newline', this.#part]);
    if (text.trim() === `${url}/${this.#part}`) return;
    throw new SvnFailure(
      'redirected',
      `expected a copy of ${url}/${this.#part}, got one of ${text.trim().slice(0, 500)}`,
    );
  }

  /** What is written below a link is written elsewhere on this machine, and `svn:special` makes links of what a repository holds. */
  async #assertFolders(): Promise<void> {
    for (const folder of this.#part === 'trunk' ? ['trunk', 'tags'] : ['assets']) {
      const status = await lstat(join(this.root, folder)).catch(() => undefined);
      if (!status?.isDirectory()) throw new SvnFailure('not-found', `expected ${folder} to be a folder`);
    }
  }

  /** The revision in which the part changed last, as it was copied. */
  async readBaseRevision(): Promise<number> {
    const { text } = await this.#call(['info', '--show-item', 'last-changed-revision', '--no-newline', this.#part]);
    return Number(text);
  }

  /** Puts paths under version control, parents first, or out of it with all below them. */
  async schedule(verb: 'add' | 'delete', paths: readonly string[]): Promise<void> {
    const options = verb === 'add' ? ['--depth', 'empty', '--no-ignore', '--no-auto-props'] : [];
    await this.#withTargets([verb, '--quiet', '--force', ...options], paths);
  }

  /** Sets a property of paths. */
  async setProperty(property: string, value: string, paths: readonly string[]): Promise<void> {
    await this.#withTargets(['propset', '--quiet', property, value], paths);
  }

  /** Removes a property of paths. */
  async removeProperty(property: string, paths: readonly string[]): Promise<void> {
    // The one command of these that reads no list.
    for (let at = 0; at < paths.length; at += pathsAtOnce) {
      const some = paths.slice(at, at + pathsAtOnce).map(pegged);
      await this.#call(['propdel', '--quiet', property, '--', ...some], { timeLimitMs: timeLimits.readMs });
    }
  }

  /** The names of the properties of everything of the part, by path. */
  async listProperties(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { text } = await this.#call(['proplist', '--recursive', '--xml', this.#part]);
    return parseProperties(text);
  }

  /** What would be committed of the part. Throws when something is in no state that could be. */
  async readStatus(): Promise<readonly StatusLine[]> {
    const { text } = await this.#call(['status', '--ignore-externals', '--no-ignore', this.#part]);
    return parseStatus(text);
  }

  /** The changes of text as a unified diff, up to 1 MiB. */
  async readDiff(): Promise<SvnOutput> {
    return this.#call(['diff', '--internal-diff', 'trunk'], { maxOutputBytes: maxDiffBytes, mayCut: true });
  }

  /** Copies trunk, as it is here, to a tag that is not there. */
  async copyTrunk(tag: string): Promise<void> {
    await this.#call(['copy', '--quiet', '--ignore-externals', 'trunk', pegged(tag)]);
  }

  /** Commits paths with all below them in one revision. Throws `SvnFailure`; after `unreachable` and `time-limit` nobody knows whether it happened. */
  async commit(paths: readonly string[], message: string): Promise<void> {
    const file = join(this.#session.scratch, 'message');
    await writeFile(file, message);
    const words = ['commit', '--quiet', '--encoding', 'UTF-8', '--file', file, ...paths.map(pegged)];
    await this.#call(words, { timeLimitMs: timeLimits.commitMs });
  }

  async #withTargets(words: readonly string[], paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const file = join(this.#session.scratch, 'targets');
    await writeFile(file, paths.map((path) => `${pegged(path)}\n`).join(''));
    await this.#call([...words, '--targets', file], { timeLimitMs: timeLimits.readMs });
  }

  #call(words: readonly string[], limits: Partial<Omit<SvnCall, 'session' | 'words'>> = {}): Promise<SvnOutput> {
    return runSvn({ timeLimitMs: timeLimits.readMs, ...limits, session: this.#session, words, folder: this.root });
  }
}

/** Seven columns, a space, and the path (`svn help status`). Throws `SvnFailure` for missing, foreign and conflicting paths. */
export function parseStatus(text: string): readonly StatusLine[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [content = '', properties = ''] = line;
      if (!/^[ AMDR][ M][ ][ +][ ][ ][ ] [^ ]/.test(line)) {
        throw new SvnFailure(
          'other',
          `svn status: expected nothing but changes, got ${JSON.stringify(line.slice(0, 200))}`,
        );
      }
      return { content, properties, path: line.slice(8) };
    });
}
