/** The predicate of SLSA provenance v0.2 (slsa.dev/provenance/v0.2). */
import { type JsonObject, readMember } from '../json/foreign.ts';
import {
  type BuildDependency,
  type BuildSource,
  findSource,
  interpretDependencies,
  interpretDependency,
} from './build-source.ts';
import {
  interpretObject,
  interpretOptionalObject,
  interpretOptionalText,
  interpretOptionalTime,
  interpretText,
} from './members.ts';
import type { Provenance } from './provenance.ts';

/** Reads the predicate. Throws `malformed`. */
export function interpretProvenanceV02(predicate: JsonObject): Omit<Provenance, 'version'> {
  const invocation = interpretOptionalObject(predicate, 'invocation');
  const metadata = interpretOptionalObject(predicate, 'metadata');
  const dependencies = interpretDependencies(predicate, 'materials');
  return {
    builderId: interpretText(interpretObject(readMember(predicate, 'builder'), 'builder'), 'id'),
    buildType: interpretText(predicate, 'buildType'),
    source: findBuildSource(invocation, dependencies),
    externalParameters: interpretOptionalObject(invocation, 'parameters'),
    internalParameters: interpretOptionalObject(invocation, 'environment'),
    invocationId: interpretOptionalText(metadata, 'buildInvocationId'),
    startedOn: interpretOptionalTime(metadata, 'buildStartedOn'),
    finishedOn: interpretOptionalTime(metadata, 'buildFinishedOn'),
    dependencies,
  };
}

/** Where the build's configuration came from; its commit may stand with the material of the same address alone. */
function findBuildSource(invocation: JsonObject, dependencies: readonly BuildDependency[]): BuildSource | undefined {
  const value = readMember(invocation, 'configSource');
  if (value === undefined || value === null) return undefined;
  const config = interpretDependency(value, 'configSource');
  const source = findSource(config);
  if (source === undefined || source.commit !== undefined) return source;
  const material = dependencies.find(({ uri }) => uri === config.uri);
  return material ? { ...source, commit: findSource(material)?.commit } : source;
}
