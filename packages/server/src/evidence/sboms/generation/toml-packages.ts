/** The `[[package]]` tables of lock files in TOML: Cargo.lock, poetry.lock, uv.lock. Only plain strings are read. */

/** A table: its members that are plain strings. */
export type TomlPackage = ReadonlyMap<string, string>;

/** The tables in their order; what other tables hold is left out. */
export function parseTomlPackages(text: string): readonly TomlPackage[] {
  const packages: Map<string, string>[] = [];
  let current: Map<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*(\[\[?)([^\]]+)\]\]?\s*(?:#.*)?$/.exec(line);
    if (header) {
      current = header[1] === '[[' && header[2]?.trim() === 'package' ? new Map() : undefined;
      if (current) packages.push(current);
      continue;
    }
    const [, key, value] = /^([A-Za-z_-]+)\s*=\s*(.+?)\s*$/.exec(line) ?? [];
    if (!current || key === undefined || value === undefined || current.has(key)) continue;
    current.set(key, parseString(value) ?? value);
  }
  return packages;
}

/** A basic string without escapes, or a literal one; a table stays as it is written. */
function parseString(value: string): string | undefined {
  return /^"([^"\\]*)"(?:\s*#.*)?$/.exec(value)?.[1] ?? /^'([^']*)'(?:\s*#.*)?$/.exec(value)?.[1];
}
