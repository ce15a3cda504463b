/** `signpost watch export`: what is known of every source as one document, or what is open as results for code scanning (SARIF 2.1.0). */
import type { CommandSpec, Invocation } from '../../command.ts';
import { type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer, JsonValue } from '../../terminal/output.ts';
import { version } from '../../version.ts';
import { describeSarif } from './sarif.ts';

/** `signpost watch export`. */
export const watchExport: CommandSpec = {
  words: 'watch export',
  summary: 'Write what is known of every source as JSON, or open findings as SARIF',
  options: [
    { flags: '--format <format>', text: 'which', choices: ['json', 'sarif'], fallback: 'json' },
    { flags: '--search <text>', text: 'sources whose key has this in it (JSON)' },
  ],
  examples: ['signpost watch export > inventory.json', 'signpost watch export --format sarif > watch.sarif'],
  run: write,
};

async function write(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const isSarif = invocation.options.requiredText('format') === 'sarif';
  const document: JsonValue = isSarif
    ? describeSarif(await readFindings(client), version)
    : { sources: await readInventory(client, invocation.options.text('search')) };
  return { document, lines: [JSON.stringify(document, undefined, 2)] };
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
