/** `signpost sbom attach`, `show`, `diff`, `search`. */
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import { openFileStream } from '../../files/record-stream.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textsOf } from '../../http/answer.ts';
import { connect, connectAuthenticated } from '../../http/connect.ts';
import { formatTable } from '../../terminal/table.ts';
import { answerPairs, answerTable } from '../answers.ts';

/** What is sent is told by its bytes. */
const binary = { 'Content-Type': 'application/octet-stream' };
const projectOption: OptionSpec = { flags: '--project <slug>', text: 'the project', required: true };
const artifactOption: OptionSpec = {
  flags: '--artifact <sha256>',
  text: 'a file of the release; the main one otherwise',
};
const fields = ['artifact.name', 'origin', 'format.standard', 'format.version', 'components', 'stated_at', 'sha256'];

/** `signpost sbom attach`. */
export const sbomAttach: CommandSpec = {
  words: 'sbom attach',
  arguments: '<version> <file>',
  summary: 'Attach an SBOM to a file of a release',
  details: ['CycloneDX 1.2 to 1.7 (JSON, XML), SPDX 2.3 (JSON) or SPDX 3.0 (JSON-LD): see docs/sbom.md.'],
  options: [projectOption, artifactOption],
  examples: ['signpost sbom attach 1.0.0 my-app.cdx.json --project my-app'],
  run: async (invocation) => {
    const stream = await openFileStream(readArgument(invocation, 1));
    const client = await connectAuthenticated(invocation);
    const document = await client.request('PUT', `${sbomPath(invocation)}${artifactQuery(invocation)}`, {
      stream,
      headers: binary,
    });
    return { document, lines: [...answerPairs(document, fields).lines, ...listFindings(document)] };
  },
};

/** `signpost sbom show`. */
export const sbomShow: CommandSpec = {
  words: 'sbom show',
  arguments: '<version>',
  summary: 'Show the SBOMs of a release, what they leave out, and the components of one',
  options: [
    ...[projectOption, artifactOption],
    { flags: '--name <text>', text: 'only components with this in their name' },
    { flags: '--licence <text>', text: 'only components with this in their licence' },
  ],
  examples: ['signpost sbom show 1.0.0 --project my-app', 'signpost sbom show 1.0.0 --project my-app --licence GPL'],
  run: async (invocation) => {
    const client = await connect(invocation);
    const summary = await client.read(`${sbomPath(invocation)}/summary`);
    const lines = objectsOf(summary, 'sboms').flatMap((sbom) => [
      ...answerPairs(sbom, fields).lines,
      ...listFindings(sbom),
      '',
    ]);
    const query = queryOf(invocation, { artifact: 'artifact', name: 'name', licence: 'licence' });
    const page = await client.read(`${sbomPath(invocation)}/components${query}`);
    const table = answerTable(page, 'components', componentColumns);
    return { document: { ...summary, ...page }, lines: [...lines, ...table.lines, ...listMore(page)] };
  },
};

/** `signpost sbom search`. */
export const sbomSearch: CommandSpec = {
  words: 'sbom search',
  arguments: '[name]',
  summary: 'Search the components of all releases',
  options: [
    { flags: '--purl <purl>', text: 'a package URL, with or without a version' },
    { flags: '--component-version <version>', text: 'exactly this version' },
    { flags: '--licence <text>', text: 'this in the licence' },
    { flags: '--project <slug>', text: 'only of this project' },
    { flags: '--after <place>', text: 'the next page' },
  ],
  examples: ['signpost sbom search log4j', 'signpost sbom search --purl pkg:npm/lodash@4.17.20'],
  run: async (invocation) => {
    const name = invocation.arguments[0];
    const query = queryOf(invocation, {
      ...{ purl: 'purl', 'component-version': 'component_version', licence: 'licence' },
      ...{ project: 'project', after: 'after' },
    });
    const path = `/api/components${query}${typeof name === 'string' ? `${query ? '&' : '?'}name=${encodeURIComponent(name)}` : ''}`;
    const document = await (await connectAuthenticated(invocation)).read(path);
    const table = answerTable(document, 'components', ['project', 'release', ...componentColumns]);
    return { document, lines: [...table.lines, ...listMore(document)] };
  },
};

const componentColumns = ['name', 'version', 'licences', 'supplier', 'purl'];
const changeKinds = ['upgraded', 'downgraded', 'changed', 'relicensed'];

/** `signpost sbom diff`. */
export const sbomDiff: CommandSpec = {
  words: 'sbom diff',
  arguments: '<from> <to>',
  summary: 'Show what changed among the components from one release to another',
  options: [projectOption],
  examples: ['signpost sbom diff 1.0.0 1.1.0 --project my-app'],
  run: async (invocation) => {
    const from = encodeURIComponent(readArgument(invocation, 0));
    const path = `${sbomPath(invocation, readArgument(invocation, 1))}/difference?from=${from}`;
    const document = await (await connect(invocation)).read(path);
    const alone = ['added', 'removed'].flatMap((kind) =>
      objectsOf(document, kind).map((item) => [kind, cellOf(item, 'name'), cellOf(item, 'versions'), '']),
    );
    const both = changeKinds.flatMap((kind) =>
      objectsOf(document, kind).map((item) => [
        kind,
        cellOf(item, 'name'),
        cellOf(item, 'before'),
        cellOf(item, 'after'),
      ]),
    );
    return { document, lines: formatTable(['what', 'name', 'versions or licences', 'now'], [...alone, ...both]) };
  },
};

function sbomPath(invocation: Invocation, version = readArgument(invocation, 0)): string {
  const slug = encodeURIComponent(invocation.options.requiredText('project'));
  return `/api/projects/${slug}/releases/${encodeURIComponent(version)}/sbom`;
}

function artifactQuery(invocation: Invocation): string {
  return queryOf(invocation, { artifact: 'artifact' });
}

/** The options that were given, under the names of the API. */
function queryOf({ options }: Invocation, names: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(names).flatMap(([option, name]) => {
    const value = options.text(option);
    return value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`];
  });
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function listFindings(sbom: JsonObject): readonly string[] {
  return objectsOf(sbom, 'findings').map((item) => {
    const finding = asObject(item);
    return `${cellOf(finding, 'severity')}: ${cellOf(finding, 'rule')} (${cellOf(finding, 'count')}): ${textsOf(finding, 'examples').join(', ')}`;
  });
}

function listMore(page: JsonObject): readonly string[] {
  return typeof page.next === 'string' ? [`more: --after ${page.next}`] : [];
}
