/** SLSA provenance v0.2 and v1 (slsa.dev/provenance) in one model: who built it, how, and from what. */
import type { JsonObject } from '../json/foreign.ts';
import type { BuildDependency, BuildSource } from './build-source.ts';

/** The predicate types that are read. */
export const provenanceTypes = {
  v02: 'https://slsa.dev/provenance/v0.2',
  v1: 'https://slsa.dev/provenance/v1',
} as const;

/** How something was built, as its builder says. It is worth what the builder is worth. */
export interface Provenance {
  readonly version: keyof typeof provenanceTypes;
  /** A URI of the builder. */
  readonly builderId: string;
  /** A URI that says how the parameters are meant. */
  readonly buildType: string;
  /** `undefined`: the build type is none whose source is known. */
  readonly source: BuildSource | undefined;
  /** What somebody outside of the builder chose, as it stands. */
  readonly externalParameters: JsonObject;
  /** What the builder chose, as it stands. */
  readonly internalParameters: JsonObject;
  readonly invocationId: string | undefined;
  /** Unix ms. */
  readonly startedOn: number | undefined;
  readonly finishedOn: number | undefined;
  readonly dependencies: readonly BuildDependency[];
}
