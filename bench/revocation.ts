/** Revocation with 100,000 revoked certificates: how soon OCSP tells, how long the complete list takes, and whom it holds up. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createCertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import { encodeOcspRequest } from '@signpost/protocol/x509/ocsp/request';
import { parseOcspResponse } from '@signpost/protocol/x509/ocsp/response';
import type { IssuedCertificate } from '../packages/server/src/pki/certificates/issue.ts';
import { insertCertificates } from '../packages/server/src/pki/records/store.ts';
import { publishLists } from '../packages/server/src/pki/revocation/lists/publish.ts';
import { answerOcsp } from '../packages/server/src/pki/revocation/ocsp/answer.ts';
import { openDatabase } from '../packages/server/src/storage/database/open.ts';
import { createId } from '../packages/server/src/storage/ids.ts';
import { migrate } from '../packages/server/src/storage/migrations/migrate.ts';
import { createRevocationScene, type RevocationScene } from '../packages/server/test/pki/revocation/scene.ts';
import { formatAmount, type Measurement, quantile } from './measurement.ts';

const revoked = 100_000;
const validityMs = 7 * 86_400_000;
const rounds = 5;

/** Measures milliseconds, on SQLite, in the process of the server. */
export async function measureRevocation(): Promise<readonly Measurement[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signpost-bench-'));
  const database = await openDatabase({ dataDir, databaseUrl: undefined }, { create: true });
  try {
    await migrate(database);
    const scene = await createRevocationScene(database);
    await addRevoked(scene, await scene.issue());
    const list = await measureList(scene);
    const answer = await measureAnswer(scene);
    await scene.parts.publisher.settle();
    return [...list, answer];
  } finally {
    await database.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Rows like that of one certificate, each with a serial number of its own. */
async function addRevoked({ parts }: RevocationScene, { row }: IssuedCertificate): Promise<void> {
  const at = parts.now();
  for (let done = 0; done < revoked; done += 5000) {
    const rows = Array.from({ length: 5000 }, () => {
      const id = createId(at);
      const serial = Buffer.from(crypto.getRandomValues(new Uint8Array(17))).toString('hex');
      const fingerprint = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex');
      return { ...row, id, serial, fingerprint, state: 'revoked', reason: 'superseded', revoked_at: at } as const;
    });
    await parts.database.transaction((tx) => insertCertificates(tx, rows));
  }
}

async function measureList({ parts, issuer }: RevocationScene): Promise<readonly Measurement[]> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const times: number[] = [];
  delay.enable();
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const { entries } = await publishLists(parts, issuer, { validityMs });
    if (entries < revoked) throw new Error(`expected ${revoked} entries, got ${entries}`);
    times.push(performance.now() - started);
  }
  delay.disable();
  const held = delay.max / 1e6;
  const detail = `slowest of ${rounds}: ${formatAmount(Math.max(...times))} ms, durable in the database`;
  return [
    { name: `list of ${revoked} entries`, measured: quantile(times, 0.5), bar: atMost(500), detail },
    { name: 'longest that others waited meanwhile', measured: held, bar: atMost(150), detail: 'event loop delay' },
  ];
}

async function measureAnswer(scene: RevocationScene): Promise<Measurement> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const host = await scene.issue();
    const request = encodeOcspRequest([await createCertificateId(host.certificate, scene.issuer.certificate)]);
    await ask(scene, request, 'good');
    const started = performance.now();
    await scene.change(host, 'revoked');
    await ask(scene, request, 'revoked');
    times.push(performance.now() - started);
  }
  const name = `revocation to a fresh OCSP answer, ${revoked} revoked`;
  return {
    name,
    measured: quantile(times, 0.5),
    bar: atMost(150),
    detail: `slowest ${formatAmount(Math.max(...times))} ms`,
  };
}

async function ask({ parts, place }: RevocationScene, request: Uint8Array<ArrayBuffer>, wanted: string): Promise<void> {
  const answered = await answerOcsp(parts, place, request);
  const response = parseOcspResponse(answered.kind === 'shared' ? answered.answer.bytes : answered.bytes);
  const status = response.kind === 'basic' ? response.responses[0]?.status.kind : response.failure;
  if (status !== wanted) throw new Error(`expected ${wanted}, got ${status}`);
}

function atMost(value: number): Measurement['bar'] {
  return { kind: 'at most', value, unit: ' ms' };
}
