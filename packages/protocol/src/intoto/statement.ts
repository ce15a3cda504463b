/** in-toto statements (in-toto/attestation, spec/v1/statement.md; v0.1 is read too): what is said, and about which artifacts. */
import { TrustError } from '../errors.ts';
import { type JsonObject, type JsonValue, parseForeignJson, readMember } from '../json/foreign.ts';
import { type DigestSet, interpretDigestSet } from './digest-set.ts';
import {
  interpretObject,
  interpretOptionalArray,
  interpretOptionalObject,
  interpretOptionalText,
  interpretText,
} from './members.ts';

/** The payload type of a DSSE envelope around a statement. */
export const statementPayloadType = 'application/vnd.in-toto+json';

/** The type that is written. */
export const statementType = 'https://in-toto.io/Statement/v1';

const readTypes = [statementType, 'https://in-toto.io/Statement/v0.1'];

/** Above this a statement is refused unread. */
export const maxStatementBytes: number = 4 * 1024 * 1024;

/** The most artifacts that one statement may be about. */
export const maxSubjects = 1024;

/** An artifact that a statement is about. */
export interface Subject {
  /** A file name, a purl or nothing: it identifies nothing, the digests do. */
  readonly name: string | undefined;
  readonly digests: DigestSet;
}

/** A statement as it stands. Who made it, and whether of this artifact, is another question. */
export interface Statement {
  /** At least one. */
  readonly subjects: readonly Subject[];
  readonly predicateType: string;
  /** Empty when there is none. */
  readonly predicate: JsonObject;
}

/** Parses the payload of an envelope. Throws `too_large` or `malformed`; members that are not known are left out, as the standard wants. */
export function parseStatement(bytes: Uint8Array): Statement {
  return interpretStatement(parseForeignJson(bytes, { maxBytes: maxStatementBytes, maxDepth: 64, maxValues: 500_000 }));
}

/** The same for JSON that is parsed. */
export function interpretStatement(value: JsonValue): Statement {
  const object = interpretObject(value, 'the statement');
  const type = interpretText(object, '_type');
  if (!readTypes.includes(type)) {
    throw new TrustError(
      'malformed',
      `expected a statement of type ${readTypes.join(' or ')}, got ${type.slice(0, 100)}`,
    );
  }
  const subjects = interpretOptionalArray(object, 'subject', maxSubjects).map(interpretSubject);
  if (subjects.length === 0) throw new TrustError('malformed', 'expected a statement about at least one subject');
  return {
    subjects,
    predicateType: interpretText(object, 'predicateType'),
    predicate: interpretOptionalObject(object, 'predicate'),
  };
}

function interpretSubject(value: JsonValue): Subject {
  const object = interpretObject(value, 'a subject');
  const name = interpretOptionalText(object, 'name');
  return {
    // spec/v1/statement.md: "_" stands for a name that means nothing.
    name: name === '_' ? undefined : name,
    digests: interpretDigestSet(readMember(object, 'digest'), 'a subject'),
  };
}
