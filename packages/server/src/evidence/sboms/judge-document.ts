/** Judges the bytes of an SBOM: what it is, whether it keeps its standard, and what no schema sees. */
import { parseText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { isJsonObject, type JsonObject, parseForeignJson } from '@signpost/protocol/json/foreign';
import { defaultSbomLimits, type Sbom, type SbomLimits } from '@signpost/protocol/sbom/component';
import { readCycloneDx } from '@signpost/protocol/sbom/cyclonedx';
import type { SbomFinding } from '@signpost/protocol/sbom/finding';
import { inspectSbom, type SbomExpectation } from '@signpost/protocol/sbom/inspect';
import { readSbom } from '@signpost/protocol/sbom/parse-sbom';
import type { Refusal } from '../../errors.ts';
import { validateCycloneDx } from './cyclonedx-schema.ts';
import { parseCycloneDxXml } from './cyclonedx-xml.ts';
import { validateCycloneDxXml } from './cyclonedx-xsd.ts';
import { createSbomRefusal, nameRule, type SbomRefusalRule } from './rules.ts';
import { validateSpdx } from './spdx.ts';

/** By which measure a document is judged. */
export interface DocumentRequest extends SbomExpectation {
  readonly maxBytes: number;
}

/** A document that may be stored, with what it leaves out. */
export interface JudgedDocument {
  readonly sbom: Sbom;
  readonly findings: readonly SbomFinding[];
}

/** Throws a Refusal `upload_refused` with an `SbomRefusalRule`. */
export function judgeDocument(bytes: Uint8Array, request: DocumentRequest): JudgedDocument {
  const sbom = explain(() => parseDocument(bytes, request.maxBytes));
  const findings = inspectSbom(sbom, request);
  const error = findings.find(({ severity }) => severity === 'error');
  if (error) throw refuseFinding(error);
  return { sbom, findings };
}

function parseDocument(bytes: Uint8Array, maxBytes: number): Sbom {
  if (bytes.length > maxBytes)
    throw new TrustError('too_large', `expected at most ${maxBytes} bytes, got ${bytes.length}`);
  const limits = { ...defaultSbomLimits, maxBytes };
  return isXml(bytes) ? parseXml(parseText(bytes).replace(/^\ufeff/, ''), limits) : parseJson(bytes, limits);
}

function parseXml(text: string, limits: SbomLimits): Sbom {
  const sbom = readCycloneDx(parseCycloneDxXml(text), 'xml', limits);
  return refuseProblem(sbom, validateCycloneDxXml(text, sbom.format.version));
}

function parseJson(bytes: Uint8Array, limits: SbomLimits): Sbom {
  const document = parseForeignJson(bytes, { maxBytes: limits.maxBytes });
  const sbom = readSbom(document, limits);
  return refuseProblem(sbom, isJsonObject(document) ? validate(document, sbom) : undefined);
}

function validate(document: JsonObject, { format }: Sbom): string | undefined {
  return format.standard === 'CycloneDX' ? validateCycloneDx(document, format.version) : validateSpdx(document);
}

function refuseProblem(sbom: Sbom, problem: string | undefined): Sbom {
  if (problem === undefined) return sbom;
  throw createSbomRefusal('sbom-schema', `${sbom.format.standard} ${sbom.format.version}: ${problem}`);
}

/** After white space and a byte order mark, XML begins with `<` and JSON never does. */
function isXml(bytes: Uint8Array): boolean {
  const first = bytes.find((byte) => ![0x09, 0x0a, 0x0d, 0x20, 0xef, 0xbb, 0xbf].includes(byte));
  return first === 0x3c;
}

function explain<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw createSbomRefusal(codeRules[error.code] ?? 'sbom-malformed', error.message, error);
  }
}

const codeRules: Readonly<Record<string, SbomRefusalRule>> = {
  too_large: 'sbom-too-large',
  format_unsupported: 'sbom-format',
};

function refuseFinding({ rule, count, examples }: SbomFinding): Refusal {
  const more = count > examples.length ? ` and ${count - examples.length} more` : '';
  return createSbomRefusal(nameRule(rule), `${examples.join('; ')}${more}`.slice(0, 1000));
}
