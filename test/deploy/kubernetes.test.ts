/** The manifests for Kubernetes: each parses, and says what the server answers. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments, parseDocument } from 'yaml';
import roles from '../../packages/server/src/roles.json' with { type: 'json' };

const folder = join(import.meta.dirname, '../../deploy/kubernetes');

function readManifest(name: string) {
  const document = parseDocument(readFileSync(join(folder, name), 'utf8'), { strict: true });
  assert.deepEqual([document.errors, document.warnings], [[], []]);
  return document.toJS();
}

test('the webhook asks a route that keys may ask, has more time than the route takes, and fails closed', () => {
  const { apiVersion, kind, webhooks } = readManifest('admission.yaml');
  assert.deepEqual([apiVersion, kind], ['admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration']);
  for (const webhook of webhooks) {
    const url = new URL(webhook.clientConfig.url);
    const route = `POST ${url.pathname}` as keyof typeof roles;
    assert.ok((roles[route] as readonly string[] | undefined)?.includes('key:read'), route);
    assert.ok(webhook.timeoutSeconds * 1000 > Number(url.searchParams.get('budget_ms')));
    assert.deepEqual(webhook.admissionReviewVersions, ['v1']);
    assert.deepEqual([webhook.failurePolicy, webhook.sideEffects], ['Fail', 'NoneOnDryRun']);
    const [rule] = webhook.rules;
    assert.deepEqual(rule.resources, ['pods', 'pods/ephemeralcontainers']);
    assert.deepEqual(rule.operations, ['CREATE', 'UPDATE']);
  }
});

test('the API server finds its credential under the name of the host', () => {
  const { plugins } = readManifest('admission-configuration.yaml');
  assert.equal(plugins[0].name, 'ValidatingAdmissionWebhook');
  assert.match(plugins[0].configuration.kubeConfigFile, /kubeconfig\.yaml$/);
  const { users } = readManifest('kubeconfig.yaml');
  const { webhooks } = readManifest('admission.yaml');
  assert.equal(users[0].name, new URL(webhooks[0].clientConfig.url).host);
  assert.ok(users[0].user.tokenFile && !users[0].user.token);
});

test('who watches a cluster may list and watch pods, and nothing else', () => {
  const documents = parseAllDocuments(readFileSync(join(folder, 'watch.yaml'), 'utf8'), { strict: true });
  assert.ok(Array.isArray(documents));
  const objects = documents.map((document) => document.toJS());
  const roles = objects.filter(({ kind }) => /Role$/.test(kind));
  assert.deepEqual(
    roles.map(({ kind, rules }) => [kind, rules]),
    [['ClusterRole', [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }]]],
  );
  const binding = objects.find(({ kind }) => kind === 'ClusterRoleBinding');
  const account = objects.find(({ kind }) => kind === 'ServiceAccount');
  assert.deepEqual(binding.subjects, [{ kind: 'ServiceAccount', ...pick(account.metadata) }]);
  const secret = objects.find(({ kind }) => kind === 'Secret');
  assert.equal(secret.metadata.annotations['kubernetes.io/service-account.name'], account.metadata.name);
});

function pick({ name, namespace }: { readonly name: string; readonly namespace: string }) {
  return { name, namespace };
}
