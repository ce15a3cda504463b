/** What a cluster may run: reviews in, answers out, and nothing changed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Registry } from 'prom-client';
import { listAudit } from '../../../src/audit/store.ts';
import type { Database } from '../../../src/storage/database.ts';
import { admitImages } from '../../../src/watch/admission/admit.ts';
import { describeReview, parseReview } from '../../../src/watch/admission/review.ts';
import { listRequests } from '../../../src/watch/observing/store.ts';
import { record } from '../../../src/watch/recording/record.ts';
import { findSchedule } from '../../../src/watch/recording/store.ts';
import { type Credential, openPlanesScene, type PlanesScene } from '../../planes-scene.ts';
import { hour, keyless, stranger, usualFacts } from '../drift/scene.ts';
import { contentOf } from '../recording/desk.ts';

const app = (onDay: number) => `ghcr.io/org/app@sha256:${contentOf(onDay)}`;
const pod = (...images: string[]) => ({ spec: { containers: images.map((image) => ({ name: 'one', image })) } });
const review = (object: unknown, differs: Record<string, unknown> = {}) => ({
  ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
  request: { uid: 'u-1', operation: 'CREATE', object, kind: { kind: 'Pod' }, ...differs },
});

test('images are found wherever pods are made, each once', () => {
  const spec = {
    initContainers: [{ image: 'a' }],
    containers: [{ image: 'b' }, { image: 'a' }, {}],
    ephemeralContainers: [{ image: 'c' }],
  };
  for (const object of [
    { spec },
    { spec: { template: { spec } } },
    { spec: { jobTemplate: { spec: { template: { spec } } } } },
  ]) {
    assert.deepEqual(parseReview(review(object)).images, ['a', 'b', 'c']);
  }
  assert.deepEqual(parseReview(review({ data: {} })).images, []);
});

test('images that are mounted are asked about like those that run', () => {
  const volumes = [
    { name: 'one', image: { reference: 'b' } },
    { name: 'two', emptyDir: {} },
  ];
  const spec = { volumes, containers: [{ image: 'a' }] };
  for (const object of [{ spec }, { spec: { template: { spec } } }]) {
    assert.deepEqual(parseReview(review(object)).images, ['a', 'b']);
  }
});

test('what ran before is not asked for again, and nothing is when something ends', () => {
  const update = review(pod('a', 'b'), { operation: 'UPDATE', oldObject: pod('a') });
  assert.deepEqual(parseReview(update).images, ['b']);
  assert.deepEqual(parseReview(review(null, { operation: 'DELETE', oldObject: pod('a') })).images, []);
});

test('what is no review is refused', () => {
  const many = pod(...Array.from({ length: 201 }, (_, index) => `image-${index}`));
  for (const value of [
    {},
    { ...review(pod('a')), apiVersion: 'admission.k8s.io/v1beta1' },
    review(pod('a'), { uid: '' }),
    review(pod('a'), { operation: 'PATCH' }),
    review({ spec: { containers: 'a' } }),
    review(many),
  ]) {
    assert.throws(() => parseReview(value), { code: 'invalid', rule: 'admission-review' });
  }
});

test('an answer is short, on one line, and never changes the object', () => {
  const why = `it is signed by evil\u202e\n${'x'.repeat(1000)}`;
  const { response } = describeReview({ uid: 'u-1' }, [
    { image: 'a', outcome: 'warn', why },
    { image: 'b', outcome: 'deny', why },
    { image: 'c', outcome: 'unknown', why },
  ]);
  assert.deepEqual([response.uid, response.allowed, response.status?.code], ['u-1', false, 403]);
  for (const text of [...response.warnings, response.status?.message ?? '']) assert.doesNotMatch(text, /[\u202e\n]/);
  assert.ok(response.warnings.every((text) => text.length <= 256));
  assert.deepEqual(Object.keys(response).sort(), ['allowed', 'status', 'uid', 'warnings']);
});

describe('admission', () => {
  let scene: PlanesScene;
  let admin: Credential;
  let cluster: Credential;
  let source = '';
  const closers: (() => unknown)[] = [];
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  before(async () => {
    const environment = { SIGNPOST_ADMISSIONS_PER_MINUTE: '40' };
    scene = await openPlanesScene({ after: (close) => closers.push(close as () => unknown) }, { environment });
    admin = await scene.openKey(scene.home, ['admin', 'manage']);
    cluster = await scene.openKey(scene.home, ['read']);
    const made = await scene.ask('POST', '/api/watch/sources', { as: admin, json: { source: 'ghcr.io/org/app' } });
    source = String(made.json.id);
    const at = scene.resources.now();
    for (const [onDay, facts] of [
      [1, {}],
      [2, {}],
      [3, {}],
      [4, { signatures: [keyless(stranger)] }],
    ] as const) {
      await record(scene.resources, {
        ...{ organisationId: scene.home.caller.organisationId, sourceId: source },
        artifacts: [
          {
            ...{ names: { version: `1.0.${onDay}` }, line: '1', isDefault: false },
            facts: { ...usualFacts, content: contentOf(onDay), publishedAt: at - (40 - onDay) * 24 * hour, ...facts },
          },
        ],
      });
    }
  });

  const post = async (json: unknown, query = '', as = cluster) => {
    const answer = await scene.ask('POST', `/api/watch/admission${query}`, { as, json });
    const response = answer.json.response as
      | { uid: string; allowed: boolean; warnings: string[]; status?: { code: number; message: string } }
      | undefined;
    return { ...answer, response };
  };
  const requests = () => listRequests(scene.resources.database.query, source, Number.MAX_SAFE_INTEGER);

  test('what is known to be good may run, and what a stranger signed may not', async () => {
    const good = await post(review(pod(app(3))));
    assert.deepEqual([good.status, good.response], [200, { uid: 'u-1', allowed: true, warnings: [] }]);
    const bad = await post(review(pod(app(3), app(4))));
    assert.deepEqual([bad.response?.allowed, bad.response?.status?.code], [false, 403]);
    assert.match(bad.response?.status?.message ?? '', /identity\.new_owner/);
    const wrong = await post(review(pod('npm:1.0', 'Not An Image')));
    assert.match(wrong.response?.status?.message ?? '', /npm:1\.0: unknown: source\.unwatched.*no reference/);
    assert.ok((await findSchedule(scene.resources.database.query, source))?.in_use_at);
  });

  test('what nobody knows is looked at once and refused for now, and a dry run asks for nothing', async () => {
    const unseen = review(pod(app(77)));
    const dry = await post({ ...unseen, request: { ...unseen.request, dryRun: true } }, '?budget_ms=100');
    assert.deepEqual([dry.response?.allowed, await requests()], [false, []]);
    const { response } = await post(unseen, '?budget_ms=100');
    assert.deepEqual([response?.allowed, response?.status?.code], [false, 503]);
    assert.deepEqual(await requests(), [{ label: '', content: contentOf(77) }]);
  });

  test('all that a review asks for is one row of the audit log, of which it names some', async () => {
    const unseen = Array.from({ length: 7 }, (_, index) => app(80 + index));
    await post(review(pod(...unseen)), '?budget_ms=100');
    assert.equal((await requests()).length, 8);
    const rows = await listAudit(scene.resources.database, { action: 'watch_source.asked', limit: 100 });
    const { references, count } = JSON.parse(String(rows.at(-1)?.detail));
    assert.deepEqual([rows.length, count, references.split(' ').length], [2, 7, 5]);
    assert.equal(references.split(' ')[0], `oci:${app(80)}`);
  });

  test('who observes or warns stops nothing, by environment', async () => {
    const rules = [
      { name: 'playground', match: { environment: 'playground' }, mode: 'observe' },
      { name: 'staging', match: { environment: 'staging' }, mode: 'warn' },
    ];
    const set = await scene.ask('PUT', '/api/watch/policy', { as: admin, json: { schema: 1, rules } });
    assert.equal(set.status, 200);
    const played = await post(review(pod(app(4))), '?environment=playground');
    assert.deepEqual([played.response?.allowed, played.response?.warnings], [true, []]);
    const staged = await post(review(pod(app(4))), '?environment=staging');
    assert.deepEqual([staged.response?.allowed, staged.response?.warnings.length], [true, 1]);
    assert.equal((await post(review(pod(app(4))), '?environment=production')).response?.allowed, false);
  });

  test('when there is no time, the policy says what holds', async () => {
    for (const [environment, outcome] of [
      ['playground', 'ok'],
      ['staging', 'warn'],
      ['production', 'unknown'],
    ] as const) {
      const parts = { ...scene.resources, database: answerLate(scene.resources.database) };
      const admission = { caller: scene.home.caller, environment, budgetMs: 20 };
      const admitted = await admitImages(parts, admission, { isDryRun: false, images: [app(3)] });
      assert.deepEqual(
        admitted.map((one) => [one.outcome, one.why]),
        [[outcome, 'gate.late, there was no time to judge it']],
      );
    }
  });

  test('images without a digest are warned of or refused where the rule asks for one', async () => {
    const tagged = 'ghcr.io/org/app:1.0.3';
    for (const [digest, allowed, warnings] of [
      [undefined, true, 0],
      ['warn', true, 1],
      ['deny', false, 0],
    ] as const) {
      const rules = [{ name: 'all', match: {}, mode: 'enforce', on_unknown: 'allow', require: { digest } }];
      await scene.ask('PUT', '/api/watch/policy', { as: admin, json: { schema: 1, rules } });
      const { response } = await post(review(pod(tagged)));
      assert.deepEqual([response?.allowed, response?.warnings.length], [allowed, warnings]);
      assert.equal((await post(review(pod(app(3))))).response?.warnings.length, 0);
      // Whether or not anything is known of it.
      assert.equal((await post(review(pod('nobody/watches:1')))).response?.allowed, allowed);
    }
    const rules = [{ name: 'all', match: {}, mode: 'enforce', require: { digest: 'perhaps' } }];
    assert.equal((await scene.ask('PUT', '/api/watch/policy', { as: admin, json: { schema: 1, rules } })).status, 400);
  });

  test('over the limit of a minute nothing is looked up, and the policy says what holds; reviews are counted', async () => {
    const busy = await scene.openKey(scene.home, ['read']);
    const rules = [{ name: 'playground', match: { environment: 'playground' }, mode: 'observe' }];
    await scene.ask('PUT', '/api/watch/policy', { as: admin, json: { schema: 1, rules } });
    const empty = review(null, { operation: 'DELETE' });
    for (let count = 0; count < 40; count += 1) await post(empty, '', busy);
    const limited = await post(review(pod(app(3))), '', busy);
    assert.deepEqual([limited.status, limited.response?.allowed, limited.response?.status?.code], [200, false, 503]);
    assert.match(limited.response?.status?.message ?? '', /gate\.limited, more reviews came/);
    const played = await post(review(pod(app(3), app(4))), '?environment=playground', busy);
    assert.deepEqual([played.response?.allowed, played.response?.warnings], [true, []]);
    const registry = new Registry();
    scene.resources.admissions.register(registry);
    const text = await registry.metrics();
    for (const verdict of ['ok', 'deny', 'unknown', 'warn']) {
      assert.match(text, new RegExp(`signpost_watch_admissions_total\\{verdict="${verdict}"\\} [1-9]`));
    }
    assert.match(text, /verdict="limited"\} [2-9]/);
    assert.match(text, /signpost_watch_admission_seconds_count [1-9]/);
  });

  test('only keys ask, with a review', async () => {
    assert.equal((await post({ request: {} })).status, 400);
    assert.equal((await post(review(pod('a')), '?environment=No')).status, 400);
    assert.equal((await post(review(pod('a')), '', {})).status, 401);
  });
});

/** A database whose first question is never answered. */
function answerLate(database: Database): Database {
  const never = { executeTakeFirst: () => new Promise(() => undefined) };
  const silent: object = new Proxy(never, {
    get: (target, name) => (name === 'executeTakeFirst' ? target.executeTakeFirst : () => silent),
  });
  const answers = [silent as Database['query']];
  return Object.create(database, { query: { get: () => answers.shift() ?? database.query } });
}
