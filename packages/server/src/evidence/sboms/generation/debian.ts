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
    return [createPackage({ type: 'deb', namespace: 'debian', name, version, supplier, evidence: 'package metadata' })];
  });
}
