/** Trusted roots over HTTP: who may do what, and each way to be refused. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { runOften } from '../../../src/schedules.ts';
import { problem } from '../../planes-problem.ts';
import { type Credential, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import { createLog, encodeTrustedRoot, TufRepository } from './repository.ts';

const path = '/api/evidence/trust-roots';

suite('trusted roots over HTTP', () => {
  const closers: (() => unknown)[] = [];
  let scene: PlanesScene;
  let repository: TufRepository;
  let admin: Credential;
  let viewer: Credential;
  let document: string;
  let tuf: { url: string; root: string };

  before(async () => {
    scene = await openPlanesScene(
      { after: (close) => void closers.push(close as () => unknown) },
      {
        environment: { SIGNPOST_OUTGOING_ADDRESSES: 'any' },
      },
    );
    const { now } = scene.resources;
    repository = await TufRepository.open(now);
    closers.push(() => repository.close());
    document = encodeTrustedRoot({ tlogs: [createLog('https://log.example', now())] });
    repository.publish(document);
    tuf = { url: repository.url, root: repository.pinnedRoot.toString('base64') };
    admin = await scene.openPerson(scene.home, 'admin');
    viewer = await scene.openPerson(scene.home, 'viewer');
  });
  after(async () => {
    for (const close of closers) await close();
  });

  const add = (json: unknown, as = admin) => scene.ask('POST', path, { as, json });

  test('an admin names a repository, and everybody reads what came from it', async () => {
    const added = await add({ name: 'private', tuf });
    assert.equal(added.status, 201);
    assert.equal(added.json.light, 'red');
    assert.equal(added.json.light_reason, 'nothing-accepted');
    assert.equal(
      problem(await scene.ask('GET', `${path}/private/trusted_root.json`, { as: viewer })),
      '404 nothing-accepted',
    );

    const manager = await scene.openPerson(scene.home, 'manager');
    const refreshed = await scene.ask('POST', `${path}/private/refresh`, { as: manager });
    assert.equal(refreshed.status, 200, String(refreshed.body));
    assert.equal(refreshed.json.light, 'green');
    assert.equal(refreshed.json.sha256, createHash('sha256').update(document).digest('hex'));

    const served = await scene.ask('GET', `${path}/private/trusted_root.json`, { as: viewer });
    assert.equal(served.body.toString(), document);
    const shown = await scene.ask('GET', `${path}/private`, { as: viewer });
    assert.equal(shown.json.pinned_root_sha256, createHash('sha256').update(repository.pinnedRoot).digest('hex'));
    const inside = shown.json.trusted_root as { logs: readonly { base_url: string }[] };
    assert.equal(inside.logs[0]?.base_url, 'https://log.example');
    const listed = await scene.ask('GET', path, { as: viewer });
    assert.deepEqual(
      (listed.json.trust_roots as { name: string }[]).map(({ name }) => name),
      ['private'],
    );
  });

  test('only admins add, replace and remove; other organisations see nothing', async () => {
    const manager = await scene.openKey(scene.home, ['manage']);
    for (const as of [viewer, manager]) {
      assert.equal((await add({ name: 'mine', trusted_root: document }, as)).status, 403);
      assert.equal((await scene.ask('DELETE', `${path}/private`, { as })).status, 403);
      const change = { as, json: { trusted_root: document } };
      assert.equal((await scene.ask('PUT', `${path}/private/trusted_root.json`, change)).status, 403);
    }
    assert.equal((await scene.ask('POST', `${path}/private/refresh`, { as: viewer })).status, 403);
    assert.equal((await scene.ask('GET', path)).status, 401);
    const stranger = await scene.openPerson(scene.other, 'admin');
    const elsewhere = `/o/other${path}`;
    assert.deepEqual((await scene.ask('GET', elsewhere, { as: stranger })).json, { trust_roots: [] });
    assert.equal((await scene.ask('GET', `${elsewhere}/private`, { as: stranger })).status, 404);
    assert.equal((await scene.ask('DELETE', `${elsewhere}/private`, { as: stranger })).status, 404);
    assert.equal((await scene.ask('POST', `${elsewhere}/private/refresh`, { as: stranger })).status, 404);
  });

  test('a file is kept as it is, replaced and removed', async () => {
    assert.equal((await add({ name: 'file', trusted_root: `${document}\n` })).status, 201);
    const served = await scene.ask('GET', `${path}/file/trusted_root.json`, { as: viewer });
    assert.equal(served.body.toString(), `${document}\n`);
    assert.equal(problem(await scene.ask('POST', `${path}/file/refresh`, { as: admin })), '409 source');

    const next = encodeTrustedRoot({ tlogs: [createLog('https://log2.example', scene.resources.now())] });
    const replaced = await scene.ask('PUT', `${path}/file/trusted_root.json`, {
      as: admin,
      json: { trusted_root: next },
    });
    assert.equal(replaced.status, 200);
    assert.equal(replaced.json.sha256, createHash('sha256').update(next).digest('hex'));
    const broken = await scene.ask('PUT', `${path}/file/trusted_root.json`, {
      as: admin,
      json: { trusted_root: '{}' },
    });
    assert.equal(problem(broken), '422 trusted_root_invalid');
    const foreign = await scene.ask('PUT', `${path}/private/trusted_root.json`, {
      as: admin,
      json: { trusted_root: next },
    });
    assert.equal(problem(foreign), '409 source');

    assert.equal((await scene.ask('DELETE', `${path}/file`, { as: admin })).status, 204);
    assert.equal((await scene.ask('DELETE', `${path}/file`, { as: admin })).status, 404);
  });

  test('what cannot be trusted is refused, and nothing is kept of it', async () => {
    const bad: readonly (readonly [unknown, string])[] = [
      [{ name: 'private', tuf }, '409 name-taken'],
      [{ name: 'x', trusted_root: '{"mediaType":"x"}' }, '422 trusted_root_invalid'],
      [{ name: 'x', trusted_root: '{"a":1,"a":2}' }, '422 trusted_root_invalid'],
      [{ name: 'x', tuf: { ...tuf, root: Buffer.from('{}').toString('base64') } }, '422 malformed'],
      [{ name: 'x', tuf: { ...tuf, root: 'no base64' } }, '422 malformed'],
      [{ name: 'x', tuf: { ...tuf, root: unsign(repository.pinnedRoot) } }, '422 bad_signature'],
      [{ name: 'x', tuf: { ...tuf, url: 'https://user:secret@tuf.example' } }, '400 url'],
      [{ name: 'x', tuf: { ...tuf, url: 'file:///etc/passwd' } }, '400 url'],
      [{ name: 'x' }, '400 schema'],
      [{ name: 'x', tuf, trusted_root: document }, '400 schema'],
      [{ name: 'Upper', trusted_root: document }, '400 schema'],
      [{ name: 'x', trusted_root: 'x'.repeat(900_001) }, '400 schema'],
    ];
    for (const [json, expected] of bad) assert.equal(problem(await add(json)), expected);
    assert.equal((await scene.ask('GET', `${path}/x`, { as: admin })).status, 404);
  });

  test('a refusal of the repository is told to who waits, shown by the doctor, and counted', async () => {
    repository.redirectTo = 'http://169.254.169.254/latest/meta-data';
    const refused = await scene.ask('POST', `${path}/private/refresh`, { as: admin });
    repository.redirectTo = undefined;
    assert.equal(problem(refused), '422 fetch_failed');
    const shown = await scene.ask('GET', `${path}/private`, { as: viewer });
    assert.equal(shown.json.light, 'yellow');
    assert.equal(shown.json.light_reason, 'unreachable');
    const { findings } = (await scene.ask('GET', '/api/doctor', { as: admin })).json as {
      findings: readonly { code: string; hint: string }[];
    };
    const finding = findings.find(({ code }) => code === 'trust-root-unreachable');
    assert.match(finding?.hint ?? '', /^signpost trust-root refresh private/);
  });

  test('the schedule asks for what is due', async () => {
    scene.home.travel(7 * 3_600_000);
    await runOften(scene.resources);
    const jobs = await scene.resources.database.query
      .selectFrom('job')
      .select('kind')
      .where('kind', '=', 'refresh-trust-root')
      .execute();
    assert.equal(jobs.length, 1);
  });
});

test('a server that asks nobody keeps a repository for later, and says so', async (t) => {
  const scene = await openPlanesScene(t, {
    environment: { SIGNPOST_OUTGOING: 'off', SIGNPOST_OUTGOING_ADDRESSES: 'any' },
  });
  const repository = await TufRepository.open(scene.resources.now);
  t.after(() => repository.close());
  const admin = await scene.openPerson(scene.home, 'admin');
  const tuf = { url: repository.url, root: repository.pinnedRoot.toString('base64') };
  assert.equal((await scene.ask('POST', path, { as: admin, json: { name: 'private', tuf } })).status, 201);
  assert.equal(problem(await scene.ask('POST', `${path}/private/refresh`, { as: admin })), '503 outgoing-off');
  scene.home.travel(86_400_000);
  await runOften(scene.resources);
  const jobs = await scene.resources.database.query.selectFrom('job').select('kind').execute();
  assert.deepEqual(jobs, []);
  assert.deepEqual(repository.requests, []);
});

/** The same root, with a signature that is none. */
function unsign(root: Buffer): string {
  const { signed, signatures } = JSON.parse(root.toString());
  const [first] = signatures;
  return Buffer.from(JSON.stringify({ signed, signatures: [{ ...first, sig: '00' }] })).toString('base64');
}
