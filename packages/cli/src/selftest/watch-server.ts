/** What a self-test asks of the server whose watch it tries: a source of its own, a signer, looks, findings, and an end. */
import { cellOf, type JsonObject, objectsOf, textOf } from '../http/answer.ts';
import { type Client, ServerRefusal } from '../http/client.ts';
import { Failure } from '../terminal/failure.ts';

/** A finding, as far as a self-test looks. */
export interface FoundFinding {
  readonly id: string;
  readonly kind: string;
  readonly severity: string;
}

/** The name of the trusted root while a self-test runs. */
const rootName = 'watch-selftest';
const rootsPath = '/api/evidence/trust-roots';
const reason = 'signpost watch selftest';
/** What the server waits for one look at most. */
const waitSeconds = 60;

/** Trusts the log of the self-test; one that an earlier run left is replaced. */
export async function trustLog(client: Client, trustedRoot: string): Promise<void> {
  await ignoreMissing(client.request('DELETE', `${rootsPath}/${rootName}`));
  await client.request('POST', rootsPath, { body: { name: rootName, trusted_root: trustedRoot } });
}

/** Trusts it no more. */
export async function distrustLog(client: Client): Promise<void> {
  await ignoreMissing(client.request('DELETE', `${rootsPath}/${rootName}`));
}

/** Watches the repository and declares its only signer; gives the source's id. Throws Failure when somebody watches it already. */
export async function watchRepository(client: Client, repository: string): Promise<string> {
  const made = await client.request('POST', '/api/watch/sources', { body: { source: `oci:${repository}` } });
  return textOf(made, 'id');
}

/** Declares that one key signs the line of the self-test, and no other. */
export async function declareSigner(client: Client, sourceId: string, key: string): Promise<void> {
  const body = { decision: 'declare', line: '1', keys: [key], reason };
  await client.request('POST', `/api/watch/sources/${sourceId}/decisions`, { body });
}

/** Has the watch look at an image, and waits until it did. Throws Failure when it could not. */
export async function look(client: Client, reference: string): Promise<void> {
  const body = { reference, wait_seconds: waitSeconds };
  const looked = await client.request('POST', '/api/watch/observe', { body });
  const state = textOf(looked, 'state');
  if (state === 'observed') return;
  const why = state === 'waiting' ? `it did not look within ${waitSeconds} s` : cellOf(looked, 'reason');
  throw new Failure('refused', `the server could not look at ${reference}: ${why}`, {
    hint: 'list the registry in SIGNPOST_WATCH_HOSTS of the server: http://127.0.0.1:5089 for the one that this command starts',
  });
}

/** Findings of the source that are open. */
async function listOpenFindings(client: Client, sourceId: string): Promise<readonly FoundFinding[]> {
  const page = await client.read(`/api/watch/findings?state=open&source=${sourceId}`);
  return objectsOf(page, 'findings').map((row) => {
    return { id: textOf(row, 'id'), kind: textOf(row, 'kind'), severity: textOf(row, 'severity') };
  });
}

/** Those of them that are about an image, by its hex SHA-256: what an earlier run left in the registry is looked at, too. */
export async function listFindingsOf(
  client: Client,
  sourceId: string,
  content: string,
): Promise<readonly FoundFinding[]> {
  const found = await listOpenFindings(client, sourceId);
  const shown = await Promise.all(found.map(({ id }) => client.read(`/api/watch/findings/${id}`)));
  return found.filter((_, index) =>
    objectsOf(shown[index] ?? {}, 'artifacts').some(({ sha256 }) => sha256 === content),
  );
}

/** What a gate says, with the codes of its reasons that are no policy's own requirement. */
export async function readGate(
  client: Client,
  repository: string,
  content: string,
): Promise<{ readonly judged: string; readonly codes: readonly string[] }> {
  const query = new URLSearchParams({ ref: `oci:${repository}`, digest: `sha256:${content}` });
  const verdict = await client.read(`/api/watch/verdict?${query}`);
  const codes = objectsOf(verdict, 'reasons')
    .filter((row) => cellOf(row, 'effect') !== 'ok')
    .map((row) => textOf(row, 'code'));
  return { judged: textOf(verdict, 'judged'), codes: codes.filter((code) => !code.startsWith('required.')) };
}

/** Says of every open finding that it was a trial, and stops watching. */
export async function endWatching(client: Client, sourceId: string): Promise<void> {
  for (const { id } of await listOpenFindings(client, sourceId)) {
    await client.request('POST', `/api/watch/findings/${id}/verdict`, { body: { verdict: 'dismiss', reason } });
  }
  await client.request('DELETE', `/api/watch/sources/${sourceId}`);
}

/** Webhooks that are told of findings. Whoever may not see them is told of none. */
export async function listAlarmWebhooks(client: Client): Promise<readonly JsonObject[]> {
  const page = await client.read('/api/webhooks').catch((error: unknown) => {
    if (error instanceof ServerRefusal && error.status === 403) return { webhooks: [] };
    throw error;
  });
  return objectsOf(page, 'webhooks').filter((webhook) => {
    const types = webhook.types as readonly string[];
    const isAsked = types.length === 0 || types.includes('watch.finding.opened');
    return isAsked && webhook.state === 'enabled' && webhook.project === null;
  });
}

/** How many findings that opened since then a webhook has delivered. */
export async function countDelivered(client: Client, webhook: JsonObject, since: number): Promise<number> {
  const page = await client.read(`/api/webhooks/${textOf(webhook, 'id')}/deliveries`);
  return objectsOf(page, 'deliveries').filter(
    (row) =>
      row.type === 'watch.finding.opened' && row.state === 'delivered' && Date.parse(textOf(row, 'event_at')) >= since,
  ).length;
}

async function ignoreMissing(request: Promise<unknown>): Promise<void> {
  await request.catch((error: unknown) => {
    if (!(error instanceof ServerRefusal && error.status === 404)) throw error;
  });
}
