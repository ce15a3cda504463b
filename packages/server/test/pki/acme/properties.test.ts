/** The state machine under any sequence of requests: states only move forward, and no certificate is without its proofs. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { openMigratedSqlite } from '../../storage/migrated.ts';
import { type AcmeClient, createCsr, thumbprintOf } from './client.ts';
import { type AcmeScene, findChallenge, openAcmeScene, placeOrder, type SeenOrder } from './scene.ts';

let scene: AcmeScene;
let close: () => Promise<void>;
before(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const database = await openMigratedSqlite(dataDir);
  scene = await openAcmeScene(database);
  close = async () => {
    await scene.close();
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  };
});
after(() => close());

/** Where an order may go from each state (RFC 8555, 7.1.6); processing is over before anybody sees it. */
const next: Readonly<Record<string, readonly string[]>> = {
  pending: ['pending', 'ready', 'invalid'],
  ready: ['ready', 'valid', 'invalid'],
  valid: ['valid'],
  invalid: ['invalid'],
};

/** Two steps at once, such as the last proof and the end, count as one after the other. */
const reachable = (from: string) => new Set((next[from] ?? []).flatMap((state) => next[state] ?? []));

type Step = 'prove' | 'fail' | 'finalize' | 'finalize twice' | 'deactivate' | 'read' | 'order again' | 'wait';

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.constantFrom<Step>('prove', 'fail', 'finalize', 'finalize twice', 'deactivate', 'read', 'order again', 'wait'),
  { minLength: 1, maxLength: 8 },
);

let host = 0;

async function tryChallenge(client: AcmeClient, url: string, isRight: boolean): Promise<void> {
  const { json } = await client.read(url);
  if (json.status !== 'pending') return;
  const { token, url: challenge } = await findChallenge(client, url, 'http-01');
  scene.files.set(`/.well-known/acme-challenge/${token}`, `${token}.${isRight ? thumbprintOf(client.key) : 'wrong'}`);
  await client.post(challenge, {});
  await client.waitWhile(url, ['pending']);
}

async function take(step: Step, client: AcmeClient, { order, names }: { order: SeenOrder; names: string[] }) {
  const [first = '', second = first] = order.authorizations;
  const csr = await createCsr({ names });
  switch (step) {
    case 'prove':
      return tryChallenge(client, (await client.read(first)).json.status === 'pending' ? first : second, true);
    case 'fail':
      return tryChallenge(client, second, false);
    case 'finalize':
      return client.post(order.finalize, { csr });
    case 'finalize twice':
      return twice(client, order, csr);
    case 'deactivate':
      return client.post(first, { status: 'deactivated' });
    case 'order again':
      return placeOrder(client, names);
    case 'wait':
      return scene.travel(1000);
    case 'read':
      return client.read(order.authorizations[0] ?? '');
  }
}

/** The same request over two connections at the same time. */
async function twice(client: AcmeClient, order: SeenOrder, csr: string): Promise<void> {
  const nonces = [await client.nonce(), await client.nonce()];
  const replies = await Promise.all(nonces.map((nonce) => client.post(order.finalize, { csr }, { header: { nonce } })));
  const certificates = new Set(replies.flatMap(({ status, json }) => (status === 200 ? [json.certificate] : [])));
  assert.ok(certificates.size <= 1, 'one order, one certificate');
}

async function listIssued(names: readonly string[]): Promise<number> {
  const rows = await scene.dependencies.database.query
    .selectFrom('certificate')
    .select('id')
    .where('source', '=', 'acme')
    .where('names', 'like', `%${names[0]}%`)
    .execute();
  return rows.length;
}

test('whatever a client does, orders move forward only and end in one certificate at most', async () => {
  const client = await scene.enrol();
  const holds = fc.asyncProperty(steps, async (sequence) => {
    const id = createHash('sha256').update(String(host++)).digest('hex').slice(0, 12);
    const names = [`a-${id}.example.test`, `b-${id}.example.test`];
    const order = await placeOrder(client, names);
    let state = String(order.reply.json.status);
    for (const step of sequence) {
      await take(step, client, { order, names });
      const { json } = await client.read(order.url);
      assert.ok(reachable(state).has(String(json.status)), `${state} to ${json.status} by ${step}`);
      state = String(json.status);
      assert.equal(json.certificate !== undefined, state === 'valid');
      assert.equal(await listIssued(names), state === 'valid' ? 1 : 0);
    }
  });
  await fc.assert(holds, { numRuns: 30 });
});
