/** Trusted publishing, from the token of a build to the signed provenance of what it uploaded; and each way to be refused. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { parseEnvelope } from '@signpost/protocol/dsse/envelope';
import { parseProvenance } from '@signpost/protocol/intoto/parse-provenance';
import { parseStatement } from '@signpost/protocol/intoto/statement';
import { inspectUpload } from '../../../src/releases/uploads/inspect-upload.ts';
import type { Database } from '../../../src/storage/database.ts';
import { problem } from '../../planes-problem.ts';
import { type Answer, type Credential, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import { buildZip, file } from '../../releases/inspection/zip-builder.ts';
import { addProject } from '../../releases/scene.ts';
import { forEachEngine } from '../../storage/engines.ts';
import { audience, createIssuerKey, describePublisher, OidcIssuer, signByPublicKey, type TokenWish } from './issuer.ts';

const path = '/api/projects/rocket/publishers';
const minuteMs = 60_000;

forEachEngine((_, open) => {
  const closers: (() => unknown)[] = [];
  let scene: PlanesScene;
  let issuer: OidcIssuer;
  let admin: Credential;
  let database: Database;

  before(async () => {
    database = await open();
    scene = await openPlanesScene(
      { after: (close) => void closers.push(close as () => unknown) },
      { database, environment: { SIGNPOST_OUTGOING_ADDRESSES: 'any', SIGNPOST_BASE_URL: audience } },
    );
    issuer = await OidcIssuer.open(scene.resources.now);
    closers.push(() => issuer.close());
    await scene.home.openServerKey(1);
    await addProject(scene.home, 'rocket');
    await addProject(scene.home, 'other-app');
    admin = await scene.openPerson(scene.home, 'admin');
  });
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  const add = (json: object = {}, as = admin) =>
    scene.ask('POST', path, { as, json: { ...describePublisher(issuer.url), ...json } });

  /** Each in a minute of its own, for the limit of exchanges. */
  function exchange(wish: TokenWish | string = {}, project = 'rocket'): Promise<Answer> {
    scene.home.travel(minuteMs);
    const token = typeof wish === 'string' ? wish : issuer.mint(wish);
    return scene.ask('POST', '/api/oidc/exchange', { json: { token, project } });
  }

  async function readLastRefusal(): Promise<Record<string, string>> {
    const { detail } = await database.query
      .selectFrom('audit_event')
      .select('detail')
      .where('action', '=', 'publisher.refused')
      .orderBy('sequence', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
    return JSON.parse(detail ?? '{}');
  }

  async function assertRefused(wish: TokenWish | string, rule: string, words: RegExp = /./): Promise<void> {
    const answer = await exchange(wish);
    assert.equal(problem(answer), '401 token-refused');
    assert.equal(answer.json.detail, 'this token is not accepted for this project');
    const reason = await readLastRefusal();
    assert.equal(reason.rule, rule, reason.message);
    assert.match(reason.message ?? '', words);
  }

  async function upload(key: string, { version, bytes }: { version: string; bytes: Buffer }): Promise<Answer> {
    const as = { authorization: `Bearer ${key}` };
    const json = { version, name: 'app.zip', size_bytes: bytes.length };
    const announced = await scene.ask('POST', '/api/projects/rocket/uploads', { as, json });
    assert.equal(announced.status, 201, String(announced.body));
    const id = String(announced.json.id);
    const sent = await scene.ask('PUT', `/api/projects/rocket/uploads/${id}?offset=0`, { as, body: bytes });
    assert.equal(sent.status, 200, String(sent.body));
    const job = await database.query
      .selectFrom('job')
      .select('payload')
      .where('payload', 'like', `%${id}%`)
      .executeTakeFirstOrThrow();
    await inspectUpload(scene.resources, { payload: JSON.parse(job.payload), attempt: 1 });
    return scene.ask('GET', `/api/projects/rocket/uploads/${id}`, { as });
  }

  test('an admin names a publisher, members read it, and nobody else changes it', async () => {
    const added = await add({ may_activate: true });
    assert.equal(added.status, 201, String(added.body));
    assert.equal(problem(await add()), '409 publisher-exists');
    for (const as of [await scene.openPerson(scene.home, 'manager'), await scene.openKey(scene.home, ['manage'])]) {
      assert.equal((await add({}, as)).status, 403);
      assert.equal((await scene.ask('DELETE', `${path}/${added.json.id}`, { as })).status, 403);
      const { publishers } = (await scene.ask('GET', path, { as })).json as { publishers: unknown[] };
      assert.deepEqual(publishers, [added.json]);
    }
    assert.equal((await scene.ask('GET', path)).status, 401);
    const stranger = await scene.openPerson(scene.other, 'admin');
    assert.equal((await scene.ask('GET', `/o/other${path}`, { as: stranger })).status, 404);
    assert.equal((await scene.ask('DELETE', `/o/other${path}/${added.json.id}`, { as: stranger })).status, 404);
  });

  test('what could be meant in two ways is no publisher', async () => {
    const wrong: readonly (readonly [object, string])[] = [
      [{ repository_id: 'rocket' }, '400 schema'],
      [{ repository_id: '0' }, '400 schema'],
      [{ repository: 'rocket' }, '400 schema'],
      [{ workflow: '/etc/passwd' }, '400 schema'],
      [{ ref: {} }, '400 schema'],
      [{ ref: { exact: 'refs/heads/main', pattern: 'refs/heads/*' } }, '400 schema'],
      [{ ref: { pattern: 'refs/***' } }, '422 malformed'],
      [{ issuer: 'file:///etc/passwd' }, '400 url'],
      [{ issuer: `${issuer.url}?x=1` }, '400 url'],
      [{ issuer: issuer.url.toUpperCase() }, '400 url'],
      [{ surprise: true }, '400 schema'],
    ];
    for (const [json, expected] of wrong) assert.equal(problem(await add(json)), expected, JSON.stringify(json));
  });

  test('a build exchanges its token, uploads, activates, and its claims are signed as provenance', async () => {
    const granted = await exchange();
    assert.equal(granted.status, 201, String(granted.body));
    assert.equal(granted.headers['cache-control'], 'no-store');
    assert.deepEqual(granted.json.verbs, ['upload', 'activate']);
    const key = String(granted.json.key);
    const bytes = buildZip([file('app.txt')]);
    const accepted = await upload(key, { version: '1.0.0', bytes });
    assert.equal(accepted.json.state, 'accepted', String(accepted.body));
    const as = { authorization: `Bearer ${key}` };
    const activated = await scene.ask('POST', '/api/projects/rocket/releases/1.0.0/activate', { as });
    assert.equal(activated.status, 200, String(activated.body));

    const { manifest } = (await scene.ask('GET', '/api/projects/rocket/manifest')).json as {
      manifest: { key_id: string; evidence: { documents: { kind: string; sha256: string; url: string }[] } };
    };
    const named = manifest.evidence.documents.find(({ kind }) => kind === 'provenance');
    const served = await scene.ask('GET', named?.url ?? '');
    assert.equal(createHash('sha256').update(served.body).digest('hex'), named?.sha256);
    const envelope = parseEnvelope(new Uint8Array(served.body));
    assert.equal(envelope.signatures[0]?.keyId, manifest.key_id);
    const statement = parseStatement(envelope.payload);
    assert.equal(statement.subjects[0]?.digests.get('sha256'), createHash('sha256').update(bytes).digest('hex'));
    const provenance = parseProvenance(statement);
    assert.deepEqual(provenance.source, {
      ...{ repository: `${issuer.url}/acme/rocket`, ref: 'refs/tags/v1.0.0', commit: 'c0ffee00'.repeat(5) },
    });
    assert.equal(provenance.buildType, 'urn:signpost:build-type:token-upload:v1');
    const workflow = 'acme/rocket/.github/workflows/release.yml@refs/tags/v1.0.0';
    assert.equal(provenance.builderId, `${issuer.url}/${workflow}`);
    assert.equal(provenance.invocationId, `${issuer.url}/acme/rocket/actions/runs/99/attempts/2`);
    assert.equal(provenance.startedOn, undefined);
  });

  test('what anybody else uploads has no provenance of a build', async () => {
    const { authorization = '' } = await scene.openKey(scene.home, ['upload', 'activate']);
    const bytes = buildZip([file('another.txt')]);
    await upload(authorization.replace('Bearer ', ''), { version: '1.1.0', bytes });
    await scene.ask('POST', '/api/projects/rocket/releases/1.1.0/activate', { as: { authorization } });
    const { manifest } = (await scene.ask('GET', '/api/projects/rocket/manifest')).json as {
      manifest: { version: string; evidence: { documents: { kind: string }[] } };
    };
    assert.equal(manifest.version, '1.1.0');
    assert.deepEqual(
      manifest.evidence.documents.map(({ kind }) => kind),
      ['release'],
    );
  });

  test('the key holds for one project, for its verbs, for fifteen minutes', async () => {
    const as = { authorization: `Bearer ${(await exchange()).json.key}` };
    const json = { version: '9.0.0', name: 'app.zip', size_bytes: 5 };
    assert.equal((await scene.ask('POST', '/api/projects/other-app/uploads', { as, json })).status, 404);
    assert.equal((await scene.ask('GET', '/api/api-keys', { as })).status, 403);
    assert.equal((await scene.ask('POST', path, { as, json: describePublisher(issuer.url) })).status, 403);
    assert.equal((await scene.ask('POST', '/api/projects/rocket/uploads', { as, json })).status, 201);
    scene.home.travel(15 * minuteMs);
    assert.equal((await scene.ask('POST', '/api/projects/rocket/uploads', { as, json })).status, 401);
    await exchange();
    const { api_keys: keys } = (await scene.ask('GET', '/api/api-keys', { as: admin })).json as {
      api_keys: { name: string }[];
    };
    assert.equal(keys.filter(({ name }) => name === 'publisher acme/rocket').length, 1);
  });

  test('a token is taken once', async () => {
    const token = issuer.mint();
    assert.equal((await exchange(token)).status, 201);
    await assertRefused(token, 'token-replayed');
    const both = issuer.mint();
    const answers = await Promise.all([exchange(both), exchange(both)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 401]);
  });

  test('a token of another audience, time or issuer is refused', async () => {
    const seconds = () => Math.floor(scene.resources.now() / 1000);
    await assertRefused({ claims: { aud: 'https://elsewhere.example' } }, 'token-audience');
    await assertRefused({ claims: { aud: [audience, 'https://elsewhere.example'] } }, 'token-audience');
    await assertRefused({ claims: { aud: undefined } }, 'token-audience');
    await assertRefused({ claims: { aud: `${audience}/` } }, 'token-audience');
    await assertRefused({ claims: { exp: seconds() - 60 } }, 'token-expired');
    await assertRefused({ claims: { exp: seconds() + 2 * 86_400 } }, 'token-life');
    await assertRefused({ claims: { nbf: seconds() + 180 } }, 'token-early');
    await assertRefused({ claims: { iat: seconds() + 180 } }, 'token-early');
    await assertRefused({ claims: { exp: undefined } }, 'token-time');
    await assertRefused({ claims: { iat: '1' } }, 'token-time');
    await assertRefused({ claims: { jti: undefined } }, 'malformed');
    await assertRefused({ claims: { iss: 'https://token.actions.githubusercontent.com' } }, 'issuer');
    await assertRefused({ claims: { iss: `${issuer.url}/` } }, 'issuer');
    const near = { exp: seconds() + 30, iat: seconds() + 90, nbf: seconds() + 90 };
    assert.equal((await exchange({ claims: near })).status, 201);
  });

  test('a build that is not the publisher is refused, whatever else it has in common', async () => {
    await assertRefused({ claims: { repository_id: '4712' } }, 'claims', /expected repository id 4711, got 4712/);
    await assertRefused({ claims: { environment: 'test' } }, 'claims', /environment release, got test/);
    await assertRefused({ claims: { environment: undefined } }, 'claims', /environment release, got none/);
    const moved = (repository: string, path: string, ref: string) => {
      const workflow = `${repository}/${path}@${ref}`;
      return { claims: { repository, ref, workflow_ref: workflow, job_workflow_ref: workflow } };
    };
    const yml = '.github/workflows/release.yml';
    const tag = 'refs/tags/v1.0.0';
    await assertRefused(moved('evil/rocket', yml, tag), 'claims', /repository acme\/rocket, got evil/);
    await assertRefused(moved('acme/rocket', '.github/workflows/test.yml', tag), 'claims', /workflow/);
    await assertRefused(moved('acme/rocket', yml, 'refs/heads/main'), 'claims', /ref refs\/tags\/v\*/);
    await assertRefused(moved('acme/rocket', yml, 'refs/tags/v1/x'), 'claims', /ref refs\/tags\/v\*/);
    const foreign = `evil/tools/${yml}@${tag}`;
    await assertRefused({ claims: { job_workflow_ref: foreign } }, 'token-workflow');
    await assertRefused({ claims: { workflow_ref: foreign } }, 'token-workflow');
    await assertRefused({ claims: { workflow_ref: `acme/rocket/${yml}@refs/heads/x` } }, 'token-workflow');
    await assertRefused({ claims: { repository_id: 4711 } }, 'malformed');
    await assertRefused({ claims: { repository_id: '04711' } }, 'token-claims');
    await assertRefused({ claims: { sha: 'HEAD' } }, 'token-claims');
  });

  test('a signature in another way than the key signs is none', async () => {
    const [key] = issuer.keys;
    assert.ok(key);
    await assertRefused({ header: { alg: 'none' }, sign: () => Buffer.from('x') }, 'token-algorithm');
    await assertRefused({ header: { alg: 'HS256' }, sign: signByPublicKey(key) }, 'token-algorithm');
    await assertRefused({ header: { alg: 'ES256' } }, 'token-algorithm');
    await assertRefused({ key: { ...createIssuerKey('first', 'RS256') } }, 'bad_signature');
    await assertRefused({ header: { kid: undefined } }, 'token-header');
    await assertRefused({ header: { crit: ['b64'], b64: false } }, 'token-header');
    await assertRefused({ header: { typ: 'logout+jwt' } }, 'token-header');
    const [head, , signature] = issuer.mint().split('.');
    const other = issuer.mint({ claims: { repository_id: '1' } }).split('.')[1];
    await assertRefused(`${head}.${other}.${signature}`, 'bad_signature');
    for (const text of ['x', 'a.b', `${issuer.mint()}.`, `${head}..${signature}`]) {
      assert.equal(problem(await exchange(text)), '401 token-refused', text);
    }
    assert.equal(problem(await exchange('x'.repeat(16 * 1024 + 1))), '400 schema');
  });

  test('a new key of the issuer is found, and an unknown one is asked for at most twice a minute', async () => {
    const next = createIssuerKey('next', 'ES256');
    issuer.otherKeys = [
      { kty: 'EC', crv: 'secp256k1', kid: 'odd' },
      { kty: 'oct', k: 'AAAA', kid: 'secret' },
    ];
    issuer.keys = [...issuer.keys, next];
    assert.equal((await exchange({ key: next })).status, 201);
    const before = issuer.asked;
    const unknown = issuer.mint({ header: { kid: 'nobody' } });
    const ask = () => scene.ask('POST', '/api/oidc/exchange', { json: { token: unknown, project: 'rocket' } });
    scene.home.travel(minuteMs);
    for (let tries = 0; tries < 4; tries++) assert.equal(problem(await ask()), '401 token-refused');
    assert.equal((await readLastRefusal()).rule, 'token-key');
    assert.equal(issuer.asked, before + 1);
    assert.equal((await exchange()).status, 201);
  });

  test('an issuer that cannot be asked, or answers for another, gives nobody a key; known keys hold for an hour', async () => {
    issuer.isDown = true;
    assert.equal((await exchange()).status, 201);
    scene.home.travel(60 * minuteMs);
    await assertRefused({}, 'fetch_failed');
    issuer.isDown = false;
    issuer.configuration = { issuer: 'https://elsewhere.example' };
    await assertRefused({}, 'identity_mismatch');
    issuer.configuration = { jwks_uri: 'file:///etc/passwd' };
    await assertRefused({}, 'url');
    issuer.configuration = { padding: 'x'.repeat(65 * 1024) };
    await assertRefused({}, 'too_large');
    issuer.configuration = {};
    assert.equal((await exchange()).status, 201);
  });

  test('strangers are not told whether there is a project, and do not fill the log of one that is none', async () => {
    const answer = await exchange({}, 'no-such-project');
    const known = await exchange({}, 'other-app');
    assert.deepEqual(answer.json, known.json);
    const rows = await database.query
      .selectFrom('audit_event')
      .select('object_id')
      .where('action', '=', 'publisher.refused')
      .where('object_id', '=', 'no-such-project')
      .execute();
    assert.deepEqual(rows, []);
    assert.ok(scene.lines.some((line) => line.includes('no-such-project') && line.includes('a token was refused')));
    assert.ok(!scene.lines.some((line) => line.includes(issuer.mint().slice(0, 40))));
  });

  test('an address may show thirty tokens a minute', async () => {
    scene.home.travel(minuteMs);
    const ask = () => scene.ask('POST', '/api/oidc/exchange', { json: { token: 'x', project: 'no-such-project' } });
    for (let tries = 0; tries < 30; tries++) assert.equal((await ask()).status, 401);
    assert.equal((await ask()).status, 429);
  });

  test('once a publisher is removed, its builds get nothing, and the keys they have end', async () => {
    const as = { authorization: `Bearer ${(await exchange()).json.key}` };
    const { publishers } = (await scene.ask('GET', path, { as: admin })).json as { publishers: { id: string }[] };
    for (const { id } of publishers) {
      assert.equal((await scene.ask('DELETE', `${path}/${id}`, { as: admin })).status, 204);
      assert.equal((await scene.ask('DELETE', `${path}/${id}`, { as: admin })).status, 404);
    }
    const json = { version: '9.1.0', name: 'app.zip', size_bytes: 5 };
    assert.equal((await scene.ask('POST', '/api/projects/rocket/uploads', { as, json })).status, 401);
    await assertRefused({}, 'issuer');
  });

  test('GitLab names things its own way; a publisher without environment and activation gives upload alone', async () => {
    const gitlab = {
      ...{ platform: 'gitlab', repository_id: '815', repository: 'group/sub/app', workflow: '.gitlab-ci.yml' },
      ...{ ref: { exact: 'refs/heads/main' }, environment: undefined },
    };
    assert.equal((await add(gitlab)).status, 201);
    const host = issuer.url.replace('http://', '');
    const claims = {
      ...{ project_id: '815', project_path: 'group/sub/app', ref: 'main', ref_path: 'refs/heads/main' },
      ...{ pipeline_id: '5', job_id: '6', pipeline_source: 'push', user_login: 'ada', user_id: '7' },
      ci_config_ref_uri: `${host}/group/sub/app//.gitlab-ci.yml@refs/heads/main`,
    };
    assert.deepEqual((await exchange({ claims })).json.verbs, ['upload']);
    await assertRefused({ claims: { ...claims, project_id: '816' } }, 'claims', /repository id 815, got 816/);
    const elsewhere = { ...claims, ci_config_ref_uri: `evil.example/group/sub/app//.gitlab-ci.yml@refs/heads/main` };
    await assertRefused({ claims: elsewhere }, 'token-workflow');
  });
});
