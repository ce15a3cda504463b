/** `signpost wordpress show`: what the plugin of a release says of itself. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs } from '../../terminal/table.ts';

/** `signpost wordpress show`. */
export const wordpressShow: CommandSpec = {
  words: 'wordpress show',
  arguments: '<slug> <version>',
  summary: 'Show what wordpress.org would show of a release, and whether header, readme and release agree',
  details: ['The command ends with 1 when a finding is an error: such a release is not deployed.'],
  examples: ['signpost wordpress show my-plugin 1.2.0'],
  run: show,
};

async function show(invocation: Invocation): Promise<Answer> {
  const [slug, version] = [0, 1].map((index) => encodeURIComponent(readArgument(invocation, index)));
  const client = await connectAuthenticated(invocation);
  const document = await client.read(`/api/projects/${slug}/releases/${version}/wordpress`);
  const findings = objectsOf(document, 'findings').map(
    (row) => `${textOf(row, 'severity')}: ${textOf(row, 'message')} [${textOf(row, 'code')}]`,
  );
  return {
    document,
    lines: [...formatPairs([...describeHeader(document), ...describeReadme(document)]), ...findings],
    ...(document.deployable === true ? {} : { reason: 'refused' as const }),
  };
}

function describeHeader(document: JsonObject): [string, string][] {
  const pairs: [string, string][] = [['file', `${cellOf(document, 'folder')}/${cellOf(document, 'main_file')}`]];
  if (document.header === null) return pairs;
  const header = asObject(document.header);
  const names = ['name', 'version', 'author', 'requires_wordpress', 'requires_php', 'text_domain'];
  return [...pairs, ...names.map((name): [string, string] => [name, cellOf(header, name)])];
}

function describeReadme(document: JsonObject): [string, string][] {
  if (document.readme === null) return [['readme', 'none']];
  const readme = asObject(document.readme);
  const sections = objectsOf(readme, 'sections').map((section) => textOf(section, 'title'));
  return [
    ...['stable_tag', 'tested_up_to', 'license', 'short_description'].map((name): [string, string] => [
      name,
      cellOf(readme, name),
    ]),
    ['contributors', textsOf(readme, 'contributors').join(', ')],
    ['tags', textsOf(readme, 'tags').join(', ')],
    ['sections', sections.join(', ')],
    ['upgrade_notice', cellOf(readme, 'upgrade_notice')],
  ];
}
