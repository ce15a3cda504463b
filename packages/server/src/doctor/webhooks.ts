/** The doctor on webhooks: those that the server or their receivers switched off, and what was given up. */
import { listBacklogs } from '../push/webhooks/deliveries/store.ts';
import { type EndpointRow, listEndpoints } from '../push/webhooks/endpoints/store.ts';
import { type DoctorDependencies, dayMs, type Finding } from './finding.ts';

/** Webhooks that get nothing, are about to, or have missed something. */
export async function examineWebhooks(
  { database, now }: Pick<DoctorDependencies, 'database' | 'now'>,
  organisationId: string,
): Promise<Finding[]> {
  const backlogs = new Map((await listBacklogs(database.query)).map((one) => [one.endpoint_id, one.dead]));
  const endpoints = await listEndpoints(database.query, organisationId);
  return endpoints.flatMap((row) => examineOne(row, { dead: backlogs.get(row.id) ?? 0, at: now() }));
}

function examineOne(row: EndpointRow, { dead, at }: { readonly dead: number; readonly at: number }): Finding[] {
  const { id, host } = row;
  const findings: Finding[] = [];
  if (row.disabled_because === 'gone' || row.disabled_because === 'failing') {
    const why = row.disabled_because === 'gone' ? 'its receiver said 410' : 'it took nothing for days';
    const hint = `signpost webhook enable ${id}, then signpost webhook replay ${id} --since TIME; or remove it`;
    findings.push({
      level: 'warning',
      code: 'webhook-disabled',
      message: `the webhook to ${host} is off: ${why}`,
      hint,
    });
  } else if (row.failing_since !== null && at - row.failing_since >= dayMs) {
    const message = `the webhook to ${host} has taken nothing for ${Math.floor((at - row.failing_since) / dayMs)} days`;
    findings.push({ level: 'warning', code: 'webhook-failing', message, hint: `signpost webhook deliveries ${id}` });
  }
  if (dead > 0) {
    const message = `${dead} deliveries to ${host} were given up`;
    const hint = `signpost webhook deliveries ${id} --state dead, then signpost webhook replay ${id} --since TIME`;
    findings.push({ level: 'info', code: 'webhook-dead-letters', message, hint });
  }
  return findings;
}
