/** Validates CycloneDX JSON against the standard's schemas (JSON Schema draft 7), which @cyclonedx/cyclonedx-library brings as files. */
import { readFileSync } from 'node:fs';
import type { JsonValue } from '@signpost/protocol/json/foreign';
import { compileSchema, type ValidateJson } from './json-schema.ts';

/** What the documents' schemas refer to. */
const shared = ['spdx', 'jsf-0.82', 'cryptography-defs'] as const;

/** What is wrong with `document`, in words; undefined when it keeps the schema of `version` (`1.2` to `1.7`). */
export function validateCycloneDx(document: JsonValue, version: string): string | undefined {
  const validate = compiled.get(version) ?? compileSchema(readSchema(`bom-${version}`), shared.map(readSchema));
  compiled.set(version, validate);
  return validate(document);
}

/** Compiling a schema takes longer than most documents. */
const compiled = new Map<string, ValidateJson>();

function readSchema(name: string): object {
  const folder = import.meta.resolve('@cyclonedx/cyclonedx-library/package.json');
  const schema: object = JSON.parse(readFileSync(new URL(`res/schema/${name}.SNAPSHOT.schema.json`, folder), 'utf8'));
  // The files refer to each other by name, and their ids stand elsewhere.
  return { ...schema, $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` };
}
