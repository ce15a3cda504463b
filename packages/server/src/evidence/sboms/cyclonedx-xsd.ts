/** Validates CycloneDX XML against the standard's schemas (XSD 1.0), which @cyclonedx/cyclonedx-library brings as files, by libxml2. */
import { readFileSync } from 'node:fs';
import {
  ParseOption,
  XmlBufferInputProvider,
  XmlDocument,
  XmlLibError,
  XsdValidator,
  xmlRegisterInputProvider,
} from 'libxml2-wasm';

/** The list of licences, which all of them import. */
const shared = 'spdx.SNAPSHOT.xsd';

/**
 * What is wrong with `text`, in words; undefined when it keeps the schema of `version` (`1.2` to `1.7`). libxml2 runs in
 * WebAssembly: it reaches no file and no network, only what is given to it here. It has at most 2 GiB of its own.
 */
export function validateCycloneDxXml(text: string, version: string): string | undefined {
  const schema = opened.get(version) ?? openSchema(version);
  opened.set(version, schema);
  try {
    using document = XmlDocument.fromString(text, { option: parseOptions });
    schema.validate(document);
    return undefined;
  } catch (error) {
    if (!(error instanceof XmlLibError)) throw error;
    return describeError(error);
  }
}

/** They end with the thread. */
const opened = new Map<string, XsdValidator>();

/** Sizes and levels are bounded before; the text is UTF-8, whatever its first line says; no DTD and no entity is loaded. */
const parseOptions: ParseOption =
  ParseOption.XML_PARSE_HUGE |
  ParseOption.XML_PARSE_IGNORE_ENC |
  ParseOption.XML_PARSE_NO_XXE |
  ParseOption.XML_PARSE_NONET |
  ParseOption.XML_PARSE_COMPACT |
  ParseOption.XML_PARSE_BIG_LINES;

function openSchema(version: string): XsdValidator {
  giveShared();
  const name = `bom-${version}.SNAPSHOT.xsd`;
  using schema = XmlDocument.fromBuffer(readSchema(name), { url: name });
  return XsdValidator.fromDoc(schema);
}

let isGiven = false;

/** What schemas, and `xsi:schemaLocation` of documents, can ask for: one file. */
function giveShared(): void {
  if (isGiven) return;
  isGiven = xmlRegisterInputProvider(new XmlBufferInputProvider({ [shared]: readSchema(shared) }));
}

function readSchema(name: string): Uint8Array {
  const folder = import.meta.resolve('@cyclonedx/cyclonedx-library/package.json');
  return readFileSync(new URL(`res/schema/${name}`, folder));
}

/** The first fault, with its line; names are told without their namespace. */
function describeError({ details, message }: XmlLibError): string {
  const [first] = details;
  const words = (first?.message ?? message).replaceAll(/\{\w+:[^{}]*\}/g, '').trim();
  return `${first ? `line ${first.line}: ` : ''}${words}`.slice(0, 300);
}
