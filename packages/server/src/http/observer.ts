/** Sets the headers, then logs and counts each answer: without query, cookies, authorization and client address. */
import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import { isForwardedOverHttps, type TrustedProxies } from './address.ts';
import type { AppEnv } from './context.ts';
import { peerOf } from './guard.ts';
import { setHeaders } from './headers.ts';
import type { Metrics } from './metrics.ts';
import type { RouteRule } from './role-table.ts';
import { matchedRouteName } from './route-name.ts';

/** What the observer is made of. */
export interface ObserverParts {
  readonly rules: ReadonlyMap<string, RouteRule>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly proxies: TrustedProxies;
  /** Clients reach the server at an `https:` base URL. */
  readonly secure: boolean;
}

/** The outermost middleware. */
export function createObserver({ rules, metrics, log, proxies, secure }: ObserverParts): MiddlewareHandler<AppEnv> {
  return async function observe(c, next) {
    const started = performance.now();
    const route = matchedRouteName(c);
    setHeaders(c, {
      secure: secure || isForwardedOverHttps(peerOf(c), c.req.header('x-forwarded-proto'), proxies),
      readableByAll: route?.startsWith('GET ') === true && rules.get(route)?.public === true,
    });
    await next();
    const seconds = (performance.now() - started) / 1000;
    const status = c.res.status;
    metrics.countRequest({ route: route ?? 'none', status, seconds });
    log.info(
      // A path that names nothing may hold anything, such as a key that was pasted into the wrong place.
      {
        route,
        path: status < 400 ? c.req.path : undefined,
        organisation: c.get('organisation')?.slug,
        status,
        ms: seconds * 1000,
      },
      'request',
    );
  };
}
