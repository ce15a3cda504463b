/** Kills a server that issues certificates, again and again at random moments: whatever a client received must be known. */
import { X509Certificate } from 'node:crypto';
import { createIssuing, createRequest, openApiKey } from '../programs/authority.ts';
import { createOperator, type Operator, signIn } from '../programs/operator.ts';
import { type Installation, install, startServer } from '../programs/server.ts';
import { strike } from './strike.ts';

/** How a run went. */
export interface IssuanceReport {
  readonly findings: readonly string[];
  /** Certificates that clients received. */
  readonly received: number;
}

const clients = 8;

interface Siege {
  readonly installation: Installation;
  readonly headers: Operator['headers'];
  readonly requests: readonly string[];
  /** Fingerprints by id: what clients have. */
  readonly received: Map<string, string>;
}

/** Kills a server `kills` times while clients ask it for certificates; after each restart its books are read. */
export async function killWhileIssuing(kills: number, report: (line: string) => void): Promise<IssuanceReport> {
  const installation = await install();
  try {
    const siege = await prepare(installation);
    const findings: string[] = [];
    for (let kill = 1; kill <= kills; kill += 1) {
      findings.push(...(await killOnce(siege)));
      report(`${kill} of ${kills} kills, ${siege.received.size} certificates received`);
    }
    const server = await startServer(installation);
    findings.push(...(await judge(createOperator(server.base, siege.headers), siege)));
    await server.stop();
    return { findings, received: siege.received.size };
  } finally {
    await installation.remove();
  }
}

async function prepare(installation: Installation): Promise<Siege> {
  const server = await startServer(installation);
  const operator = await signIn(server.base, installation.admin.email, installation.admin.password);
  await createIssuing(operator, { name: 'issuing', keyType: 'ecdsa-p256' });
  const headers = await openApiKey(operator, ['read', 'manage', 'admin']);
  const requests = await Promise.all(Array.from({ length: clients }, (_, at) => createRequest(`host-${at}.example`)));
  await server.stop();
  return { installation, headers, requests, received: new Map() };
}

async function killOnce(siege: Siege): Promise<readonly string[]> {
  const { requests, received } = siege;
  const round = new Map<string, string>();
  const findings: string[] = [];
  await strike(siege, {
    begin: (operator) => requests.map((request) => ask(operator, request, { round, findings })),
    isAnswered: () => round.size > 0,
  });
  for (const [id, fingerprint] of round) received.set(id, fingerprint);
  return findings;
}

/** Asks until nobody answers. What was received before counts, in whatever state the rest is. */
async function ask(
  operator: Operator,
  request: string,
  { round, findings }: { readonly round: Map<string, string>; readonly findings: string[] },
): Promise<void> {
  for (;;) {
    try {
      const body = { authority: 'issuing', profile: 'server', request };
      const { id, certificate, fingerprint } = await operator.call('POST', '/api/certificates', body);
      const seen = new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
      if (seen !== fingerprint) findings.push(`${id} was answered with another fingerprint than its own`);
      round.set(id, seen);
    } catch (error) {
      // A connection that breaks has no status; an answer that says no would be a fault.
      if (error instanceof Error && 'status' in error) findings.push(error.message);
      return;
    }
  }
}

/** Every certificate received is listed as it is, each listed one is audited once, and nothing contradicts itself. */
async function judge(operator: Operator, { received }: Siege): Promise<readonly string[]> {
  const listed = await listAll(operator);
  const audited = await listAudited(operator);
  const findings = [...received].flatMap(([id, fingerprint]) =>
    listed.get(id) === fingerprint ? [] : [`${id} was received, and the server does not know it`],
  );
  for (const id of listed.keys())
    if (audited.get(id) !== 1) findings.push(`${id} has ${audited.get(id) ?? 0} audit rows`);
  for (const id of audited.keys()) if (!listed.has(id)) findings.push(`${id} is audited, and not there`);
  const { found, findings: wrong } = await operator.call('GET', '/api/certificates/consistency');
  if (found > 0) findings.push(`the check found ${JSON.stringify(wrong)}`);
  await operator.call('GET', '/api/audit/verify');
  return findings;
}

async function listAll(operator: Operator): Promise<ReadonlyMap<string, string>> {
  const all = new Map<string, string>();
  for (let after = ''; ; ) {
    const query = `profile=server&limit=500${after === '' ? '' : `&after=${after}`}`;
    const { certificates, next } = await operator.call('GET', `/api/certificates?${query}`);
    for (const { id, fingerprint } of certificates) all.set(id, fingerprint);
    if (next === null) return all;
    after = next;
  }
}

async function listAudited(operator: Operator): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${operator.base}/api/audit/export`, { headers: operator.headers });
  const counts = new Map<string, number>();
  for (const line of (await response.text()).split('\n').filter((text) => text.includes('"certificate.issued"'))) {
    const { object_id: id } = JSON.parse(line);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}
