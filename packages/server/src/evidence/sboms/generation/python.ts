/** Python: requirements.txt, poetry.lock, uv.lock, and the METADATA of wheels (PyPA core metadata). */
import { createPackage, type FoundPackage } from './found-package.ts';
import { parseTomlPackages } from './toml-packages.ts';

/** What is pinned by `==`; everything else names no version. */
export function readRequirements(text: string): readonly FoundPackage[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const pinned =
      /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*===?\s*([A-Za-z0-9][A-Za-z0-9._!+-]*)\s*(?:[;\\#].*|--hash.*)?$/.exec(
        line,
      );
    const [, name, version] = pinned ?? [];
    return name === undefined || version === undefined ? [] : [create({ name, version, evidence: 'manifest' })];
  });
}

/** poetry.lock and uv.lock; in the latter the project itself stands with a source that is no registry. */
export function readPythonLock(text: string): readonly FoundPackage[] {
  return parseTomlPackages(text).flatMap((entry) => {
    const [name, version, source = ''] = [entry.get('name'), entry.get('version'), entry.get('source')];
    const isOwn = /\b(?:virtual|editable|directory|path)\b/.test(source);
    return name === undefined || version === undefined || isOwn
      ? []
      : [create({ name, version, evidence: 'lock file' })];
  });
}

/** An installed or packed distribution. */
export function readWheelMetadata(text: string): readonly FoundPackage[] {
  const fields = parseFields(text);
  const [name, version] = [fields.get('name'), fields.get('version')];
  if (!fields.has('metadata-version') || name === undefined || version === undefined) return [];
  const licence = fields.get('license-expression') ?? fields.get('license');
  const licences = licence === undefined || licence.length > 200 || licence === 'UNKNOWN' ? [] : [licence];
  return [create({ name, version, evidence: 'package metadata', licences, supplier: fields.get('author') })];
}

function create(found: Pick<FoundPackage, 'name' | 'version' | 'evidence'> & Partial<FoundPackage>): FoundPackage {
  return createPackage({ type: 'pypi', ...found, name: found.name.toLowerCase().replaceAll(/[-_.]+/g, '-') });
}

/** The fields before the first empty line, by lower-case name; of several of a name the first. Continued lines are joined. */
export function parseFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (line === '') break;
    const [, name, value] = /^([A-Za-z][A-Za-z0-9-]*):\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) {
      if (last !== undefined && /^[ \t]/.test(line)) fields.set(last, `${fields.get(last)}\n${line.trim()}`);
      continue;
    }
    last = fields.has(name.toLowerCase()) ? undefined : name.toLowerCase();
    if (last !== undefined) fields.set(last, value ?? '');
  }
  return fields;
}
