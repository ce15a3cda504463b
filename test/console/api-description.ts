/** Writes the types of the API for the console, from the description that the server gives of itself (OpenAPI 3.1). */
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { openPlanesScene } from '../../packages/server/test/planes-scene.ts';

/** What of JSON Schema the description uses. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
}

interface Media {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: Schema;
  }[];
  readonly requestBody?: Media;
  readonly responses?: Readonly<Record<string, Media>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

const methods = ['get', 'post', 'put', 'patch', 'delete'];

/** The text of `packages/console/src/api/openapi.d.ts`: a line for each operation, so that two changes seldom meet. */
export async function writeApiTypes(): Promise<string> {
  const closers: (() => unknown)[] = [];
  const scene = await openPlanesScene({ after: (close) => void closers.push(close as () => unknown) });
  try {
    return formatTypes((await scene.ask('GET', '/api/openapi.json')).json as unknown as Document);
  } finally {
    for (const close of closers) await close();
  }
}

function formatTypes({ paths, components }: Document): string {
  const named = Object.entries(components?.schemas ?? {}).map(([name, schema]) => `  ${name}: ${typeOf(schema)};`);
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      return operation ? [`  '${method.toUpperCase()} ${path}': ${formatOperation(operation)};`] : [];
    }),
  );
  return `/** The API as it describes itself (OpenAPI). Made by "npm run build:console-api"; a test compares. */

/** Schemas that have a name. */
export interface Schemas {
${named.sort().join('\n')}
}

/** What each route takes and answers. */
export interface Operations {
${operations.sort().join('\n')}
}
`;
}

function formatOperation({ parameters = [], requestBody, responses = {} }: Operation): string {
  const place = (where: string) =>
    parameters
      .filter((parameter) => parameter.in === where)
      .map(({ name, required, schema = {} }) => `${quote(name)}${required ? '' : '?'}: ${typeOf(schema)}`);
  const answers = Object.entries(responses).flatMap(([code, media]) =>
    code.startsWith('2') ? [mediaType(media)] : [],
  );
  const members = [
    ...[place('path')].filter(({ length }) => length > 0).map((fields) => `path: { ${fields.join('; ')} }`),
    ...[place('query')].filter(({ length }) => length > 0).map((fields) => `query: { ${fields.join('; ')} }`),
    ...(requestBody ? [`body: ${mediaType(requestBody)}`] : []),
    `answer: ${answers.length === 0 ? 'undefined' : unionOf(answers)}`,
  ];
  return `{ ${members.join('; ')} }`;
}

function mediaType({ content = {} }: Media): string {
  const json = content['application/json'];
  if (json) return typeOf(json.schema ?? {});
  return Object.keys(content).length > 0 ? 'Blob' : 'undefined';
}

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return `Schemas['${schema.$ref.split('/').at(-1)}']`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return unionOf(choices.map(typeOf));
  if (schema.allOf) return schema.allOf.map((part) => `(${typeOf(part)})`).join(' & ');
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  return types.length === 0 ? 'unknown' : unionOf(types.map((type) => plainType(type, schema)));
}

function unionOf(types: readonly string[]): string {
  return [...new Set(types)].join(' | ');
}

function plainType(type: string, schema: Schema): string {
  switch (type) {
    case 'integer':
      return 'number';
    case 'array':
      return `readonly (${typeOf(schema.items ?? {})})[]`;
    case 'object':
      return objectType(schema);
    default:
      return type;
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties).map(
    ([name, schema]) => `${quote(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)}`,
  );
  if (fields.length > 0) return `{ ${fields.join('; ')} }`;
  const values = typeof additionalProperties === 'object' ? typeOf(additionalProperties) : 'unknown';
  return `Readonly<Record<string, ${values}>>`;
}

function quote(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`;
}

if (import.meta.main) writeFileSync(process.argv[2] ?? '/dev/stdout', await writeApiTypes());
