/** HTTP of rescans and of the jobs behind them. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Refusal } from '../../errors.ts';
import type { AppEnv } from '../../http/context.ts';
import { createRouter, formatTime, jsonAnswer, timeSchema } from '../../http/router.ts';
import type { Database } from '../../storage/database.ts';
import { requestRescan } from './rescan.ts';
import { findJob } from './store.ts';

/** What the routes of rescans need. */
export interface RescanRouteDependencies {
  readonly database: Database;
  readonly now: () => number;
  /** Lets the worker look for jobs at once. */
  readonly wakeWorker: () => void;
}

const jobSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    state: z.enum(['waiting', 'running', 'done', 'failed']),
    progress: z.unknown(),
    attempts: z.int(),
    created_at: timeSchema,
    finished_at: timeSchema.nullable(),
  })
  .openapi('Job');

const rescanRoute = createRoute({
  method: 'post',
  path: '/api/rescan',
  tags: ['releases'],
  summary: 'Scan every file again with the newest signatures',
  responses: { 202: jsonAnswer('The job that does it', z.object({ job: z.string() })) },
});

const jobRoute = createRoute({
  method: 'get',
  path: '/api/jobs/{id}',
  tags: ['releases'],
  summary: 'How far a job is',
  request: { params: z.object({ id: z.string().max(64) }) },
  responses: { 200: jsonAnswer('The job', jobSchema) },
});

/** The routes of rescans. */
export function rescanRoutes({ database, now, wakeWorker }: RescanRouteDependencies): OpenAPIHono<AppEnv> {
  const router = createRouter();
  router.openapi(rescanRoute, async (c) => {
    const job = await requestRescan({ database, now }, c.var.organisation.id);
    wakeWorker();
    return c.json({ job }, 202);
  });
  router.openapi(jobRoute, async (c) => {
    const job = await findJob(database.query, c.var.organisation.id, c.req.valid('param').id);
    if (!job) throw new Refusal('not_found', 'no such job');
    const { id, kind, state, attempts, progress } = job;
    const times = {
      created_at: formatTime(job.created_at),
      finished_at: job.finished_at === null ? null : formatTime(job.finished_at),
    };
    return c.json(
      { id, kind, state, attempts, progress: progress === null ? null : JSON.parse(progress), ...times },
      200,
    );
  });
  return router;
}
