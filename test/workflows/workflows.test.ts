/** Our own workflows, and the linter that holds them: each way to be wrong is found. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { lintWorkflow } from './lint.ts';

const folder = join(import.meta.dirname, '../../.github/workflows');
const checkout = 'actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1';

const good = `name: x
on:
  push:
permissions: {}
jobs:
  one:
    runs-on: ubuntu-24.04
    timeout-minutes: 5
    permissions:
      contents: read
    steps:
      - uses: ${checkout}
        with:
          persist-credentials: false
      - run: npm test
`;

test('our workflows keep to the rules', () => {
  const names = readdirSync(folder);
  assert.deepEqual(names.sort(), ['ci.yml', 'release.yml']);
  for (const name of names) assert.deepEqual(lintWorkflow(readFileSync(join(folder, name), 'utf8')), [], name);
});

test('only the jobs that sign and draft may write anything, and neither runs code of the repository', () => {
  const text = readFileSync(join(folder, 'release.yml'), 'utf8');
  const [, build = '', sign = '', draft = ''] = text.split(/^ {2}(?:build|sign|draft):$/m);
  assert.doesNotMatch(build, /: write/);
  assert.deepEqual(sign.match(/[a-z-]+: write/g), ['id-token: write', 'attestations: write']);
  assert.deepEqual(draft.match(/[a-z-]+: write/g), ['contents: write']);
  for (const job of [sign, draft]) assert.doesNotMatch(job, /checkout@|\bnpm\b|\bnode\b/);
});

const wrong: readonly (readonly [string, string | RegExp, string, RegExp])[] = [
  ['a tag in the place of a digest', checkout, 'actions/checkout@v7 # v7.0.1', /not pinned/],
  ['a short digest', checkout, 'actions/checkout@3d3c42e # v7.0.1', /not pinned/],
  ['a digest without its version', ' # v7.0.1', '', /expected the version/],
  ['an action of the repository itself', checkout, './act # v1.0.0', /not pinned/],
  ['an image by its tag', checkout, 'docker://alpine:3 # v3.0.0', /not pinned/],
  ['credentials that stay', 'persist-credentials: false', 'fetch-depth: 1', /keeps its credentials/],
  ['rights for all jobs', 'permissions: {}', 'permissions: write-all', /top-level permissions/],
  ['no rights named', 'permissions: {}\n', '', /top-level permissions/],
  [
    'a right to write for all jobs',
    'permissions: {}',
    'permissions:\n  contents: write',
    /top-level permission contents/,
  ],
  ['a job without rights of its own', '    permissions:\n      contents: read\n', '', /permissions of its own/],
  ['a job that may take for ever', '    timeout-minutes: 5\n', '', /timeout-minutes/],
  ['a runner of any version', 'ubuntu-24.04', 'ubuntu-latest', /not of one version/],
  ['the rights of the repository for strangers', '  push:', '  pull_request_target:', /pull_request_target/],
  ['an event that strangers cause', '  push:', '  issue_comment:', /issue_comment/],
  [
    'the title of a request in a script',
    'npm test',
    'echo $'.concat('{{ github.event.pull_request.title }}'),
    /inside of a script/,
  ],
  ['any expression in a script', 'npm test', 'echo $'.concat('{{ github.ref_name }}'), /inside of a script/],
  [
    'a script as an input',
    'persist-credentials: false',
    `persist-credentials: false\n          script: "$${'{{ github.actor }}'}"`,
    /inside of a script/,
  ],
  [
    'a stored secret',
    'npm test',
    'npm test\n        env:\n          KEY: $'.concat('{{ secrets.KEY }}'),
    /stored secret/,
  ],
  [
    'an image that may change',
    '    timeout-minutes: 5\n',
    '    timeout-minutes: 5\n    container: debian:12\n',
    /image debian:12/,
  ],
  ['a key twice', 'name: x', 'name: x\nname: y', /no YAML/],
  ['no jobs', /jobs:[\s\S]*/, '', /expected jobs/],
];

test('the fixture of the tests below is good', () => assert.deepEqual(lintWorkflow(good), []));

for (const [name, from, to, expected] of wrong) {
  test(`${name} is found`, () => {
    const text = good.replace(from, () => to);
    assert.notEqual(text, good);
    const problems = lintWorkflow(text);
    assert.ok(
      problems.some((problem) => expected.test(problem)),
      problems.join('; '),
    );
  });
}
