/** Where the password could be seen while `svn` runs: argument lists, environments, files, core files, the log. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { committer, createRepository, startSvnserve } from '../programs/subversion.ts';
import { slug } from './plugin.ts';
import { openPluginScene } from './scene.ts';

test('the password stands in no argument list, environment, file or log while svn runs, and no core file can hold it', async (t) => {
  const repository = await createRepository(slug);
  t.after(() => repository.remove());
  const server = await startSvnserve(repository, slug);
  t.after(() => server.stop());
  // The repository takes its time: no commit ends before its process was looked at.
  const seenFile = join(repository.folder, 'seen');
  const untilSeen = `for _ in $(seq 6000); do [ -e '${seenFile}' ] && break; sleep 0.02; done; rm -f '${seenFile}'`;
  await repository.writeHook('pre-commit', untilSeen);
  const plugin = await openPluginScene(t, server);
  await plugin.release({ version: '1.0.0' });
  const scratch = join(plugin.scene.resources.config.dataDir, 'wordpress');
  const seen = watchProcesses(scratch, () => writeFile(seenFile, ''));
  t.after(() => seen.stop());
  const deployed = await plugin.deploy('1.0.0');
  const pictures = await plugin.deployAssets({
    'icon.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>',
  });
  const { texts, limits, calls } = await seen.stop();
  assert.deepEqual([deployed.state, pictures.state], ['deployed', 'deployed']);
  // Both lanes were looked at while they committed.
  const commits = [...texts].filter((text) => text.startsWith('svn commit '));
  assert.equal(commits.length, 2, [...calls].join(' '));
  const everything = [...texts, ...plugin.scene.lines, JSON.stringify([deployed, pictures])].join('\n');
  assert.match(everything, /--password-from-stdin/);
  assert.doesNotMatch(everything, new RegExp(committer.password));
  assert.deepEqual([...limits], ['Max core file size 0 0']);
  assert.deepEqual(await readdir(join(plugin.scene.resources.config.dataDir, 'wordpress')), []);
});

interface Sighting {
  readonly texts: ReadonlySet<string>;
  readonly limits: ReadonlySet<string>;
  readonly calls: ReadonlySet<string>;
}

/**
 * Reads what anybody may read of the processes of `svn` that we started, and every file of their scratch folder, until it is
 * stopped; calls `sawCommit` after all of it was read of one that commits.
 */
function watchProcesses(scratch: string, sawCommit: () => Promise<void>): { stop(): Promise<Sighting> } {
  const [texts, limits, calls] = [new Set<string>(), new Set<string>(), new Set<string>()];
  let stopped = false;
  const look = async (pid: string) => {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words[0] !== 'svn' || !words.some((word) => word.startsWith(scratch))) return;
    texts.add(words.join(' '));
    calls.add(words[1] ?? '');
    texts.add(await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''));
    const core = /^Max core file size.*$/m.exec(await readFile(`/proc/${pid}/limits`, 'utf8').catch(() => ''));
    if (core)
      limits.add(
        core[0]
          .trim()
          .replaceAll(/\s+/g, ' ')
          .replace(/ bytes$/, ''),
      );
  };
  const ended = (async () => {
    for (let [known, commits] = [0, 0]; !stopped; known = commits) {
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) await look(pid);
      for (const path of await readdir(scratch, { recursive: true }).catch(() => [])) {
        if (/config|message|targets/.test(path)) texts.add(await readFile(join(scratch, path), 'utf8').catch(() => ''));
      }
      commits = [...texts].filter((text) => text.startsWith('svn commit ')).length;
      if (commits > known) await sawCommit();
      await delay(5);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await ended;
      return { texts, limits, calls };
    },
  };
}

test('this test can see what it looks for', async () => {
  const words = await readFile(`/proc/${process.pid}/cmdline`, 'utf8');
  assert.match(words, /node/);
});
