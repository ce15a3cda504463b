/** Vulnerabilities and statements for tests. */
import { buildZip, file } from '../../releases/inspection/zip-builder.ts';

/** A vulnerability of a package, fixed in a version. */
export function createOsv(id: string, name: string, fixed: string, change: object = {}): Record<string, unknown> {
  return {
    id,
    schema_version: '1.6.0',
    modified: '2026-11-01T00:00:00Z',
    summary: `something in ${name}`,
    affected: [
      {
        package: { ecosystem: 'npm', name },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { fixed }] }],
      },
    ],
    ...change,
  };
}

/** A snapshot as OSV publishes it. */
export function createSnapshot(records: readonly Record<string, unknown>[]): Buffer {
  return buildZip(records.map((record) => file(`${record.id}.json`, { content: Buffer.from(JSON.stringify(record)) })));
}

/** An OpenVEX document with one statement. */
export function createOpenVex(statement: object, change: object = {}): Record<string, unknown> {
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': 'https://rockets.example/vex/1',
    author: 'Rockets Ltd',
    timestamp: '2026-11-10T00:00:00Z',
    version: 1,
    statements: [statement],
    ...change,
  };
}
