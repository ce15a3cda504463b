/** Composer: composer.lock. */
import { isJsonObject, type JsonObject, readMember } from '@signpost/protocol/json/foreign';
import { createPackage, type FoundPackage, splitName } from './found-package.ts';
import { parseJsonObject, textIn } from './javascript.ts';

/** What stands under `packages` and `packages-dev`. */
export function readComposerLock(text: string): readonly FoundPackage[] {
  const lock = parseJsonObject(text);
  return ['packages', 'packages-dev']
    .flatMap((list) => listObjects(lock, list))
    .flatMap((entry) => {
      const [name, version] = [textIn(entry, 'name'), textIn(entry, 'version')];
      if (name === undefined || version === undefined) return [];
      const licences = readMember(entry, 'license');
      const all = Array.isArray(licences) ? licences.filter((licence) => typeof licence === 'string') : [];
      return [createPackage({ type: 'composer', ...splitName(name), version, licences: all, evidence: 'lock file' })];
    });
}

function listObjects(object: JsonObject, name: string): readonly JsonObject[] {
  const value = readMember(object, name);
  return Array.isArray(value) ? value.filter((item) => isJsonObject(item)) : [];
}
