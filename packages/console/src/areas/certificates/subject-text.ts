/** The subject of a certificate as it is typed: one part on each line, such as `O=Example`. */
import { Problem } from '../../api/problem.ts';
import { splitLines } from '../../app/typed-text.ts';

/** Its parts by their types, with the common name from a field of its own. Throws `Problem` for a line that is none, and for a type that stands there twice. */
export function readSubject(commonName: string, text: string): Readonly<Record<string, string>> {
  const parts = new Map<string, string>(commonName.trim() === '' ? [] : [['CN', commonName.trim()]]);
  for (const line of splitLines(text)) {
    const [, type, value] = /^([A-Za-z]+)\s*=\s*(.+)$/.exec(line) ?? [];
    if (type === undefined || value === undefined) throw refuse(`expected lines such as O=Example, got "${line}"`);
    if (parts.has(type)) throw refuse(`expected each part of the subject once, got ${type} twice`);
    parts.set(type, value);
  }
  return Object.fromEntries(parts);
}

function refuse(detail: string): Problem {
  return new Problem({ status: 0, code: 'invalid', detail });
}
