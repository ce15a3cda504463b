/** Timestamps answered by one thread: request parsed, authority looked up in SQLite, token signed; and tokens alone. */
import { createPrivateKey as importKey, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createImprint, createNonce, encodeTimestampRequest } from '@signpost/protocol/cms/timestamp-request';
import { parseTimestampResponse } from '@signpost/protocol/cms/timestamp-response';
import { createPrivateKey } from '@signpost/protocol/keys/private-key';
import { TimestampResponder } from '../packages/server/src/pki/timestamps/responder.ts';
import { enableTimestamps } from '../packages/server/src/pki/timestamps/timestamp-authority.ts';
import { openDatabase } from '../packages/server/src/storage/database/open.ts';
import { migrate } from '../packages/server/src/storage/migrations/migrate.ts';
import { createPkiScene } from '../packages/server/test/pki/scene.ts';
import { compareInRounds, formatAmount, type Measurement } from './measurement.ts';

/** Answers a second and thread, ECDSA P-256, and what a bare signature costs. */
export async function measureTimestamps(): Promise<readonly Measurement[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-bench-'));
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: true });
  try {
    await migrate(database);
    const { parts, caller, ...scene } = await createPkiScene(database);
    await scene.createRoot();
    await scene.createIntermediate();
    await enableTimestamps(parts, caller, { name: 'issuing', settings: {} });
    const responder = new TimestampResponder(parts);
    return [await compare(() => responder.answer(caller.organisationId, 'issuing', request))];
  } finally {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const request = encodeTimestampRequest({
  imprint: await createImprint(new TextEncoder().encode('a file'), 'SHA-256'),
  nonce: createNonce(),
  policy: undefined,
  certificatesWanted: false,
});

async function compare(answer: () => ReturnType<TimestampResponder['answer']>): Promise<Measurement> {
  const pkcs8 = await createPrivateKey({ kind: 'ecdsa', curve: 'P-256' });
  const key = importKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  const { bytes } = await answer();
  if (parseTimestampResponse(bytes).kind !== 'granted') throw new Error('expected a token');
  const { ratio, ours, peer } = await compareInRounds({
    rounds: 5,
    ours: () => countPerSecond(answer),
    peer: () => countPerSecond(async () => sign('sha256', bytes, key)),
  });
  const bar = { kind: 'at least', value: 0.1, unit: ' of bare signatures' } as const;
  const detail = `${formatAmount(ours)}/s, bare ${formatAmount(peer)}/s; ${bytes.length} bytes an answer`;
  return { name: 'timestamps answered in process, ECDSA P-256', measured: ratio, bar, detail };
}

async function countPerSecond(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  let count = 0;
  for (; performance.now() - startedAt < 500; count++) await work();
  return (count / (performance.now() - startedAt)) * 1000;
}
