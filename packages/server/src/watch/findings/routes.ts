/** HTTP of findings: what differs, and what somebody says of it. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refusal } from '../../errors.ts';
import { type AppEnv, callerOf } from '../../http/context.ts';
import { nextSchema } from '../../http/page-schema.ts';
import { createRouter, formatTime, jsonAnswer, jsonBody, timeSchema } from '../../http/router.ts';
import { lineSchema } from '../../http/text-schema.ts';
import { cutPage } from '../../storage/pages.ts';
import { listKinds, severities } from '../drift/kinds.ts';
import { titleOf } from '../drift/titles.ts';
import type { WatchParts } from '../parts.ts';
import { changeSettings, readSettings } from '../policies/settings.ts';
import { decideFinding } from './decide.ts';
import { assertOnePage } from './order.ts';
import type { FindingDocument } from './raise.ts';
import {
  type FindingEventRow,
  type FindingRow,
  findFinding,
  listFindingArtifacts,
  listFindingEvents,
  listFindings,
} from './store.ts';
import { describeForUpstream } from './upstream.ts';
import type { Verdict } from './verdict.ts';

const stateSchema = z.enum(['open', 'acknowledged', 'accepted', 'rejected', 'benign', 'resolved', 'collapsed']);
const findingSchema = z
  .object({
    id: z.uuid(),
    kind: z.string(),
    severity: z.enum(severities),
    gate: z.enum(['allow', 'warn', 'deny', 'hold']),
    state: stateSchema,
    source: z.string().nullable(),
    line: z.string().nullable(),
    title: z.string().openapi({ description: 'What its kind is called; the sentence has the details.' }),
    sentence: z.string(),
    before: z.array(z.string()),
    after: z.array(z.string()),
    benign: z.string().openapi({ description: 'The harmless cause that is seen most.' }),
    sightings: z.int(),
    opened_at: timeSchema,
    last_seen_at: timeSchema,
    expires_at: timeSchema.nullable(),
    awaits_second_person: z.boolean(),
  })
  .openapi('WatchFinding');
const eventSchema = z.object({
  act: z.string(),
  actor: z.object({ kind: z.string(), id: z.string().nullable() }),
  note: z.string(),
  created_at: timeSchema,
});
const artifactSchema = z.object({ sha256: z.string(), version: z.string().nullable(), quarantined: z.boolean() });

const tags = ['watch'];
const path = '/api/watch/findings';
const idSchema = z.object({ id: z.uuid() });
const pageLimit = 200;

const listRoute = createRoute({
  method: 'get',
  path,
  tags,
  summary: 'What differs from what was accepted',
  description:
    'The state `undecided` is `open` or `acknowledged`. Kinds are named whole or by their first word (`observation`), several with commas between them. With `order=gravest` there is one page, of the gravest.',
  request: {
    query: z.object({
      state: z.enum([...stateSchema.options, 'undecided']).optional(),
      kind: z
        .string()
        .max(200)
        .regex(/^[a-z_.]+(?:,[a-z_.]+)*$/)
        .optional(),
      severity: z.enum(severities).optional(),
      source: z.uuid().optional(),
      order: z.enum(['newest', 'gravest']).default('newest'),
      before: z.uuid().optional(),
    }),
  },
  responses: {
    200: jsonAnswer(`At most ${pageLimit}.`, z.object({ findings: z.array(findingSchema), next: nextSchema })),
  },
});

const showRoute = createRoute({
  method: 'get',
  path: `${path}/{id}`,
  tags,
  summary: 'A finding with its history, its artifacts and a text for the maintainer upstream',
  request: { params: idSchema },
  responses: {
    200: jsonAnswer(
      'The finding.',
      findingSchema.extend({
        history: z.array(eventSchema),
        artifacts: z.array(artifactSchema),
        upstream: z.string(),
      }),
    ),
  },
});

const verdictRoute = createRoute({
  method: 'post',
  path: `${path}/{id}/verdict`,
  tags,
  summary: 'Acknowledge, accept, reject or dismiss a finding',
  description: 'What is accepted until a time is let go by this very change; what is accepted for good becomes usual.',
  request: {
    params: idSchema,
    body: jsonBody(
      z.strictObject({
        verdict: z.enum(['acknowledge', 'accept', 'reject', 'dismiss']),
        scope: z.enum(['line', 'source']).default('line'),
        until: timeSchema.optional(),
        reason: lineSchema(1000),
      }),
    ),
  },
  responses: {
    200: jsonAnswer('The finding.', z.object({ id: z.uuid(), state: stateSchema, awaits_second_person: z.boolean() })),
  },
});

const settingsSchema = z.strictObject({ two_people: z.boolean() }).openapi('WatchSettings');
const changedSettingsSchema = settingsSchema
  .extend({ awaits_second_person: z.boolean() })
  .openapi('ChangedWatchSettings');
const readSettingsRoute = createRoute({
  method: 'get',
  path: '/api/watch/settings',
  tags,
  summary: 'What is asked of those who decide',
  responses: { 200: jsonAnswer('The settings.', settingsSchema) },
});
const changeSettingsRoute = createRoute({
  method: 'put',
  path: '/api/watch/settings',
  tags,
  summary: 'Ask for two people before what is critical is accepted, or for one',
  request: { body: jsonBody(settingsSchema) },
  description: 'Asking for one again waits for a second person, who asks for the same.',
  responses: { 200: jsonAnswer('The settings in force.', changedSettingsSchema) },
});

/** The routes of findings. */
export function watchFindingRoutes(parts: WatchParts): OpenAPIHono<AppEnv> {
  const router = createRouter();
  const { query } = parts.database;
  router.openapi(listRoute, async (c) => {
    const { source, state, kind, ...filter } = c.req.valid('query');
    assertOnePage(filter);
    const found = await listFindings(query, {
      ...{ ...filter, sourceId: source, organisationId: c.var.organisation.id, limit: pageLimit + 1 },
      ...{ states: parseStates(state), kinds: parseKinds(kind) },
    });
    const { rows, next } = cutPage(found, { limit: pageLimit }, ({ id }) => id);
    const findings = rows.map((row) => describeFinding(row, row.source_key, row.line_name));
    return c.json({ findings, next: filter.order === 'gravest' ? null : next }, 200);
  });
  router.openapi(showRoute, async (c) => {
    const row = await readFinding(parts, c.var.organisation.id, c.req.valid('param').id);
    const artifacts = await listFindingArtifacts(query, row.id, pageLimit);
    const finding = describeFinding(row, row.source_key, row.line_name);
    const shown = artifacts.map(({ content, version, quarantined_at }) => ({
      ...{ sha256: content, version, quarantined: quarantined_at !== null },
    }));
    const history = (await listFindingEvents(query, row.id)).map(describeEvent);
    return c.json({ ...finding, history, artifacts: shown, upstream: describeForUpstream(finding, shown) }, 200);
  });
  router.openapi(verdictRoute, async (c) => {
    const { reason, ...said } = c.req.valid('json');
    const verdict = parseVerdict(said);
    const row = await decideFinding(parts, callerOf(c.var), { id: c.req.valid('param').id, verdict, reason });
    return c.json({ id: row.id, state: row.state, awaits_second_person: row.proposal !== null }, 200);
  });
  router.openapi(readSettingsRoute, async (c) => {
    const { twoPeople } = await readSettings(query, c.var.organisation.id);
    return c.json({ two_people: twoPeople }, 200);
  });
  router.openapi(changeSettingsRoute, async (c) => {
    const { two_people } = c.req.valid('json');
    const changed = await changeSettings(parts, callerOf(c.var), { twoPeople: two_people });
    return c.json({ two_people: changed.twoPeople, awaits_second_person: changed.awaitsSecondPerson }, 200);
  });
  return router;
}

function parseStates(state: FindingRow['state'] | 'undecided' | undefined): readonly FindingRow['state'][] | undefined {
  if (state === undefined) return undefined;
  return state === 'undecided' ? ['open', 'acknowledged'] : [state];
}

function parseKinds(text: string | undefined): readonly string[] | undefined {
  return text?.split(',').flatMap((word) => {
    const kinds = listKinds(word);
    if (kinds.length > 0) return kinds;
    throw new Refusal('invalid', `expected kinds of findings, got ${word}`, {
      ...{ rule: 'schema', hint: 'docs/watch.md names them' },
    });
  });
}

interface SaidVerdict {
  readonly verdict: Verdict['kind'];
  readonly scope: 'line' | 'source';
  readonly until?: string | undefined;
}

function parseVerdict({ verdict, scope, until }: SaidVerdict): Verdict {
  if (verdict === 'accept') return { kind: verdict, scope, until: until === undefined ? undefined : Date.parse(until) };
  if (until !== undefined)
    throw new Refusal('invalid', 'expected an end only where something is accepted', { rule: 'schema' });
  return { kind: verdict };
}

async function readFinding({ database }: WatchParts, organisationId: string, id: string) {
  const row = await findFinding(database.query, { organisationId, id });
  if (!row) throw new Refusal('not_found', 'no such finding');
  return row;
}

function describeFinding(row: FindingRow, source: string | null, line: string | null): z.infer<typeof findingSchema> {
  const { before, after, sentence, benign } = JSON.parse(row.document) as FindingDocument;
  const { id, kind, severity, gate, state, sightings } = row;
  return {
    ...{
      id,
      kind,
      severity,
      gate,
      state,
      source,
      line,
      title: titleOf(kind),
      sentence,
      before: [...before],
      after: [...after],
      benign,
    },
    ...{ sightings, opened_at: formatTime(row.opened_at), last_seen_at: formatTime(row.last_seen_at) },
    expires_at: row.expires_at === null ? null : formatTime(row.expires_at),
    awaits_second_person: row.proposal !== null,
  };
}

function describeEvent({ act, actor, note, created_at }: FindingEventRow): z.infer<typeof eventSchema> {
  const { kind, id }: { kind: string; id: string | null } = JSON.parse(actor);
  return { act, actor: { kind, id }, note: JSON.parse(note), created_at: formatTime(created_at) };
}
