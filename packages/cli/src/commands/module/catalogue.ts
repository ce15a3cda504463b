/** `signpost catalogue …`: the signed catalogue, as its server sees it and as clients do. */
import { readFile } from 'node:fs/promises';
import type { ModuleCheck } from '@signpost/protocol/client/check-catalogue';
import { encodeTime } from '@signpost/protocol/json/time';
import { openUpdater, updaterOptions } from '../../client/open-updater.ts';
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs, answerTable } from '../answers.ts';
import { rootExample } from '../client/check.ts';

const fields = [
  'collection',
  'version',
  'entries',
  'size_bytes',
  'issued_at',
  'expires_at',
  'key_id',
  'sha256',
  'behind_since',
  'served',
  'reason',
];

/** `signpost catalogue show`. */
export const catalogueShow: CommandSpec = {
  words: 'catalogue show',
  arguments: '<collection>',
  summary: 'Show the state of a catalogue: its version, its end, and what waits to be signed',
  examples: ['signpost catalogue show addons'],
  run: async (invocation) => {
    const path = `/api/collections/${encodeURIComponent(readArgument(invocation, 0))}/catalogue`;
    return answerPairs(await (await connectAuthenticated(invocation)).read(path), fields);
  },
};

/** `signpost catalogue check`. */
export const catalogueCheck: CommandSpec = {
  words: 'catalogue check',
  arguments: '<collection>',
  summary: 'Verify a catalogue and each module in it as a client does, each step shown',
  details: ['Ends with 4 when the catalogue is refused, and when a module in it is.'],
  options: [
    { flags: '--file <path>', text: 'a catalogue that was fetched before, in place of the one that is served' },
    {
      flags: '--accept-author <module=key-id>',
      text: 'take this key for that of the module’s author from now on',
      repeatable: true,
    },
    { flags: '--served-as <url>', text: 'how the server calls itself, where --server is a mirror' },
    ...updaterOptions,
  ],
  examples: [
    `signpost catalogue check addons --server https://updates.example.org ${rootExample}`,
    `signpost catalogue check addons --file addons.json ${rootExample}`,
  ],
  run: checkCatalogue,
};

async function checkCatalogue(invocation: Invocation): Promise<Answer> {
  const collection = readArgument(invocation, 0);
  const { updater } = await openUpdater(await withFile(invocation, collection));
  const found = await updater.checkCatalogue({
    ...{ collection, servedAs: invocation.options.text('served-as') },
    acceptedAuthors: readAccepted(invocation.options.texts('accept-author')),
  });
  if (found.kind === 'none') {
    throw new Failure('refused', `${collection} has no catalogue here`, { hint: 'signpost collection list' });
  }
  const { catalogue } = found;
  const modules = found.modules.map(describeModule);
  const document = {
    ...{ collection, version: catalogue.version, digest: catalogue.digest, modules },
    ...{ issued_at: encodeTime(catalogue.issuedAt), expires_at: encodeTime(catalogue.expiresAt) },
  };
  const refused = found.modules.find((module) => module.kind === 'refused');
  // All of them are shown in any case; the first one says how the command ends.
  if (refused?.kind === 'refused') {
    for (const { slug, state } of modules) invocation.output.note(`${slug}: ${state}`);
    throw refused.error;
  }
  const table = answerTable(document, 'modules', ['slug', 'version', 'trust_level', 'state']);
  return {
    document,
    lines: [`Version ${catalogue.version} of ${collection} is as it was signed.`, '', ...table.lines],
  };
}

function readAccepted(items: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    items.map((item) => {
      const [, module = '', keyId = ''] = /^([a-z0-9-]+)=([0-9a-f]{64})$/.exec(item) ?? [];
      if (module === '') throw new Failure('usage', `expected --accept-author MODULE=KEY-ID, got "${item}"`);
      return [module, keyId];
    }),
  );
}

function describeModule(module: ModuleCheck) {
  if (module.kind === 'refused') {
    return { slug: module.slug, version: null, trust_level: null, state: `refused: ${module.error.code}` };
  }
  const { slug, trustLevel } = module.entry;
  return { slug, version: module.manifest.version, trust_level: trustLevel, state: 'verified' };
}

/** The bytes of a file stand in for the server's answer; the trust list is still fetched. */
async function withFile(invocation: Invocation, collection: string): Promise<Invocation> {
  const path = invocation.options.text('file');
  if (path === undefined) return invocation;
  const bytes = await readFile(path).catch((cause) => {
    throw new Failure('refused', `${path} cannot be read`, {
      hint: 'curl -o FILE SERVER/api/modules/COLLECTION',
      cause,
    });
  });
  const fetch: Invocation['fetch'] = async (url, init) =>
    String(url).endsWith(`/api/modules/${collection}`)
      ? new Response(new Uint8Array(bytes))
      : invocation.fetch(url, init);
  return { ...invocation, fetch };
}
