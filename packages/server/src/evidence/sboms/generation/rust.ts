/** Cargo: Cargo.lock. */
import { createPackage, type FoundPackage } from './found-package.ts';
import { parseTomlPackages } from './toml-packages.ts';

/** What comes from a registry or repository; packages without a source are the workspace's own. */
export function readCargoLock(text: string): readonly FoundPackage[] {
  return parseTomlPackages(text).flatMap((entry) => {
    const [name, version] = [entry.get('name'), entry.get('version')];
    if (name === undefined || version === undefined || !entry.has('source')) return [];
    return [createPackage({ type: 'cargo', name, version, evidence: 'lock file' })];
  });
}
