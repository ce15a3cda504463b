/** Go: go.mod and go.sum (go.dev/ref/mod). */
import { createPackage, type FoundPackage, splitName } from './found-package.ts';

const requirement = /^\s*(?:require\s+)?([^\s()"]+\.[^\s()"]+)\s+(v\d[^\s]*)\s*(?:\/\/.*)?$/;

/** What is required, directly or not. */
export function readGoMod(text: string): readonly FoundPackage[] {
  let block: string | undefined;
  return text.split(/\r?\n/).flatMap((line) => {
    const opened = /^\s*(\w+)\s*\(/.exec(line)?.[1];
    if (opened !== undefined) block = opened;
    else if (/^\s*\)/.test(line)) block = undefined;
    const isRequire = block === 'require' || (block === undefined && /^\s*require\s/.test(line));
    const [, path, version] = (isRequire ? requirement.exec(line) : null) ?? [];
    return path === undefined || version === undefined ? [] : [create(path, version, 'manifest')];
  });
}

/** The modules whose content is pinned; of some only `go.mod` is, since nothing of them is built. */
export function readGoSum(text: string): readonly FoundPackage[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, path, version] = /^(\S+) (v\S+) h1:\S+$/.exec(line) ?? [];
    return path === undefined || version === undefined || version.endsWith('/go.mod')
      ? []
      : [create(path, version, 'lock file')];
  });
}

function create(path: string, version: string, evidence: FoundPackage['evidence']): FoundPackage {
  return createPackage({ type: 'golang', ...splitName(path), version, evidence });
}
