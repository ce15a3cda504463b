/** The alert rules: sound, about figures that a server has, and each fired once and held quiet once by promtool. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { openApiKey } from '../programs/authority.ts';
import { signIn } from '../programs/operator.ts';
import { install, startServer } from '../programs/server.ts';

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

interface Trials {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const folder = join(import.meta.dirname, '../../deploy/prometheus');
const read = <T>(name: string): T => parse(readFileSync(join(folder, name), 'utf8'));
const { groups } = read<Rules>('signpost.rules.yml');
const rules = groups.flatMap((group) => group.rules);
const missing = existsSync('/usr/bin/promtool') ? false : 'promtool is not installed (apt-get install prometheus)';

test('promtool fires every alert, and none below its threshold', {
  skip: process.env.CI === 'true' ? false : missing,
}, async () => {
  const { tests } = read<Trials>('signpost.rules.test.yml');
  const trials = tests.flatMap((one) => one.alert_rule_test);
  for (const { alert } of rules) {
    const counts = trials.filter(({ alertname }) => alertname === alert).map(({ exp_alerts }) => exp_alerts.length);
    assert.deepEqual(counts, [1, 0], alert);
  }
  const options = { cwd: folder, timeout: 240_000, env: {} };
  await promisify(execFile)('/usr/bin/promtool', ['test', 'rules', 'signpost.rules.test.yml'], options);
});

test('every figure that an alert looks at is one that a server has', async () => {
  const installation = await install();
  try {
    const server = await startServer(installation);
    const { email, password } = installation.admin;
    const headers = await openApiKey(await signIn(server.base, email, password), ['metrics']);
    const figures = await (await fetch(`${server.base}/metrics`, { headers })).text();
    await server.stop();
    const names = new Set(rules.flatMap(({ expr }) => expr.match(/\bsignpost_[a-z_]+/g) ?? []));
    assert.ok(names.size > 8);
    for (const name of names) assert.ok(figures.includes(`# TYPE ${name} `), name);
  } finally {
    await installation.remove();
  }
});
