/** kubectl against a small API server that asks our webhook as the real one does: over TLS, by its authority, with the key of the manifests. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { parseDocument, stringify } from 'yaml';
import { readKubeconfig } from '../../packages/cli/src/commands/watch/kubeconfig.ts';
import { listPods } from '../../packages/server/src/watch/clusters/api-server.ts';
import { record } from '../../packages/server/src/watch/recording/record.ts';
import { openPlanesScene, type PlanesScene } from '../../packages/server/test/planes-scene.ts';
import {
  type ApiObject,
  type ApiReply,
  createClusterKeys,
  podOf,
  SmallApiServer,
} from '../../packages/server/test/watch/clusters/small-api-server.ts';
import { hour, keyless, stranger, usualFacts } from '../../packages/server/test/watch/drift/scene.ts';
import { contentOf } from '../../packages/server/test/watch/recording/desk.ts';

const kubectl = '/usr/bin/kubectl';
const missing = existsSync(kubectl) ? false : 'kubectl is not installed (apt-get install kubernetes-client)';
const deploy = join(import.meta.dirname, '../../deploy/kubernetes');
const app = (onDay: number) => `ghcr.io/org/app@sha256:${contentOf(onDay)}`;

describe('kubectl', { skip: process.env.CI === 'true' ? false : missing }, () => {
  const keys = createClusterKeys();
  const api = new SmallApiServer(keys);
  const webhooks: ApiObject[] = [];
  const closers: (() => unknown)[] = [];
  let scene: PlanesScene;
  let folder = '';
  let signpost = '';
  let apiKey = '';
  after(async () => {
    for (const close of closers.reverse()) await close();
  });

  before(async () => {
    scene = await openPlanesScene({ after: (close) => closers.push(close as () => unknown) });
    await learn(scene);
    const credential = await scene.openKey(scene.home, ['read']);
    apiKey = String(credential.authorization);
    signpost = await terminateTls(scene.url);
    await api.open();
    closers.push(() => api.close());
    api.answer = answer;
    folder = await mkdtemp(join(tmpdir(), 'signpost-kubectl-'));
    closers.push(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'config'), describeConfig());
  });

  /** HTTPS in front of the server. */
  async function terminateTls(plain: string): Promise<string> {
    const server = createTlsServer({ cert: keys.certificate, key: keys.key }, (socket) => {
      const behind = connect(Number(new URL(plain).port), '127.0.0.1');
      socket.pipe(behind).pipe(socket);
      for (const one of [socket, behind]) one.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => server.close());
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function describeConfig(): string {
    const authority = Buffer.from(keys.ca).toString('base64');
    return stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'shop' },
      clusters: [{ name: 'shop', cluster: { server: api.url, 'certificate-authority-data': authority } }],
      users: [{ name: 'watch', user: { token: api.token } }],
      contexts: [{ name: 'shop', context: { cluster: 'shop', user: 'watch', namespace: 'shop' } }],
    });
  }

  async function run(...words: string[]): Promise<{ code: number; out: string }> {
    const options = {
      timeout: 240_000,
      env: { HOME: folder, KUBECONFIG: join(folder, 'config'), PATH: '/usr/bin:/bin' },
    };
    return new Promise((resolve) =>
      execFile(kubectl, words, options, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code ?? 1) : 0, out: `${stdout}${stderr}` }),
      ),
    );
  }

  async function answer(request: IncomingMessage, body: string): Promise<ApiReply | undefined> {
    const url = new URL(request.url ?? '/', api.url);
    const known = discovery[url.pathname];
    if (known) return { status: 200, body: known };
    const isPods = url.pathname === '/api/v1/namespaces/shop/pods';
    if (request.method !== 'POST') return undefined;
    const object = JSON.parse(body) as ApiObject;
    if (isPods) return admit(object, url.searchParams.has('dryRun'));
    if (url.pathname.endsWith('/validatingwebhookconfigurations')) webhooks.push(object);
    return { status: 201, body: object };
  }

  /** As the API server does it: every webhook for pods of the namespace is asked, and a refusal is the answer. */
  async function admit(pod: ApiObject, isDryRun: boolean): Promise<ApiReply> {
    for (const { webhooks: hooks } of webhooks as unknown as { webhooks: Webhook[] }[]) {
      for (const { clientConfig, failurePolicy } of hooks) {
        const response = await review(clientConfig, pod, isDryRun).catch(() => undefined);
        const isAllowed = response ? response.allowed : failurePolicy === 'Ignore';
        if (isAllowed) continue;
        const { code = 500, message = 'failed calling webhook', reason = 'InternalError' } = response?.status ?? {};
        const text = `admission webhook denied the request: ${message}`;
        return {
          status: code,
          body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message: text, reason, code },
        };
      }
    }
    if (!isDryRun) api.put({ ...pod, metadata: { ...pod.metadata, uid: randomUUID() } });
    return { status: 201, body: pod };
  }

  interface Webhook {
    readonly clientConfig: { readonly url: string; readonly caBundle: string };
    readonly failurePolicy: string;
  }

  interface Reviewed {
    readonly uid: string;
    readonly allowed: boolean;
    readonly status?: { readonly code: number; readonly message: string; readonly reason: string };
  }

  async function review(
    { url, caBundle }: Webhook['clientConfig'],
    object: ApiObject,
    dryRun: boolean,
  ): Promise<Reviewed> {
    const uid = randomUUID();
    const kind = { group: '', version: 'v1', kind: 'Pod' };
    const resource = { group: '', version: 'v1', resource: 'pods' };
    const place = {
      name: object.metadata.name,
      namespace: 'shop',
      operation: 'CREATE',
      userInfo: { username: 'kubectl' },
    };
    const request = {
      uid,
      kind,
      resource,
      requestKind: kind,
      ...place,
      object,
      oldObject: null,
      dryRun,
      options: null,
    };
    const body = JSON.stringify({ kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1', request });
    const headers = { 'content-type': 'application/json', authorization: apiKey };
    const text = await new Promise<string>((resolve, reject) => {
      const options = { method: 'POST', headers, ca: Buffer.from(caBundle, 'base64'), agent: false as const };
      const sent = requestHttps(`${url}&timeout=5s`, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString()));
      });
      sent.on('error', reject);
      sent.end(body);
    });
    const { kind: answered, response } = JSON.parse(text) as { kind: string; response: Reviewed };
    assert.deepEqual([answered, response.uid], ['AdmissionReview', uid]);
    return response;
  }

  async function pod(name: string, image: string): Promise<string> {
    const file = join(folder, `${name}.yaml`);
    const metadata = { name, namespace: 'shop' };
    await writeFile(
      file,
      stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'app', image }] } }),
    );
    return file;
  }

  test('applies the manifest of the webhook, and runs what is known to be good and nothing else', async () => {
    const manifest = parseDocument(await readFile(join(deploy, 'admission.yaml'), 'utf8'));
    manifest.setIn(['webhooks', 0, 'clientConfig', 'url'], `${signpost}/api/watch/admission?budget_ms=200`);
    manifest.setIn(['webhooks', 0, 'clientConfig', 'caBundle'], Buffer.from(keys.ca).toString('base64'));
    const file = join(folder, 'admission.yaml');
    await writeFile(file, manifest.toString());
    const applied = await run('apply', '--validate=false', '-f', file);
    assert.deepEqual([applied.code, webhooks.length], [0, 1], applied.out);

    const good = await run('apply', '--validate=false', '-f', await pod('good', app(3)));
    assert.deepEqual([good.code, /pod\/good created/.test(good.out)], [0, true], good.out);
    const bad = await run('apply', '--validate=false', '-f', await pod('bad', app(4)));
    assert.deepEqual([bad.code, /deny: identity\.new_owner/.test(bad.out)], [1, true], bad.out);
    const unknown = await run('apply', '--validate=false', '-f', await pod('unknown', 'quay.io/org/app:1'));
    assert.deepEqual([unknown.code, /source\.unwatched/.test(unknown.out)], [1, true], unknown.out);
    const listed = await run('get', 'pods', '--all-namespaces', '-o', 'name');
    assert.equal(listed.out.trim(), 'pod/good', listed.out);
  });

  test('takes the same kubeconfig as the command', async () => {
    const access = await readKubeconfig(join(folder, 'config'), undefined);
    assert.deepEqual(access, { server: api.url, ca: keys.ca, credential: { token: api.token } });
    const shown = await run(
      'config',
      'view',
      '--raw',
      '-o',
      'jsonpath={.clusters[0].cluster.server} {.users[0].user.token}',
    );
    assert.equal(shown.out, `${access.server} ${api.token}`);
  });

  test('the client library of Kubernetes reads the same kubeconfig, and lists the same pods as we do', async () => {
    api.put(podOf('one', { app: [app(3), `ghcr.io/org/app@sha256:${contentOf(3)}`] }));
    const config = new KubeConfig();
    config.loadFromFile(join(folder, 'config'));
    const access = await readKubeconfig(join(folder, 'config'), undefined);
    const [cluster, user] = [config.getCurrentCluster(), config.getCurrentUser()];
    const authority = Buffer.from(cluster?.caData ?? '', 'base64').toString();
    assert.deepEqual({ server: cluster?.server, ca: authority, credential: { token: user?.token } }, access);
    const { items } = await config.makeApiClient(CoreV1Api).listPodForAllNamespaces();
    const theirs = items.map(({ metadata, status }) => [
      metadata?.uid,
      (status?.containerStatuses ?? []).map(({ imageID = '' }) => imageID.split('@sha256:')[1]),
    ]);
    const listed = await listPods(
      { privateHosts: new Set([new URL(api.url).host]) },
      { url: access.server, ca: access.ca, credential: { kind: 'token', token: api.token } },
      AbortSignal.timeout(120_000),
    );
    assert.ok(listed.kind === 'listed');
    const ours = listed.pods.map(({ uid, containers }) => [uid, containers.flatMap(({ digest }) => digest || [])]);
    assert.ok(theirs.some(([, digests]) => digests?.length === 1));
    assert.deepEqual(ours, theirs);
  });
});

const verbs = ['create', 'get', 'list', 'watch'];
const discovery: Readonly<Record<string, unknown>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    kind: 'APIGroupList',
    groups: [
      {
        name: 'admissionregistration.k8s.io',
        versions: [{ groupVersion: 'admissionregistration.k8s.io/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'admissionregistration.k8s.io/v1', version: 'v1' },
      },
    ],
  },
  '/api/v1': {
    ...{ kind: 'APIResourceList', groupVersion: 'v1' },
    resources: [{ name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs }],
  },
  '/apis/admissionregistration.k8s.io/v1': {
    ...{ kind: 'APIResourceList', groupVersion: 'admissionregistration.k8s.io/v1' },
    resources: [
      {
        name: 'validatingwebhookconfigurations',
        singularName: '',
        namespaced: false,
        kind: 'ValidatingWebhookConfiguration',
        verbs,
      },
    ],
  },
};

/** Three good versions, and one by a stranger. */
async function learn({ ask, openKey, home, resources }: PlanesScene): Promise<void> {
  const as = await openKey(home, ['manage']);
  const made = await ask('POST', '/api/watch/sources', { as, json: { source: 'ghcr.io/org/app' } });
  const at = resources.now();
  for (const [onDay, facts] of [
    [1, {}],
    [2, {}],
    [3, {}],
    [4, { signatures: [keyless(stranger)] }],
  ] as const) {
    await record(resources, {
      ...{ organisationId: home.caller.organisationId, sourceId: String(made.json.id) },
      artifacts: [
        {
          ...{ names: { version: `1.0.${onDay}` }, line: '1', isDefault: false },
          facts: { ...usualFacts, content: contentOf(onDay), publishedAt: at - (40 - onDay) * 24 * hour, ...facts },
        },
      ],
    });
  }
}
