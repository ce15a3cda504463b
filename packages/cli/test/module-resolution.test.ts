import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createResolve } from '../src/module-resolution.ts';
import { createWorkplace } from './support/run.ts';

/** Imports by Node's own answers while the hook is asked beside it; returns how many it knew itself. */
async function compareAnswers(t: TestContext, path: string): Promise<number> {
  const resolve = createResolve();
  let known = 0;
  const hooks = registerHooks({
    resolve(specifier, context, nextResolve) {
      const expected = nextResolve(specifier, context);
      let isAsked = false;
      const { url, format } = resolve(specifier, context, () => {
        isAsked = true;
        return expected;
      });
      if (!isAsked) known += 1;
      assert.deepEqual({ url, format }, { url: expected.url, format: expected.format });
      return expected;
    },
  });
  t.after(() => hooks.deregister());
  await import(pathToFileURL(path).href);
  return known;
}

test('imports of a command are found where Node finds them, most without asking it', async (t) => {
  const path = join(import.meta.dirname, '../src/commands/evidence/table.ts');
  assert.ok((await compareAnswers(t, path)) > 100);
});

test('what a link leads to is found where it is', { skip: process.platform === 'win32' }, async (t) => {
  const folder = await createWorkplace(t);
  await mkdir(join(folder, 'real'));
  for (const name of ['one', 'two']) await writeFile(join(folder, `real/${name}.mjs`), '');
  await symlink('real', join(folder, 'link'));
  await writeFile(
    join(folder, 'main.mjs'),
    "import './link/one.mjs'; import './link/two.mjs'; import './real/two.mjs';",
  );
  assert.equal(await compareAnswers(t, join(folder, 'main.mjs')), 0);
});

test('a file that is not there is named, though its neighbours are known', async (t) => {
  const folder = await createWorkplace(t);
  await writeFile(join(folder, 'one.mjs'), '');
  await writeFile(join(folder, 'main.mjs'), "import './one.mjs'; import './missing.mjs';");
  const hooks = registerHooks({ resolve: createResolve() });
  t.after(() => hooks.deregister());
  await assert.rejects(import(pathToFileURL(join(folder, 'main.mjs')).href), /missing\.mjs/);
});
