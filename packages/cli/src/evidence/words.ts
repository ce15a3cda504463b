/** What bundles say, in words and as JSON: the parts that verified and unverified ones share. */

import { TrustError } from '@signpost/protocol/errors';
import { isProvenance, parseProvenance } from '@signpost/protocol/intoto/parse-provenance';
import type { Statement } from '@signpost/protocol/intoto/statement';
import { encodeTime } from '@signpost/protocol/json/time';
import type { SignerClaims } from '@signpost/protocol/sigstore/claims';
import type { JsonObject } from '../http/answer.ts';

/** A line of an explanation: a heading, and what there is to say. */
export type Pair = readonly [string, string];

/** The same twice: as JSON, and for people. */
export interface Explained {
  readonly document: JsonObject;
  readonly pairs: readonly Pair[];
}

const subjectKinds = { uri: 'URI', email: 'mailbox', 'other-name': 'user name' } as const;

/** Whom a certificate speaks of. */
export function explainClaims({ issuer, subject, ...claims }: SignerClaims): Explained {
  const named = Object.entries(claims).map(([name, value]) => [splitWords(name, '_'), value] as const);
  return {
    document: { issuer, subject: subject.value, subject_kind: subject.kind, claims: Object.fromEntries(named) },
    pairs: [
      ['signed by', `${subject.value} (${subjectKinds[subject.kind]})`],
      ['vouched by', issuer],
      ...Object.entries(claims).map(([name, value]): Pair => [`  ${splitWords(name, ' ')}`, value]),
    ],
  };
}

function splitWords(name: string, separator: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `${separator}${letter.toLowerCase()}`);
}

const shownSubjects = 5;

/** What a statement says, and of which files. */
export function explainStatement(statement: Statement): Explained {
  const { subjects, predicateType } = statement;
  const names = subjects.slice(0, shownSubjects).map(({ name, digests }) => describeSubject(name, digests));
  const more = subjects.length > shownSubjects ? [`and ${subjects.length - shownSubjects} more`] : [];
  const provenance = isProvenance(statement) ? explainProvenance(statement) : undefined;
  return {
    document: {
      kind: 'statement',
      predicate_type: predicateType,
      subjects: subjects.map(({ name, digests }) => ({ name: name ?? null, digests: Object.fromEntries(digests) })),
      ...(provenance && { provenance: provenance.document }),
    },
    pairs: [
      ['statement', predicateType],
      ...[...names, ...more].map((text): Pair => ['  about', text]),
      ...(provenance?.pairs ?? []),
    ],
  };
}

function describeSubject(name: string | undefined, digests: ReadonlyMap<string, string>): string {
  const [first] = digests;
  return `${name ?? 'a file'} ${first ? first.join(':') : ''}`.trimEnd();
}

/** A statement that calls itself provenance and is none says nothing about a build. */
function explainProvenance(statement: Statement): Explained {
  try {
    const { builderId, buildType, source, invocationId, startedOn } = parseProvenance(statement);
    const commit = source?.commit;
    return {
      document: {
        ...{ builder: builderId, build_type: buildType, source: source?.repository ?? null, commit: commit ?? null },
        ...{ ref: source?.ref ?? null, invocation: invocationId ?? null },
        started_on: startedOn === undefined ? null : encodeTime(startedOn),
      },
      pairs: listPairs({
        '  built by': builderId,
        '  build type': buildType,
        '  from': source && [source.repository, source.ref, commit].filter((part) => part !== undefined).join(' '),
        '  run': invocationId,
        '  started': startedOn === undefined ? undefined : encodeTime(startedOn),
      }),
    };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return { document: { error: error.message }, pairs: [['  provenance', `cannot be read: ${error.message}`]] };
  }
}

/** The pairs that have a value. */
function listPairs(pairs: Readonly<Record<string, string | undefined>>): readonly Pair[] {
  return Object.entries(pairs).filter((pair): pair is [string, string] => pair[1] !== undefined);
}
