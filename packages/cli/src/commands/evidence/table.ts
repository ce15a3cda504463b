/** The commands of `sbom`, `vulnerabilities`, `policy`, `evidence`, `override`, `verify`, `inspect`, `fetch`, `trust-root`, in the order of the reference. */
import type { CommandSpec } from '../../command.ts';
import { evidenceAttach, evidenceDownload, evidenceJudge, evidenceRemove, evidenceShow } from './evidence.ts';
import { fetchCommand } from './fetch.ts';
import { inspect } from './inspect.ts';
import { overrideCreate, overrideList, overrideRemove } from './override.ts';
import { policyHistory, policyRemove, policySet, policyShow } from './policy.ts';
import { policyTest } from './policy-test.ts';
import { sbomAttach, sbomDiff, sbomSearch, sbomShow } from './sbom.ts';
import { trustRootAdd, trustRootList, trustRootRefresh, trustRootRemove, trustRootShow } from './trust-root.ts';
import { verify } from './verify.ts';
import {
  vulnerabilitiesAnswer,
  vulnerabilitiesImport,
  vulnerabilitiesList,
  vulnerabilitiesRemove,
  vulnerabilitiesShow,
} from './vulnerabilities.ts';

export const commands: readonly CommandSpec[] = [
  sbomAttach,
  sbomShow,
  sbomDiff,
  sbomSearch,
  vulnerabilitiesImport,
  vulnerabilitiesList,
  vulnerabilitiesRemove,
  vulnerabilitiesShow,
  vulnerabilitiesAnswer,
  policyTest,
  policySet,
  policyShow,
  policyHistory,
  policyRemove,
  evidenceAttach,
  evidenceShow,
  evidenceJudge,
  evidenceDownload,
  evidenceRemove,
  overrideCreate,
  overrideList,
  overrideRemove,
  verify,
  inspect,
  fetchCommand,
  trustRootList,
  trustRootAdd,
  trustRootShow,
  trustRootRefresh,
  trustRootRemove,
];
