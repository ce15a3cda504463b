/** Judges SBOMs as the server does, but in this process, where a schema is compiled once: a thread for each takes half a second. */
import { readFile } from 'node:fs/promises';
import { createColumns } from '../../../src/evidence/sboms/component-columns.ts';
import type { InspectSbom } from '../../../src/evidence/sboms/inspection.ts';

/** For tests in which an SBOM is there and its inspection is not the point. Most never inspect one, and do not load the schemas. */
export function createQuickInspection(): InspectSbom {
  return async ({ path, request }) => {
    const { judgeDocument } = await import('../../../src/evidence/sboms/judge-document.ts');
    const { sbom, findings } = judgeDocument(await readFile(path), request);
    const { format, serial, created, authors, tools, described } = sbom;
    const parts = sbom.components.filter(({ ref }) => !described.includes(ref));
    return { facts: { format, serial, created, authors, tools, findings }, components: parts.map(createColumns) };
  };
}
