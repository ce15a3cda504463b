/** `signpost watch export`: what is known of every source, as one document, as results for code scanning (SARIF 2.1.0), or as settings of other tools. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describeSarif, type ScannerFinding } from '@signpost/protocol/sarif/findings';
import type { CommandSpec, Invocation } from '../../command.ts';
import { writeFileAtomically } from '../../files/atomic-write.ts';
import { cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer, JsonValue } from '../../terminal/output.ts';
import { version } from '../../version.ts';
import { describeRemarks, formatNames, readAttached } from './conversion.ts';

/** `signpost watch export`. */
export const watchExport: CommandSpec = {
  words: 'watch export',
  summary:
    'Write what is known of every source as JSON, open findings as SARIF, or who signs as settings of another tool',
  details: [
    'For another tool it writes what `watch propose` would declare, or with --from policy the policy in force. What that tool cannot be told is named on stderr, and under "remarks" with --json. Of keys the watch knows digests alone: --attach their public keys, or certificates for notation.',
  ],
  options: [
    { flags: '--format <format>', text: 'which', choices: ['json', 'sarif', ...formatNames], fallback: 'json' },
    { flags: '--search <text>', text: 'sources whose key has this in it (JSON)' },
    {
      flags: '--from <what>',
      text: 'for another tool: what was learned, or the policy',
      choices: ['learned', 'policy'],
      fallback: 'learned',
    },
    { flags: '--source <pattern>', text: 'for another tool: of some sources only, such as oci:ghcr.io/org/*' },
    { flags: '--attach <file>', text: 'for another tool: public keys or certificates in PEM', repeatable: true },
    { flags: '--out <folder>', text: 'for another tool: write the files there; needed where there are several' },
  ],
  examples: [
    'signpost watch export > inventory.json',
    'signpost watch export --format sarif > watch.sarif',
    'signpost watch export --format policy-controller --source "oci:ghcr.io/org/**" > policies.yaml',
    'signpost watch export --format cosign --attach cosign.pub --out verify',
  ],
  run: write,
};

async function write(invocation: Invocation): Promise<Answer> {
  const format = invocation.options.requiredText('format');
  if ((formatNames as readonly string[]).includes(format)) return writeSettings(invocation, format);
  const client = await connectAuthenticated(invocation);
  const document: JsonValue =
    format === 'sarif'
      ? describeSarif((await readFindings(client)).map(toFinding), version)
      : await readAll(client, invocation.options.text('search'));
  return { document, lines: [JSON.stringify(document, undefined, 2)] };
}

async function writeSettings(invocation: Invocation, format: string): Promise<Answer> {
  const { options, output } = invocation;
  const source = options.text('source');
  const body = {
    ...{ format, from: options.requiredText('from'), attached: await readAttached(options.texts('attach')) },
    ...(source !== undefined && { source }),
  };
  const client = await connectAuthenticated(invocation);
  const document = await client.request('POST', '/api/watch/policy/export', { body });
  const files = objectsOf(document, 'files');
  for (const line of describeRemarks(document)) output.note(line);
  const folder = options.text('out');
  if (folder !== undefined) return { document, lines: await writeFiles(folder, files) };
  const [first, ...more] = files;
  if (!first || more.length > 0) {
    throw new Failure('usage', `expected --out: there are ${files.length} files`, {
      hint: 'signpost watch export --out FOLDER',
    });
  }
  return { document, lines: textOf(first, 'text').trimEnd().split('\n') };
}

/** A server does not choose where on this machine it writes. */
const fileName = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

async function writeFiles(folder: string, files: readonly JsonObject[]): Promise<readonly string[]> {
  const paths = files.map((file) => {
    const name = textOf(file, 'name');
    if (!fileName.test(name)) throw new Failure('refused', `expected a plain file name, got ${name}`);
    return join(folder, name);
  });
  for (const [index, path] of paths.entries()) {
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomically(path, textOf(files[index] ?? {}, 'text'));
  }
  return paths.map((path) => `${path} is written.`);
}

/** Sources say in which clusters they run; these say themselves whether they answer. */
async function readAll(client: Client, search: string | undefined): Promise<JsonObject> {
  const clusters = objectsOf(await client.read('/api/watch/clusters'), 'clusters');
  return { sources: await readInventory(client, search), clusters };
}

async function readInventory(client: Client, search: string | undefined): Promise<readonly JsonObject[]> {
  return readPages((last) => {
    const query = new URLSearchParams({
      ...(search !== undefined && { search }),
      ...(last && { after: textOf(last, 'key') }),
    });
    return client.read(`/api/watch/inventory?${query}`).then((page) => objectsOf(page, 'sources'));
  });
}

async function readFindings(client: Client): Promise<readonly JsonObject[]> {
  const pages = ['open', 'acknowledged'].map((state) =>
    readPages((last) => {
      const query = new URLSearchParams({ state, ...(last && { before: textOf(last, 'id') }) });
      return client.read(`/api/watch/findings?${query}`).then((page) => objectsOf(page, 'findings'));
    }),
  );
  return (await Promise.all(pages)).flat();
}

function toFinding(row: JsonObject): ScannerFinding {
  const text = (name: string) => textOf(row, name);
  return {
    ...{ id: text('id'), kind: text('kind'), severity: text('severity'), state: text('state') },
    ...{ title: text('title'), sentence: text('sentence'), benign: text('benign') },
    ...{ source: cellOf(row, 'source'), line: cellOf(row, 'line') },
  };
}

async function readPages(
  read: (last: JsonObject | undefined) => Promise<readonly JsonObject[]>,
): Promise<readonly JsonObject[]> {
  const all: JsonObject[] = [];
  for (;;) {
    const page = await read(all.at(-1));
    if (page.length === 0) return all;
    all.push(...page);
  }
}
