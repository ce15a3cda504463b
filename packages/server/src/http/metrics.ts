/** Figures for Prometheus: the process, and requests by route; never by client. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { AppEnv } from './context.ts';
import { createRouter } from './router.ts';

/** One answered request. */
interface AnsweredRequest {
  /** As the role table names it; requests to no route are counted together. */
  readonly route: string;
  readonly status: number;
  readonly seconds: number;
}

/** The figures of one application. */
export interface Metrics {
  /** Where a plane registers figures of its own. */
  readonly registry: Registry;
  countRequest(request: AnsweredRequest): void;
  /** Counts what was answered from a finished buffer: with 200, or with 304 to who had it already. */
  countPrepared(route: string, status?: 200 | 304): void;
}

/** Creates a registry with the figures of the process and of HTTP. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'signpost_http_requests_total',
    help: 'Requests answered, by route and status',
    labelNames: ['route', 'status'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'signpost_http_request_seconds',
    help: 'Time from request to answer, by route',
    labelNames: ['route'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [registry],
  });
  // Found once: routes and statuses are few, and looking for what their labels name costs more than counting.
  const counters = new Map<string, Counter.Internal>();
  const durations = new Map<string, Histogram.Internal<'route'>>();
  const count = (route: string, status: number) => {
    const key = `${status} ${route}`;
    const counter = counters.get(key) ?? requests.labels({ route, status });
    counters.set(key, counter);
    counter.inc();
  };
  return {
    registry,
    countPrepared: (route, status = 200) => count(route, status),
    countRequest: ({ route, status, seconds }) => {
      count(route, status);
      const histogram = durations.get(route) ?? duration.labels({ route });
      durations.set(route, histogram);
      histogram.observe(seconds);
    },
  };
}

const metricsRoute = createRoute({
  method: 'get',
  path: '/metrics',
  tags: ['server'],
  summary: 'Figures in the text format of Prometheus',
  responses: { 200: { description: 'The figures.', content: { 'text/plain': { schema: z.string() } } } },
});

/** `GET /metrics`. */
export function createMetricsRoutes({ registry }: Pick<Metrics, 'registry'>): OpenAPIHono<AppEnv> {
  return createRouter().openapi(metricsRoute, async (c) =>
    c.text(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
  );
}
