/** `signpost vulnerabilities import`, `list`, `remove`, `show`, `answer`. */
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import { openFileStream, openRecordStream } from '../../files/record-stream.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { formatTable } from '../../terminal/table.ts';
import { answerPairs, answerTable } from '../answers.ts';

/** What is sent is told by its bytes. */
const binary = { 'Content-Type': 'application/octet-stream' };
const projectOption: OptionSpec = { flags: '--project <slug>', text: 'the project', required: true };

/** `signpost vulnerabilities import`. */
export const vulnerabilitiesImport: CommandSpec = {
  words: 'vulnerabilities import',
  arguments: '<ecosystem> <file>',
  summary: 'Import a snapshot of known vulnerabilities',
  details: [
    'all.zip of one ecosystem as OSV publishes it, a folder of its JSON files, or a file with one record a line. It takes the place of the one before when all of it was read.',
  ],
  options: [{ flags: '--date <time>', text: 'of which moment it is (RFC 3339); the latest change in it otherwise' }],
  examples: ['signpost vulnerabilities import npm all.zip', 'signpost vulnerabilities import PyPI ./pypi-records'],
  run: async (invocation) => {
    const stream = await openRecordStream(readArgument(invocation, 1));
    const date = invocation.options.text('date');
    const query = date === undefined ? '' : `?snapshot_at=${encodeURIComponent(date)}`;
    const client = await connectAuthenticated(invocation);
    invocation.output.note('importing; the server answers when all is read');
    const document = await client.request('PUT', `${ecosystemPath(invocation)}${query}`, { stream, headers: binary });
    return answerPairs(document, ['ecosystem', 'entries', 'snapshot_at']);
  },
};

/** `signpost vulnerabilities list`. */
export const vulnerabilitiesList: CommandSpec = {
  words: 'vulnerabilities list',
  summary: 'List the snapshots of known vulnerabilities, with their dates',
  examples: ['signpost vulnerabilities list'],
  run: async (invocation) => {
    const document = await (await connectAuthenticated(invocation)).read('/api/vulnerabilities');
    return answerTable(document, 'snapshots', ['ecosystem', 'entries', 'snapshot_at', 'imported_at']);
  },
};

/** `signpost vulnerabilities remove`. */
export const vulnerabilitiesRemove: CommandSpec = {
  words: 'vulnerabilities remove',
  arguments: '<ecosystem>',
  summary: 'Forget the known vulnerabilities of an ecosystem',
  examples: ['signpost vulnerabilities remove npm'],
  run: async (invocation) => {
    const ecosystem = readArgument(invocation, 0);
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Forget the vulnerabilities of ${ecosystem}?`);
    await client.request('DELETE', ecosystemPath(invocation));
    return { document: { ecosystem, removed: true }, lines: [`Nothing is known of ${ecosystem} any more.`] };
  },
};

/** `signpost vulnerabilities show`. */
export const vulnerabilitiesShow: CommandSpec = {
  words: 'vulnerabilities show',
  arguments: '<version>',
  summary: 'Show what is known to be vulnerable in a release, and of which date the data is',
  options: [projectOption],
  examples: ['signpost vulnerabilities show 1.0.0 --project my-app'],
  run: async (invocation) => {
    const document = await (await connectAuthenticated(invocation)).read(`${releasePath(invocation)}/vulnerabilities`);
    const rows = objectsOf(document, 'found').map(formatFound);
    return {
      document,
      lines: [...formatTable(['severity', 'id', 'component', 'answer'], rows), '', ...describeData(document)],
    };
  },
};

/** `signpost vulnerabilities answer`. */
export const vulnerabilitiesAnswer: CommandSpec = {
  words: 'vulnerabilities answer',
  arguments: '<version> <file>',
  summary: 'Attach a VEX document: why a release is not affected, or that it is',
  details: ['OpenVEX 0.2 or CycloneDX: see docs/sbom.md.'],
  options: [projectOption],
  examples: ['signpost vulnerabilities answer 1.0.0 my-app.openvex.json --project my-app'],
  run: async (invocation) => {
    const stream = await openFileStream(readArgument(invocation, 1));
    const client = await connectAuthenticated(invocation);
    const document = await client.request('PUT', `${releasePath(invocation)}/vex`, { stream, headers: binary });
    return answerPairs(document, ['standard', 'statements', 'sha256']);
  },
};

function ecosystemPath(invocation: Invocation): string {
  return `/api/vulnerabilities/${encodeURIComponent(readArgument(invocation, 0))}`;
}

function releasePath(invocation: Invocation): string {
  const slug = encodeURIComponent(invocation.options.requiredText('project'));
  return `/api/projects/${slug}/releases/${encodeURIComponent(readArgument(invocation, 0))}`;
}

function formatFound(found: JsonObject): readonly string[] {
  const component = asObject(found.component);
  const said = found.suppressed_by === null ? undefined : asObject(found.suppressed_by);
  const answer = said ? `${cellOf(said, 'status')}: ${cellOf(said, 'justification')}` : '-';
  const version = `${cellOf(component, 'name')} ${cellOf(component, 'version')}`;
  return [
    cellOf(found, 'severity'),
    cellOf(found, 'id'),
    version,
    found.undecided === true ? `undecided; ${answer}` : answer,
  ];
}

/** What was asked, and what nobody could be asked about. */
function describeData(document: JsonObject): readonly string[] {
  const snapshots = objectsOf(document, 'snapshots').map(
    (snapshot) => `data: ${cellOf(snapshot, 'ecosystem')} of ${cellOf(snapshot, 'snapshot_at')}`,
  );
  const missing = textsOf(document, 'missing_ecosystems').map((name) => `unknown: no data of ${name}`);
  const unmatched = Number(document.unmatched_components ?? 0);
  return [...snapshots, ...missing, ...(unmatched > 0 ? [`unknown: ${unmatched} components cannot be looked up`] : [])];
}
