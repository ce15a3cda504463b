/** The minimum elements for a software bill of materials (NTIA, July 2021), as far as a document can show them. */
import type { Component, Sbom } from './component.ts';
import { createFinding, type SbomFinding } from './finding.ts';

/** What the document leaves out of the minimum elements, as warnings. Files need neither supplier nor version. */
export function findNtiaGaps(sbom: Sbom): readonly SbomFinding[] {
  const packages = sbom.components.filter(({ kind }) => kind !== 'file');
  const hasAuthor = sbom.authors.length > 0 || sbom.tools.length > 0;
  return [
    ...createFinding('ntia_author', 'warning', hasAuthor ? [] : ['nobody is named as its author']),
    ...createFinding('ntia_timestamp', 'warning', sbom.created === undefined ? ['it has no time of making'] : []),
    ...createFinding(
      'ntia_supplier',
      'warning',
      listWithout(packages, ({ supplier }) => supplier),
    ),
    ...createFinding(
      'ntia_version',
      'warning',
      listWithout(packages, ({ version }) => version),
    ),
    ...createFinding(
      'ntia_identifier',
      'warning',
      listWithout(packages, ({ purl, cpe }) => purl ?? cpe),
    ),
    ...createFinding('ntia_relationships', 'warning', listUnrelated(sbom)),
  ];
}

function listWithout(
  components: readonly Component[],
  read: (component: Component) => string | undefined,
): readonly string[] {
  return components.filter((component) => read(component) === undefined).map(({ name }) => name);
}

function listUnrelated({ described, relationships }: Sbom): readonly string[] {
  const stated = new Set(
    relationships.filter(({ kind }) => kind === 'depends-on' || kind === 'contains').map(({ from }) => from),
  );
  return described.filter((ref) => !stated.has(ref));
}
