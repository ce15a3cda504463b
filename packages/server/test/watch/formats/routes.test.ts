/** Conversions over HTTP: a proposal before the policy in force, and files of what was learned. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { record } from '../../../src/watch/recording/record.ts';
import { type Credential, openPlanesScene, type PlanesScene, waitForAnswers } from '../../planes-scene.ts';
import { hour, usualFacts } from '../drift/scene.ts';
import { contentOf } from '../recording/desk.ts';
import { key, keyPem } from './scene.ts';

describe('conversions', () => {
  let scene: PlanesScene;
  let admin: Credential;
  let reader: Credential;
  let sourceId: string;
  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers.reverse()) await close();
  });
  const convert = (way: 'import' | 'export', json: object) =>
    scene.ask('POST', `/api/watch/policy/${way}`, { as: reader, json });
  const putRules = (...rules: object[]) =>
    scene.ask('PUT', '/api/watch/policy', { as: admin, json: { schema: 1, rules } });

  before(async () => {
    scene = await openPlanesScene({ after: (close) => closers.push(close as () => unknown) });
    admin = await scene.openKey(scene.home, ['admin', 'manage']);
    reader = await scene.openKey(scene.home, ['read']);
    const made = await scene.ask('POST', '/api/watch/sources', { as: admin, json: { source: 'ghcr.io/org/app' } });
    sourceId = String(made.json.id);
    const at = scene.resources.now();
    for (const onDay of [1, 2, 3]) {
      const facts = { ...usualFacts, content: contentOf(onDay), publishedAt: at - (40 - onDay) * 24 * hour };
      await record(scene.resources, {
        ...{ organisationId: scene.home.caller.organisationId, sourceId },
        artifacts: [{ names: { version: `1.0.${onDay}` }, line: '1', isDefault: false, facts }],
      });
    }
  });

  test('what was learned is written for every tool, with what each of them cannot be told', async () => {
    for (const [format, name, text, isSaid] of [
      ['cosign', 'verify.sh', /cosign verify --certificate-identity-regexp '\^https:\/\/github\\\.com\//, true],
      ['policy-controller', 'cluster-image-policies.yaml', /glob: ghcr\.io\/org\/app@\*\*/, true],
      ['kyverno', 'cluster-policies.yaml', /ghcr\.io\/org\/app:\*/, true],
      ['notation', 'trustpolicy.json', /"trustPolicies": \[\]/, false],
      ['pnpm', 'pnpm-workspace.yaml', /^trustPolicy: no-downgrade\n$/, false],
    ] as const) {
      const { status, json } = await convert('export', { format, source: 'oci:**' });
      assert.equal(status, 200);
      const [file] = json.files as { name: string; text: string }[];
      assert.equal(file?.name, name);
      assert.match(file.text, text);
      assert.equal(file.text.includes('token.actions'), isSaid);
      assert.ok(
        (json.remarks as { effect: string }[]).some(({ effect }) => effect === 'looser'),
        format,
      );
    }
    assert.equal((await convert('export', { format: 'cosign', source: 'x' })).status, 400);
    const unread = await convert('export', { format: 'cosign', attached: [{ name: 'a', text: 'x' }] });
    assert.equal(unread.json.rule, 'watch-format');
  });

  test('a file is proposed before the rules in force, and what is watched is named with its signers', async () => {
    await putRules({ name: 'other', match: { source: 'oci:quay.io/**' }, mode: 'enforce' });
    const text = 'cosign verify --key k ghcr.io/org/app';
    const { status, json } = await convert('import', {
      format: 'cosign',
      text,
      attached: [{ name: 'k', text: keyPem }],
    });
    assert.equal(status, 200);
    assert.deepEqual(
      (json.document as { rules: { name: string }[] }).rules.map(({ name }) => name),
      ['command 1', 'other'],
    );
    assert.deepEqual(json.remarks, []);
    assert.deepEqual(json.declarations, [
      { id: sourceId, source: 'oci:ghcr.io/org/app', identities: [], keys: [key.sha256] },
    ]);
    assert.equal((await scene.ask('GET', '/api/watch/policy', { as: reader })).json.version, 1);
    assert.equal((await putRules(...(json.document as { rules: object[] }).rules)).status, 200);
    const [file] = (await convert('export', { format: 'cosign', from: 'policy', source: 'oci:ghcr.io/**' })).json
      .files as { text: string }[];
    assert.doesNotMatch(file?.text ?? '', /--key/);
    const shown = await convert('export', {
      ...{ format: 'cosign', from: 'policy', source: 'oci:ghcr.io/**' },
      attached: [{ name: 'any', text: keyPem }],
    });
    assert.match((shown.json.files as { text: string }[])[0]?.text ?? '', new RegExp(`--key keys/${key.sha256}\\.pub`));
  });

  test('one file of an organisation is read and one waits, until whoever handed them in goes away', async () => {
    const body = JSON.stringify({ format: 'kyverno', text: '"" '.repeat(170_000) });
    const leave = new AbortController();
    const headers = { ...reader, 'content-type': 'application/json' };
    const before = scene.asked();
    const sent = [1, 2, 3].map(() =>
      fetch(`${scene.url}/api/watch/policy/import`, { method: 'POST', headers, body, signal: leave.signal }),
    );
    const gone = Promise.allSettled(sent);
    const refused = await Promise.race(sent);
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '10']);
    assert.equal(((await refused.json()) as { rule: string }).rule, 'watch-readings');
    leave.abort();
    await gone;
    await waitForAnswers(scene, before + sent.length);
    const small = {
      format: 'cosign',
      text: 'cosign verify --key k ghcr.io/org/app',
      attached: [{ name: 'k', text: keyPem }],
    };
    assert.equal((await convert('import', small)).status, 200);
  });

  test('what asks for less than the file or the policy in force is refused, unless that is asked for', async () => {
    const rule = {
      ...{ name: 'strict', match: { source: 'oci:ghcr.io/**' }, mode: 'enforce', on_unknown: 'deny', hold_hours: 1 },
      ...{ lines: ['release'], findings: { 'sbom.lost': 'deny' }, two_people: true },
      require: {
        ...{ signers: [{ key: 'a'.repeat(64) }], builders: ['https://b.example'], slsa_level: 3 },
        ...{ sbom: true, transparency: true, age_hours: 24, digest: 'warn' },
      },
    };
    const text = 'cosign verify --key k --insecure-ignore-tlog ghcr.io/org/app';
    const body = { format: 'cosign', text, attached: [{ name: 'k', text: keyPem }] };
    await putRules({ name: 'command 1', match: { source: 'oci:ghcr.io/org/**' }, mode: 'enforce' });
    const narrow = await convert('import', { ...body, text: 'cosign verify --key k ghcr.io/org/app' });
    assert.match(String(narrow.json.detail), /in force command 1 asks for more: match\)/);
    await putRules({ name: 'command 1', match: { source: 'oci:ghcr.io/org/app' }, mode: 'enforce' });
    assert.equal((await convert('import', { ...body, text: 'cosign verify --key k ghcr.io/org/app' })).status, 200);
    await putRules(rule);
    const refused = await convert('import', body);
    assert.deepEqual([refused.status, refused.json.rule], [400, 'watch-import-looser']);
    const members =
      'on_unknown, hold_hours, lines, sbom.lost, two_people, signers, builders, slsa_level, sbom, digest, transparency, age_hours';
    assert.ok(
      String(refused.json.detail).includes(`in force strict asks for more: ${members}`),
      String(refused.json.detail),
    );
    const held = await convert('import', { ...body, allow_looser: true });
    assert.deepEqual([held.status, (held.json.remarks as unknown[]).length], [200, 1]);
    const same = await convert('import', { ...body, text: `# rule: strict\n${text.replace('ghcr.io', 'quay.io')}` });
    assert.equal(same.json.rule, 'watch-import-looser');
    const elsewhere = await convert('import', { ...body, text: text.replace('ghcr.io', 'quay.io') });
    assert.equal(elsewhere.status, 200);
    const warns = await convert('import', {
      format: 'pnpm',
      text: 'trustPolicy: no-downgrade\ntrustPolicyExclude: [x]',
    });
    assert.match(String(warns.json.detail), /trustPolicyExclude/);
  });
});
