/** Finds imports by what is known already: Node asks the disk several times for each one, and a server has seven thousand. */
import type { ResolveFnOutput, ResolveHookSync } from 'node:module';
import { dirname, extname } from 'node:path/posix';

/**
 * Makes a hook for `registerHooks` that answers as Node does, and asks it once for all files of one folder and ending, and once for each
 * module of our own packages, wherever it is imported. An import of a file that is not there fails when it is read, and not before.
 */
export function createResolve(): ResolveHookSync {
  const formats = new Map<string, string>();
  const ours = new Map<string, ResolveFnOutput>();
  return (specifier, context, nextResolve) => {
    const known = ours.get(specifier);
    if (known) return known;
    const url = placeOf(specifier, context.parentURL);
    const format = url && formats.get(kindOf(url));
    if (format) return { url, format, shortCircuit: true };
    const found = nextResolve(specifier, context);
    if (specifier.startsWith('@signpost/')) ours.set(specifier, { ...found, shortCircuit: true });
    // Not what stands elsewhere, by a link. What is required has rules of its own: a file may be named without its ending.
    if (found.url === url && found.format?.startsWith('module')) formats.set(kindOf(url), found.format);
    return found;
  };
}

/** Where a file is that is imported by a relative path. */
function placeOf(specifier: string, parent: string | undefined): string | undefined {
  return specifier.startsWith('.') && parent?.startsWith('file:') ? new URL(specifier, parent).href : undefined;
}

/** Its folder and its ending: what stands in one folder under one ending has one format, by the package that the folder is of. */
function kindOf(url: string): string {
  return `${dirname(url)} ${extname(url)}`;
}
