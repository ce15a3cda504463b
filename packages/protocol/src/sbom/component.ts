/** What CycloneDX and SPDX documents say, in one model. */

/** The standard, version and encoding of a document. */
export interface SbomFormat {
  readonly standard: 'CycloneDX' | 'SPDX';
  /** Such as `1.6`, `2.3` or `3.0.1`. */
  readonly version: string;
  readonly encoding: 'json' | 'xml';
}

/** A digest of a component. */
export interface ComponentDigest {
  /** Lower case without hyphens: `sha256`, `sha3256`, `blake2b256`, `md5`. */
  readonly algorithm: string;
  /** Lower-case hexadecimal. */
  readonly value: string;
}

/** A piece of software that a document names. Texts stand as the document has them. */
export interface Component {
  /** What the document calls it; for a component without a name of its own the JSON pointer to it. */
  readonly ref: string;
  /** `library`, `application`, `file`, …, as the document's standard names it, in lower case; `package` when it says nothing. */
  readonly kind: string;
  /** With its group or namespace before it: `group/name`. */
  readonly name: string;
  readonly version: string | undefined;
  /** As written; nobody has looked whether it is one. */
  readonly purl: string | undefined;
  readonly cpe: string | undefined;
  /** Licence ids, expressions or names, each once. */
  readonly licences: readonly string[];
  readonly digests: readonly ComponentDigest[];
  readonly supplier: string | undefined;
}

/** How one component stands to another. `to` is `undefined` when the document states that there is none. */
export interface Relationship {
  readonly from: string;
  readonly kind: 'depends-on' | 'contains' | 'provides' | 'describes' | 'other';
  readonly to: string | undefined;
}

/** A place that refers to something by its name. */
export interface ReferenceUse {
  readonly ref: string;
  /** Where, in words: `dependencies`, `relationships`, `vulnerabilities`, … */
  readonly at: string;
}

/** A software bill of materials, read but not judged: `inspectSbom` says what is wrong with it. */
export interface Sbom {
  readonly format: SbomFormat;
  /** The serial number or namespace of the document. */
  readonly serial: string | undefined;
  /** When it was made, as written. */
  readonly created: string | undefined;
  /** People and organisations that made it. */
  readonly authors: readonly string[];
  /** Programs that made it. */
  readonly tools: readonly string[];
  /** Names of what it is about; they stand among `components`, unless the document is wrong. */
  readonly described: readonly string[];
  readonly components: readonly Component[];
  readonly relationships: readonly Relationship[];
  /** Every name that the document gives, twice when it does so twice. */
  readonly declaredRefs: readonly string[];
  /** Every name that the document uses and that must be given in it. */
  readonly usedRefs: readonly ReferenceUse[];
}

/** How much of a document is read. */
export interface SbomLimits {
  /** Bytes. Default 64 MiB. */
  readonly maxBytes: number;
  /** Components, with what they contain. Default 200,000. */
  readonly maxComponents: number;
  /** Relationships and other uses of names. Default 2,000,000. */
  readonly maxReferences: number;
}

/** The limits when nobody names others. */
export const defaultSbomLimits: SbomLimits = {
  maxBytes: 64 * 2 ** 20,
  maxComponents: 200_000,
  maxReferences: 2_000_000,
};
