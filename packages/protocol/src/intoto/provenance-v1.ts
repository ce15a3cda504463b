/** The predicate of SLSA provenance v1 (slsa.dev/spec/v1.1/provenance). */
import { isJsonObject, type JsonObject, readMember } from '../json/foreign.ts';
import {
  type BuildDependency,
  type BuildSource,
  findSource,
  interpretDependencies,
  interpretDependency,
  splitLocation,
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
export function interpretProvenanceV1(predicate: JsonObject): Omit<Provenance, 'version'> {
  const definition = interpretObject(readMember(predicate, 'buildDefinition'), 'buildDefinition');
  const details = interpretObject(readMember(predicate, 'runDetails'), 'runDetails');
  const metadata = interpretOptionalObject(details, 'metadata');
  const externalParameters = interpretOptionalObject(definition, 'externalParameters');
  const dependencies = interpretDependencies(definition, 'resolvedDependencies');
  return {
    builderId: interpretText(interpretObject(readMember(details, 'builder'), 'builder'), 'id'),
    buildType: interpretText(definition, 'buildType'),
    source: findBuildSource(externalParameters, dependencies),
    externalParameters,
    internalParameters: interpretOptionalObject(definition, 'internalParameters'),
    invocationId: interpretOptionalText(metadata, 'invocationId'),
    startedOn: interpretOptionalTime(metadata, 'startedOn'),
    finishedOn: interpretOptionalTime(metadata, 'finishedOn'),
    dependencies,
  };
}

/**
 * The source is a parameter, in the two forms that are in use: `workflow` with repository and ref (GitHub), and `source` as an address
 * or a resource (GitLab, container builds, ours). Its commit is resolved: it stands with the dependency of that very address.
 */
function findBuildSource(parameters: JsonObject, dependencies: readonly BuildDependency[]): BuildSource | undefined {
  const named = findWorkflowSource(parameters) ?? findNamedSource(parameters);
  if (named === undefined || named.commit !== undefined) return named;
  const resolved = dependencies.map(findSource).find((one) => one && isSameSource(one, named));
  return resolved ? { ...named, ref: named.ref ?? resolved.ref, commit: resolved.commit } : named;
}

function findWorkflowSource(parameters: JsonObject): BuildSource | undefined {
  const workflow = readMember(parameters, 'workflow');
  if (!isJsonObject(workflow)) return undefined;
  const repository = interpretOptionalText(workflow, 'repository');
  return repository === undefined
    ? undefined
    : { repository, ref: interpretOptionalText(workflow, 'ref'), commit: undefined };
}

function findNamedSource(parameters: JsonObject): BuildSource | undefined {
  const source = readMember(parameters, 'source');
  if (typeof source === 'string' && source !== '') {
    const address = interpretOptionalText(parameters, 'source') ?? '';
    return { ...splitLocation(address), commit: undefined };
  }
  return isJsonObject(source) ? findSource(interpretDependency(source, 'source')) : undefined;
}

function isSameSource(resolved: BuildSource, named: BuildSource): boolean {
  return (
    resolved.repository === named.repository && (named.ref === undefined || (resolved.ref ?? named.ref) === named.ref)
  );
}
