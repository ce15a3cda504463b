/** SBOMs and vulnerabilities from the command, against a real server. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { startServer, type TestServer } from '../support/server.ts';

const project = ['--project', 'rocket'];

/** A release of one file, and an SBOM of it with lodash in that version. */
async function publish({ cwd, json }: TestServer, release: string, lodash: string): Promise<void> {
  await writeFile(join(cwd, 'app.bin'), `release ${release}`);
  await json('release', 'upload', 'app.bin', ...project, '--release', release);
  const shown = await json('release', 'show', release, ...project);
  const [file] = shown.artifacts as { sha256: string }[];
  const sbom = {
    ...{ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 },
    metadata: {
      timestamp: '2026-11-01T00:00:00Z',
      component: {
        ...{ type: 'application', name: 'rocket', 'bom-ref': 'app' },
        hashes: [{ alg: 'SHA-256', content: file?.sha256 }],
      },
    },
    components: [
      { type: 'library', name: 'lodash', version: lodash, 'bom-ref': 'lodash', purl: `pkg:npm/lodash@${lodash}` },
    ],
    dependencies: [{ ref: 'app', dependsOn: ['lodash'] }],
  };
  await writeFile(join(cwd, 'sbom.json'), JSON.stringify(sbom));
  assert.equal((await json('sbom', 'attach', release, 'sbom.json', ...project)).components, 1);
}

test('an SBOM is attached, shown, searched and compared; what is known of its parts is imported, shown and answered', async (t) => {
  const server = await startServer(t);
  const { cwd, json, signpost } = server;
  await json('project', 'create', 'rocket', '--accept', 'any');
  await publish(server, '1.0.0', '4.17.20');
  await publish(server, '1.1.0', '4.17.21');

  const shown = (await signpost('sbom', 'show', '1.0.0', ...project)).stdout;
  assert.match(shown, /CycloneDX/);
  assert.match(shown, /warning: ntia_supplier \(\d\): /);
  assert.match(shown, /lodash +4\.17\.20 .*pkg:npm\/lodash@4\.17\.20/);
  assert.match(
    (await signpost('sbom', 'search', 'LODA')).stdout,
    /rocket +1\.0\.0 +lodash[\s\S]*rocket +1\.1\.0 +lodash/,
  );
  assert.match((await signpost('sbom', 'search', '--purl', 'pkg:npm/nobody')).stdout, /\(none\)/);
  assert.match(
    (await signpost('sbom', 'diff', '1.0.0', '1.1.0', ...project)).stdout,
    /upgraded +lodash +4\.17\.20 +4\.17\.21/,
  );
  const wrong = await signpost('sbom', 'attach', '1.0.0', 'sbom.json', ...project);
  assert.deepEqual(
    [wrong.code, /sbom-digest-mismatch/.test(wrong.stderr), /hint: /.test(wrong.stderr)],
    [1, true, true],
  );
  assert.match(
    (await signpost('sbom', 'attach', '1.0.0', 'nowhere.json', ...project)).stderr,
    /nowhere\.json cannot be read/,
  );

  assert.match((await signpost('vulnerabilities', 'show', '1.0.0', ...project)).stdout, /unknown: no data of npm/);
  await mkdir(join(cwd, 'osv'));
  const range = { type: 'SEMVER', events: [{ introduced: '0' }, { fixed: '4.17.21' }] };
  const affected = [{ package: { ecosystem: 'npm', name: 'lodash' }, ranges: [range] }];
  const record = { id: 'GHSA-1', modified: '2026-10-01T00:00:00Z', affected, database_specific: { severity: 'HIGH' } };
  await writeFile(join(cwd, 'osv', 'GHSA-1.json'), JSON.stringify(record, null, 2));
  assert.equal((await json('vulnerabilities', 'import', 'npm', 'osv')).entries, 1);
  assert.match((await signpost('vulnerabilities', 'list')).stdout, /npm +1 +2026-10-01/);
  const vulnerable = (await signpost('vulnerabilities', 'show', '1.0.0', ...project)).stdout;
  assert.match(vulnerable, /high +GHSA-1 +lodash 4\.17\.20 +-\n/);
  assert.match(vulnerable, /data: npm of 2026-10-01/);
  const said = {
    vulnerability: 'GHSA-1',
    products: ['pkg:npm/lodash'],
    status: 'not_affected',
    justification: 'component_not_present',
  };
  const vex = { '@context': 'https://openvex.dev/ns/v0.2.0', timestamp: '2026-11-01T00:00:00Z', statements: [said] };
  await writeFile(join(cwd, 'vex.json'), JSON.stringify(vex));
  assert.equal((await json('vulnerabilities', 'answer', '1.0.0', 'vex.json', ...project)).statements, 1);
  assert.match(
    (await signpost('vulnerabilities', 'show', '1.0.0', ...project)).stdout,
    /not_affected: component_not_present/,
  );
  assert.equal((await json('vulnerabilities', 'remove', 'npm')).removed, true);
});
