/** Names of routes, as the role table, the log and the metrics have them: `GET /api/projects/{slug}`. */
import type { Context, Hono } from 'hono';
import { matchedRoutes } from 'hono/route';
import type { AppEnv } from './context.ts';
import type { RouteName } from './role-table.ts';

/** The route that will answer, or undefined when there is none. */
export function matchedRouteName(c: Context<AppEnv>): string | undefined {
  // Middleware is registered for ALL methods; parseRoleTable sees to it that no route is.
  const route = matchedRoutes(c).find(({ method }) => method !== 'ALL');
  return route && `${route.method} ${documentedPath(route.path)}`;
}

/** Every route of `router`, once each; middleware for all paths is left out. */
export function listRoutes(router: Hono<AppEnv>): RouteName[] {
  const names = new Map<string, RouteName>();
  for (const { method, path } of router.routes) {
    if (method === 'ALL' && /^\/?\*$/.test(path)) continue;
    names.set(`${method} ${path}`, { method, path: documentedPath(path) });
  }
  return [...names.values()];
}

/** The methods that routes of `router` offer for `path`. */
export function listMethods(router: Hono<AppEnv>, path: string): string[] {
  const methods = new Set(router.routes.map(({ method }) => method).filter((method) => method !== 'ALL'));
  return [...methods].filter((method) =>
    router.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
}

/** As many as there are routes: each request asks for the name of one. */
const documented = new Map<string, string>();

function documentedPath(path: string): string {
  const known = documented.get(path);
  if (known !== undefined) return known;
  const written = path.replace(/:([A-Za-z_]+)(?:\{[^}]*\})?/g, '{$1}');
  documented.set(path, written);
  return written;
}
