/** A package that a file inside an upload names. */

/** By what it is known: a lock file says what was installed, metadata what lies there, a manifest only what was asked for. */
export type PackageEvidence = 'lock file' | 'package metadata' | 'manifest';

/** A package with a version; what names none is left out. */
export interface FoundPackage {
  /** Package URL type. */
  readonly type: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly version: string;
  readonly licences: readonly string[];
  readonly supplier: string | undefined;
  /** What it was built from, where that has a name of its own: `name`, or `name@version` when that differs as well. */
  readonly source: string | undefined;
  readonly evidence: PackageEvidence;
}

/** Reads one file. Throws when it is not what its name says; nothing of it counts then. */
export type ReadPackages = (text: string) => readonly FoundPackage[];

/** A package without what most files do not say. */
export function createPackage(
  found: Pick<FoundPackage, 'type' | 'name' | 'version' | 'evidence'> & Partial<FoundPackage>,
): FoundPackage {
  return { namespace: undefined, licences: [], supplier: undefined, source: undefined, ...found };
}

/** `@scope/name` or `vendor/name` as namespace and name. */
export function splitName(text: string): Pick<FoundPackage, 'namespace' | 'name'> {
  const at = text.lastIndexOf('/');
  return at < 0 ? { namespace: undefined, name: text } : { namespace: text.slice(0, at), name: text.slice(at + 1) };
}
