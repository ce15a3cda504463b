/** Which files inside an upload name packages, and who reads them. */
import { readControl } from './debian.ts';
import type { FoundPackage, ReadPackages } from './found-package.ts';
import { readGoMod, readGoSum } from './go.ts';
import { readPackageJson, readPackageLock } from './javascript.ts';
import { readComposerLock } from './php.ts';
import { readPythonLock, readRequirements, readWheelMetadata } from './python.ts';
import { readCargoLock } from './rust.ts';

/** By the end of the path, in lower case. */
const readers: readonly (readonly [path: RegExp, read: ReadPackages])[] = [
  [/(?:^|\/)(?:package-lock|npm-shrinkwrap)\.json$/, readPackageLock],
  [/(?:^|\/)package\.json$/, readPackageJson],
  [/(?:^|\/)composer\.lock$/, readComposerLock],
  [/(?:^|\/)requirements[^/]*\.txt$/, readRequirements],
  [/(?:^|\/)(?:poetry|uv)\.lock$/, readPythonLock],
  [/\.(?:dist-info\/metadata|egg-info\/pkg-info)$/, readWheelMetadata],
  [/(?:^|\/)go\.mod$/, readGoMod],
  [/(?:^|\/)go\.sum$/, readGoSum],
  [/(?:^|\/)cargo\.lock$/, readCargoLock],
  [/(?:^|\/)var\/lib\/dpkg\/status(?:\.d\/[^/]+)?$/, readControl],
  [/(?:^|\/)debian-binary-control\/control$/, readControl],
];

/** The largest file that is read. */
export const maxPackageFileBytes: number = 32 * 2 ** 20;

/** Whether the file at `path` may name packages. */
export function isPackageFile(path: string): boolean {
  return findReader(path) !== undefined;
}

/** What the file names; nothing when it is not what its name says. */
export function readPackageFile(path: string, bytes: Uint8Array): readonly FoundPackage[] {
  const read = findReader(path);
  if (!read) return [];
  try {
    return read(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // A file of somebody else under that name. The document says which files were read.
    return [];
  }
}

function findReader(path: string): ReadPackages | undefined {
  const lower = path.toLowerCase();
  return readers.find(([pattern]) => pattern.test(lower))?.[1];
}
