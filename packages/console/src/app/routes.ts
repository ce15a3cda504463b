/** Paths of the console: `releases/{project}/{version}` below `/console/`, for one organisation or behind `/o/{org}`. */

/** What a path says, by the names in its pattern. */
export type Parameters = Readonly<Record<string, string>>;

/** Splits a browser's path into what stands before `/console` and what stands below it; undefined for other paths. */
export function splitPath(pathname: string): { readonly base: string; readonly path: string } | undefined {
  const found = /^((?:\/o\/[^/]+)?)\/console(?:\/(.*))?$/.exec(pathname);
  if (!found) return undefined;
  return { base: found[1] ?? '', path: (found[2] ?? '').replace(/\/+$/, '') };
}

/** What `path` says to `pattern`; undefined when it does not fit. A part in braces takes one segment, decoded. */
export function matchPath(pattern: string, path: string): Parameters | undefined {
  const expected = pattern.split('/');
  const given = path.split('/');
  if (expected.length !== given.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const segment = decodeSegment(given[index] ?? '');
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (segment === undefined || (name === undefined ? part !== segment : segment === '')) return undefined;
    if (name !== undefined) parameters[name] = segment;
  }
  return parameters;
}

/** The path that `pattern` makes with these values: the opposite of `matchPath`. */
export function fillPath(pattern: string, values: Parameters): string {
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}

function decodeSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
