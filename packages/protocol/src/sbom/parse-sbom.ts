/** An SBOM of any accepted kind into the one model. */
import { TrustError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseForeignJson, readMember } from '../json/foreign.ts';
import { defaultSbomLimits, type Sbom, type SbomLimits } from './component.ts';
import { readCycloneDx } from './cyclonedx.ts';
import { readSpdx2 } from './spdx2.ts';
import { readSpdx3 } from './spdx3.ts';

/**
 * Parses CycloneDX 1.2 to 1.7 JSON, SPDX 2.3 JSON or SPDX 3.0 JSON-LD. Throws `too_large` above a limit, `format_unsupported`
 * for another format or version, `malformed` for what is no such document.
 */
export function parseSbom(bytes: Uint8Array, limits: Partial<SbomLimits> = {}): Sbom {
  const all = { ...defaultSbomLimits, ...limits };
  return readSbom(parseForeignJson(bytes, { maxBytes: all.maxBytes }), all);
}

/** The same for JSON that is already parsed and bounded. */
export function readSbom(document: JsonValue, limits: SbomLimits): Sbom {
  if (!isJsonObject(document)) throw new TrustError('malformed', 'expected an SBOM to be a JSON object');
  switch (detectStandard(document)) {
    case 'cyclonedx':
      return readCycloneDx(document, 'json', limits);
    case 'spdx-2':
      return readSpdx2(document, limits);
    case 'spdx-3':
      return readSpdx3(document, limits);
  }
}

function detectStandard(document: JsonObject): 'cyclonedx' | 'spdx-2' | 'spdx-3' {
  if (readMember(document, 'bomFormat') === 'CycloneDX') return 'cyclonedx';
  if (readMember(document, 'spdxVersion') !== undefined) return 'spdx-2';
  if (readMember(document, '@graph') !== undefined) return 'spdx-3';
  throw new TrustError('format_unsupported', 'expected CycloneDX JSON, SPDX 2.3 JSON or SPDX 3.0 JSON-LD');
}
