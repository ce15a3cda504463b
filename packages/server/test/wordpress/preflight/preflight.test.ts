/** The pre-flight as a whole, on both engines: asked for, run by real tools, judged by the gates of the project, before a deploy. */
import assert from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createHeavyJobs } from '../../../src/jobs.ts';
import { createProject } from '../../../src/releases/projects/project.ts';
import { createId } from '../../../src/storage/ids.ts';
import { readJob, startWorker } from '../../../src/storage/jobs.ts';
import { type DeployRow, insertDeploy } from '../../../src/wordpress/deploy/store.ts';
import { runPreflight } from '../../../src/wordpress/preflight/job.ts';
import {
  type PreflightParts,
  preflightAfter,
  preflightJobKind,
  recoverPreflights,
} from '../../../src/wordpress/preflight/preflight.ts';
import { findRun, moveRun } from '../../../src/wordpress/preflight/store.ts';
import { addStoredDraft, type Credential, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import { buildZip } from '../../releases/inspection/zip-builder.ts';
import { forEachEngine } from '../../storage/engines.ts';

const slug = 'acme-forms';
const header = '<?php\n/*\nPlugin Name: Acme\nVersion: 1.0.0\n*/\n';
const settingsPath = `/api/projects/${slug}/wordpress/preflight`;
const pathOf = (version: string) => `/api/projects/${slug}/releases/${version}/wordpress/preflight`;
const backdoor = {
  'inc/.cache.php': '<?php\neval(base64_decode("cGhwaW5mbygpOw=="));',
  'inc/new.php': '<?php\nenum A { case B; }',
};

// biome-ignore lint/suspicious/noExplicitAny: tests read fields of many shapes, and fail on the one that is missing
type Report = any;

forEachEngine((_engine, open) => {
  const closers: (() => unknown)[] = [];
  let scene: PlanesScene;
  let key: Credential;
  let projectId: string;
  before(async () => {
    scene = await openPlanesScene(
      { after: (close) => void closers.push(close as () => unknown) },
      { database: await open() },
    );
    const { resources, home } = scene;
    await home.openServerKey(1);
    const project = await createProject(resources, home.caller, {
      ...{ slug, kind: 'wordpress_plugin', name: { en: 'Acme' }, description: {}, primaryLocale: 'en' },
      ...{ acceptedTypes: ['zip'], scan: 'off', manifestDays: 30 },
    });
    projectId = project.id;
    key = await scene.openKey(home, ['read', 'upload', 'activate', 'manage']);
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  const ask = async (method: string, path: string, json?: unknown, status = 200): Promise<Report> => {
    const answer = await scene.ask(method, path, { as: key, json });
    assert.equal(answer.status, status, String(answer.body));
    return answer.json;
  };
  /** Nothing runs but now: the tests look at what lies between. */
  const drain = async () => {
    const { database, now, log } = scene.resources;
    const worker = startWorker({ database, handlers: createHeavyJobs(scene.resources), now, log, concurrency: 1 });
    await worker.drain();
    await worker.stop();
  };
  const release = async (version: string, files: Readonly<Record<string, string>> = {}) => {
    const entries = Object.entries({ [`${slug}.php`]: header, ...files });
    const bytes = buildZip(entries.map(([name, content]) => ({ name: `${slug}/${name}`, content })));
    await addStoredDraft(scene, { projectId, version, files: [{ name: `${slug}.zip`, bytes }] });
    await ask('POST', `/api/projects/${slug}/releases/${version}/activate`);
  };
  const upload = async (version: string) => {
    const organisationId = scene.home.caller.organisationId;
    const event = {
      id: createId(0),
      topic: 'upload.accepted',
      at: 0,
      organisationId,
      payload: { project: slug, version },
    };
    await preflightAfter(scene.resources, event);
  };
  const run = async (version: string): Promise<Report> => {
    await ask('POST', pathOf(version), undefined, 202);
    await drain();
    return ask('GET', pathOf(version));
  };
  /** A deploy that waits for somebody, without a repository. */
  const prepare = async (version: string): Promise<string> => {
    const { database, now } = scene.resources;
    const found = await database.query
      .selectFrom('release')
      .innerJoin('artifact', 'artifact.release_id', 'release.id')
      .select(['release.id', 'artifact.sha256'])
      .where('version', '=', version)
      .executeTakeFirstOrThrow();
    const row: DeployRow = {
      ...{ id: createId(now()), organisation_id: scene.home.caller.organisationId, project_id: projectId },
      ...{
        release_id: found.id,
        lane: 'code',
        version,
        artifact_sha256: found.sha256,
        repository: 'svn://127.0.0.1:9/x',
      },
      ...{ state: 'awaiting_confirmation', stage: null, attempts: 1, diff_digest: 'ab'.repeat(32), diff: '{}' },
      ...{ revision: null, failure: null, actor: '{}', confirmed_by: null },
      ...{ created_at: now(), updated_at: now(), ended_at: null },
    };
    await database.query.deleteFrom('wordpress_deploy').execute();
    await insertDeploy(database.query, row);
    return row.id;
  };
  const confirm = async (id: string, acknowledged?: string) => {
    const json = { diff_digest: 'ab'.repeat(32), ...(acknowledged && { acknowledged_preflight: acknowledged }) };
    const answer = await scene.ask('POST', `/api/projects/${slug}/wordpress/deploys/${id}/confirm`, { as: key, json });
    return answer.status === 200 ? 'confirmed' : answer.json.rule;
  };
  const summarize = ({ tools }: Report) => tools.map(({ tool, outcome }: Report) => `${tool} ${outcome}`);

  test('an upload begins it, and a sound plugin passes: what no operator has set up is said not to have run', async () => {
    await release('1.0.0');
    const deploy = await prepare('1.0.0');
    assert.equal(await confirm(deploy), 'preflight-missing');
    const missing = await ask('GET', pathOf('1.0.0'), undefined, 404);
    assert.equal(missing.rule, 'preflight-missing');
    await upload('1.0.0');
    assert.equal(await confirm(deploy), 'preflight-running');
    await drain();
    const report = await ask('GET', pathOf('1.0.0'));
    assert.deepEqual(
      [report.state, report.verdict, report.changed_since, summarize(report)],
      ['done', 'acceptable', [], ['security passed', 'php passed', 'standard not_run', 'plugin_check not_run']],
    );
    assert.match(report.tools[1].version, /^PHP 7\.4/);
    await upload('1.0.0');
    assert.equal((await ask('GET', pathOf('1.0.0'))).id, report.id, 'it was run again without need');
    assert.equal(await confirm(deploy), 'confirmed');
  });

  test('a backdoor and PHP of tomorrow keep a plugin from being deployed; soft gates ask somebody to answer for it', async () => {
    await release('2.0.0', backdoor);
    const report = await run('2.0.0');
    assert.equal(report.verdict, 'refused');
    assert.deepEqual(
      report.tools.flatMap(({ findings }: Report) =>
        findings.map(({ path, line, code }: Report) => `${path}:${line} ${code}`),
      ),
      ['inc/.cache.php:2 Signpost.Security.EvaluatedCode.Eval', 'inc/new.php:2 php.syntax'],
    );
    const deploy = await prepare('2.0.0');
    assert.equal(await confirm(deploy, report.id), 'preflight-refused');
    await ask('PUT', settingsPath, { gates: { security: 'soft', php: 'soft' } });
    const softened = await ask('GET', pathOf('2.0.0'));
    assert.deepEqual([softened.id, softened.verdict, softened.changed_since], [report.id, 'acknowledge', []]);
    assert.equal(await confirm(deploy), 'preflight-acknowledge');
    assert.equal(await confirm(deploy, createId(0)), 'preflight-acknowledge');
    assert.equal(await confirm(deploy, report.id), 'confirmed');
    const { query } = scene.resources.database;
    const audit = await query.selectFrom('audit_event').select(['action', 'detail']).execute();
    const passed = audit.filter(({ action }) => action === 'wordpress.deploy_confirmed').at(-1);
    const { preflight, acknowledged } = JSON.parse(passed?.detail ?? '{}');
    assert.deepEqual([preflight, acknowledged], [report.id, 'security,php']);
    assert.ok(audit.some(({ action }) => action === 'wordpress.preflight_settings'));
    await ask('PUT', settingsPath, { gates: {} });
  });

  test('another PHP makes the report stale: the release in service is looked at again, and what did not run is no pass', async () => {
    const { chosen, gates } = await ask('GET', settingsPath);
    assert.deepEqual(
      [chosen.gates, gates],
      [{}, { security: 'hard', php: 'hard', standard: 'off', plugin_check: 'off' }],
    );
    const before = await ask('GET', pathOf('1.0.0'));
    await ask('PUT', settingsPath, { php_version: '8.0' });
    assert.deepEqual((await ask('GET', pathOf('1.0.0'))).changed_since, ['php']);
    await drain();
    const renewed = await ask('GET', pathOf('2.0.0'));
    assert.deepEqual(summarize(renewed).slice(0, 2), ['security failed', 'php not_run']);
    assert.match(renewed.tools[1].reason, /PHP 8\.0 is not installed/);
    await ask('PUT', settingsPath, { gates: { security: 'off', php: 'hard' } });
    assert.deepEqual([before.id, (await ask('GET', pathOf('1.0.0'))).changed_since], [before.id, []]);
    await drain();
    assert.equal(await confirm(await prepare('2.0.0')), 'preflight-refused');
    await ask('PUT', settingsPath, { gates: { security: 'off', php: 'off' } });
    assert.equal(await confirm(await prepare('2.0.0')), 'confirmed');
    const other = await ask('PUT', settingsPath, { gates: { security: 'loud' } }, 400);
    assert.equal(other.rule, 'schema');
    await ask('PUT', settingsPath, {});
    await drain();
  });

  test('a run is cancelled while a tool is at work, and the report before it counts again', async () => {
    const { resources } = scene;
    await run('2.0.0');
    const before = await ask('GET', pathOf('2.0.0'));
    const phpcs = join(resources.config.dataDir, 'slow');
    await writeFile(phpcs, '#!/bin/sh\nexec sleep 60\n');
    await chmod(phpcs, 0o755);
    const parts: PreflightParts = { ...resources, config: { ...resources.config, phpcs } };
    const { id } = await ask('POST', pathOf('2.0.0'), undefined, 202);
    const signal = new AbortController().signal;
    const working = runPreflight(parts, { payload: { preflight_id: id }, signal });
    for (let seen: Report = {}; !seen.progress; await delay(20)) seen = await ask('GET', pathOf('2.0.0'));
    const { progress } = await ask('GET', pathOf('2.0.0'));
    assert.deepEqual(progress, { tool: 'security', files_done: 0, files_total: 3 });
    const cancelled = await ask('POST', `${pathOf('2.0.0')}/cancel`);
    assert.equal(cancelled.id, before.id);
    await working;
    assert.equal((await findRun(resources.database.query, id))?.state, 'cancelled');
    assert.equal((await ask('POST', `${pathOf('2.0.0')}/cancel`, undefined, 409)).rule, 'preflight-state');
    await drain();
  });

  test('what a server that ended has left is taken up, what was found is kept, and what ends the server each time is given up', async () => {
    const { resources } = scene;
    const { query } = resources.database;
    const { id } = await ask('POST', pathOf('1.0.0'), undefined, 202);
    const job = await query
      .selectFrom('job')
      .select('id')
      .where('kind', '=', preflightJobKind)
      .where('state', '=', 'waiting')
      .executeTakeFirstOrThrow();
    await query
      .updateTable('job')
      .set({ state: 'running', attempts: 1, lease_until: resources.now() + 60_000 })
      .where('id', '=', job.id)
      .execute();
    const kept = { outcome: 'run', version: 'an earlier one', findings: [], errors: 0, warnings: 0 };
    await moveRun(query, id, {
      from: ['waiting'],
      change: { state: 'running', attempts: 1, results: JSON.stringify({ security: kept }) },
    });
    await recoverPreflights(resources);
    assert.equal((await readJob(query, job.id))?.last_error, 'the server ended');
    await drain();
    const report = await ask('GET', pathOf('1.0.0'));
    assert.deepEqual(
      [report.id, report.state, report.tools[0].version, report.tools[1].outcome],
      [id, 'done', 'an earlier one', 'passed'],
    );

    const next = await ask('POST', pathOf('1.0.0'), undefined, 202);
    await moveRun(query, next.id, { from: ['waiting'], change: { attempts: 3 } });
    await drain();
    const given = await ask('GET', pathOf('1.0.0'));
    assert.deepEqual(
      [given.id, given.verdict, given.tools[0].reason],
      [next.id, 'refused', 'the server ended each time'],
    );
  });

  test('a server without the tools says so, and five reports of a release are kept', async () => {
    const { resources } = scene;
    const { query } = resources.database;
    const parts: PreflightParts = { ...resources, config: { ...resources.config, phpcs: '/none/phpcs' } };
    await ask('PUT', settingsPath, { gates: { php: 'off' } });
    for (let count = 0; count < 6; count += 1) {
      const { id } = await ask('POST', pathOf('1.0.0'), undefined, 202);
      await runPreflight(parts, { payload: { preflight_id: id }, signal: new AbortController().signal });
    }
    const report = await ask('GET', pathOf('1.0.0'));
    assert.deepEqual([report.tools[0].reason, report.changed_since], ['/none/phpcs is not installed', ['security']]);
    const { release_id } = (await findRun(query, report.id)) ?? {};
    const rows = await query.selectFrom('wordpress_preflight').select('release_id').execute();
    assert.equal(rows.filter((row) => row.release_id === release_id).length, 5);

    await run('2.0.0');
    const subject = JSON.stringify({ sha256: 'another', tools: {} });
    await query.updateTable('wordpress_preflight').set({ subject }).execute();
    assert.deepEqual((await ask('GET', pathOf('2.0.0'))).changed_since, ['file', 'security']);
    assert.equal(await confirm(await prepare('2.0.0')), 'preflight-stale');
  });
});
