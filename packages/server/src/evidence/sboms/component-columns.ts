/** A component as it is stored: its package URL in canonical form, and the package that it names. */
import { TrustError } from '@signpost/protocol/errors';
import type { Component } from '@signpost/protocol/sbom/component';
import { encodePurl, type Purl, parsePurl } from '@signpost/protocol/sbom/purl';
import type { SbomComponentTable } from '../../storage/tables/evidence.ts';

/** All columns but those that say where the component stands. */
export type ComponentColumns = Omit<SbomComponentTable, 'sbom_id' | 'position'>;

/** The columns of a component. A package URL that is none stays as it is written; nothing is found by it. */
export function createColumns(component: Component): ComponentColumns {
  const purl = component.purl === undefined ? undefined : parseOrIgnore(component.purl);
  return {
    ...{ ref: component.ref, kind: component.kind, name: component.name, search: component.name.toLowerCase() },
    ...{ version: component.version ?? null, purl: purl ? encodePurl(purl) : (component.purl ?? null) },
    ...{ ecosystem: purl?.type ?? null, package: purl ? namePackage(purl) : null },
    ...{ licences: JSON.stringify(component.licences), supplier: component.supplier ?? null },
  };
}

/** The name of a package with its namespace before it, as registries have it. */
export function namePackage({ namespace, name }: Purl): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

function parseOrIgnore(text: string): Purl | undefined {
  try {
    return parsePurl(text);
  } catch (error) {
    // Refused before, when the document was judged; a component that has none is not looked for by it.
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}
