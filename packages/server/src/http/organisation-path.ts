/** The prefix `/o/{org}` that chooses an organisation, taken off before the routes are matched. */
import { getPath } from 'hono/utils/url';

/** The organisation named in a path, and the path that the routes know. */
interface OrganisationPath {
  /** Undefined without prefix: the host name decides, or the default organisation answers. */
  readonly organisation: string | undefined;
  readonly path: string;
}

/** Splits a path that Hono has decoded. The prefix counts once: `/o/a/o/b` is the path `/o/b` of organisation `a`. */
export function splitOrganisationPath(path: string): OrganisationPath {
  if (!path.startsWith('/o/')) return { organisation: undefined, path };
  const end = path.indexOf('/', 3);
  const organisation = end === -1 ? path.slice(3) : path.slice(3, end);
  return { organisation, path: end === -1 ? '/' : path.slice(end) };
}

/** Hono's `getPath`, without the organisation's prefix. */
export function routingPath(request: Request): string {
  return splitOrganisationPath(getPath(request)).path;
}

/** The organisation that the request's path names, if any. */
export function requestedOrganisation(request: Request): string | undefined {
  return splitOrganisationPath(getPath(request)).organisation;
}
