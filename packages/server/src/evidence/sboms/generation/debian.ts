/** Debian: the status file of dpkg, and the control file of a package (deb-control(5)). */
import { createPackage, type FoundPackage } from './found-package.ts';
import { parseFields } from './python.ts';

/** The packages of a status file that are installed, or the one of a control file. */
export function readControl(text: string): readonly FoundPackage[] {
  return text.split(/\r?\n\r?\n/).flatMap((paragraph) => {
    const fields = parseFields(paragraph.trim());
    const [name, version] = [fields.get('package'), fields.get('version')];
    const status = fields.get('status');
    if (name === undefined || version === undefined || (status !== undefined && !/ installed$/.test(status))) return [];
    const supplier = fields.get('maintainer')?.replace(/\s*<.*$/s, '');
    const source = readSource(fields.get('source'), name);
    const found = { type: 'deb', namespace: 'debian', name, version, supplier, source };
    return [createPackage({ ...found, evidence: 'package metadata' })];
  });
}

/** `Source: glibc (2.36-9)`, the version only where it is another; vulnerabilities are told of sources. */
function readSource(field: string | undefined, name: string): string | undefined {
  const [, source, version] = /^([a-z0-9][a-z0-9+.-]*)(?: \((\S+)\))?$/.exec(field ?? '') ?? [];
  if (source === undefined || (source === name && version === undefined)) return undefined;
  return version === undefined ? source : `${source}@${version}`;
}
