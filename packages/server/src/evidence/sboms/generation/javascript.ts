/** npm: package-lock.json and npm-shrinkwrap.json (lockfileVersion 2 and 3), package.json. */
import { encodeText } from '@signpost/protocol/bytes/text';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseForeignJson,
  readMember,
} from '@signpost/protocol/json/foreign';
import { createPackage, type FoundPackage, splitName } from './found-package.ts';

/** A JSON file as an object. Throws `malformed`. */
export function parseJsonObject(text: string): JsonObject {
  const value = parseForeignJson(encodeText(text), { maxBytes: 64 * 2 ** 20 });
  if (!isJsonObject(value)) throw new TypeError('expected a JSON object');
  return value;
}

/** The text under `name`; undefined when there is none. */
export function textIn(object: JsonObject, name: string): string | undefined {
  const value = readMember(object, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** What stands under `packages`, but links and what is the upload itself. */
export function readPackageLock(text: string): readonly FoundPackage[] {
  const lock = parseJsonObject(text);
  const packages = readMember(lock, 'packages');
  if (!isJsonObject(packages)) return [];
  return Object.entries(packages).flatMap(([path, entry]) => {
    const marker = path.lastIndexOf('node_modules/');
    if (marker < 0 || !isJsonObject(entry) || readMember(entry, 'link') === true) return [];
    // An alias stands under another name than its package's own.
    return describe(textIn(entry, 'name') ?? path.slice(marker + 'node_modules/'.length), entry, 'lock file');
  });
}

/** The package itself; what it asks for are ranges, not versions. */
export function readPackageJson(text: string): readonly FoundPackage[] {
  const manifest = parseJsonObject(text);
  const name = textIn(manifest, 'name');
  return name === undefined ? [] : describe(name, manifest, 'package metadata');
}

function describe(name: string, entry: JsonObject, evidence: FoundPackage['evidence']): readonly FoundPackage[] {
  const version = textIn(entry, 'version');
  if (version === undefined) return [];
  const licence = textIn(entry, 'license');
  const supplier = nameAuthor(readMember(entry, 'author'));
  return [
    createPackage({ type: 'npm', ...splitName(name), version, evidence, supplier, licences: licence ? [licence] : [] }),
  ];
}

/** `Ada <ada@example.com> (url)`, or an object with a name. */
function nameAuthor(author: JsonValue | undefined): string | undefined {
  const text = isJsonObject(author) ? textIn(author, 'name') : author;
  return typeof text === 'string' ? text.replace(/\s*[<(].*$/s, '').trim() || undefined : undefined;
}
