/** Whether the server lives (`/healthz`, asking nothing) and works (`/api/health`, asking the database). */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Database } from '../storage/database.ts';
import type { AppEnv } from './context.ts';
import { createRouter, jsonAnswer } from './router.ts';

const livenessRoute = createRoute({
  method: 'get',
  path: '/healthz',
  tags: ['server'],
  summary: 'Whether the process answers',
  responses: { 200: { description: 'It does.', content: { 'text/plain': { schema: z.literal('ok\n') } } } },
});

const HealthSchema = z.object({
  status: z.enum(['ok', 'degraded']),
  version: z.string(),
  db: z.enum(['ok', 'failed']),
  bus: z
    .enum(['ok', 'failed'])
    .optional()
    .openapi({ description: 'Whether other processes hear of events; absent where none is told.' }),
  watch: z.enum(['ok', 'late', 'stalled']).optional().openapi({
    description:
      '`late`: a watched source has waited for a quarter of an hour to be looked at; `stalled`: nothing that is seen can be written down.',
  }),
  push: z.enum(['ok', 'waiting']).optional().openapi({
    description: '`waiting`: something has waited for ten seconds to be told to listeners; `signpost doctor` says why.',
  }),
});

const healthRoute = createRoute({
  method: 'get',
  path: '/api/health',
  tags: ['server'],
  summary: 'Whether the server works',
  responses: {
    200: jsonAnswer(
      'It works; `degraded` while other processes do not hear of events, or the watch is late.',
      HealthSchema,
    ),
    503: jsonAnswer('The database does not answer.', HealthSchema),
  },
});

/** Milliseconds for which an answer of the database counts: probes come without limit, so they must cost nothing. */
const probeLifeMs = 1000;

/** Routes that work without an organisation and are mounted before the guard. */
export function createHealthRoutes(deps: {
  readonly database: Pick<Database, 'probe'>;
  readonly version: string;
  readonly now: () => number;
  /** Whether the outer bus takes events; undefined where there is none. */
  readonly isBusWell?: (() => boolean) | undefined;
  readonly watchState?: (() => 'ok' | 'late' | 'stalled') | undefined;
  /** Whether listeners are told what happens; undefined where there is no push plane. */
  readonly isPushWell?: (() => boolean) | undefined;
}): OpenAPIHono<AppEnv> {
  const isUp = rememberProbe(deps);
  const router = createRouter();
  router.openapi(livenessRoute, (c) => c.text('ok\n', 200));
  router.openapi(healthRoute, async (c) => {
    const [bus, watch] = [describeBus(deps.isBusWell?.()), describeWatch(deps.watchState?.())];
    // An organisation that nobody vouches for yet has events that wait, and nothing is wrong with the server.
    const push = describePush(deps.isPushWell?.());
    const status = bus.bus === 'failed' || (watch.watch ?? 'ok') !== 'ok' ? ('degraded' as const) : ('ok' as const);
    const known = { version: deps.version, ...bus, ...watch, ...push };
    // A server whose bus is away, or whose watch is late, serves its clients all the same.
    if (await isUp()) return c.json({ status, db: 'ok' as const, ...known }, 200);
    return c.json({ status: 'degraded' as const, db: 'failed' as const, ...known }, 503);
  });
  return router;
}

function describeBus(isWell: boolean | undefined): { bus?: 'ok' | 'failed' } {
  return isWell === undefined ? {} : { bus: isWell ? 'ok' : 'failed' };
}

function describeWatch(watch: 'ok' | 'late' | 'stalled' | undefined): { watch?: 'ok' | 'late' | 'stalled' } {
  return watch === undefined ? {} : { watch };
}

function describePush(isWell: boolean | undefined): { push?: 'ok' | 'waiting' } {
  return isWell === undefined ? {} : { push: isWell ? 'ok' : 'waiting' };
}

function rememberProbe(deps: { database: Pick<Database, 'probe'>; now: () => number }): () => Promise<boolean> {
  let last: { at: number; answer: Promise<boolean> } | undefined;
  return function isUp() {
    const at = deps.now();
    if (last && Math.abs(at - last.at) < probeLifeMs) return last.answer;
    const answer = deps.database.probe().then(
      () => true,
      () => false,
    );
    last = { at, answer };
    return answer;
  };
}
