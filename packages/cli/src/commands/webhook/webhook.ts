/** `signpost webhook …`: where events are posted, and how messages are signed. */
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import { asObject, cellOf, type JsonObject, objectsOf, textOf, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs, formatTable } from '../../terminal/table.ts';

const path = '/api/webhooks';
const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';

const wishOptions: readonly OptionSpec[] = [
  {
    flags: '--type <type>',
    text: 'what to post, such as release.activated; everything when left out',
    repeatable: true,
  },
  { flags: '--project <slug>', text: 'only what is about this project' },
  { flags: '--description <text>', text: 'a line for people' },
];

/** `signpost webhook create`. */
export const webhookCreate: CommandSpec = {
  words: 'webhook create',
  arguments: '<url>',
  summary: 'Have events posted to an address, signed as Standard Webhooks says',
  details: [
    'Messages carry webhook-id, webhook-timestamp and webhook-signature. By hmac-sha256 the secret is shown here, once; by ed25519 receivers need the public key alone. docs/webhooks.md has a receiver in ten lines.',
    'Types: release.activated, release.withdrawn, release.quarantined, trust.updated, key.revoked, certificate.revoked, certificate.expiring, revocation.expiring, evidence.denied, watch.finding.opened, watch.finding.resolved, watch.finding.escalated, catalogue.updated, wordpress.deployed, wordpress.failed, submission.received, submission.withdrawn, submission.refused, submission.approved, webhook.disabled.',
  ],
  options: [
    ...wishOptions,
    {
      flags: '--algorithm <name>',
      text: 'how messages are signed',
      choices: ['hmac-sha256', 'ed25519'],
      fallback: 'hmac-sha256',
    },
  ],
  examples: [
    'signpost webhook create https://hooks.example.org/signpost --type release.activated --project my-app',
    'signpost webhook create https://hooks.example.org/signpost --algorithm ed25519',
  ],
  run: create,
};

/** `signpost webhook list`. */
export const webhookList: CommandSpec = {
  words: 'webhook list',
  summary: 'List the webhooks',
  examples: ['signpost webhook list'],
  run: async (invocation) => {
    const document = await (await connectAuthenticated(invocation)).read(path);
    const rows = objectsOf(document, 'webhooks').map((row) => [
      ...['id', 'url', 'state', 'project'].map((name) => cellOf(row, name)),
      describeTypes(row),
    ]);
    return { document, lines: formatTable(['id', 'url', 'state', 'project', 'types'], rows) };
  },
};

/** `signpost webhook show`. */
export const webhookShow: CommandSpec = {
  words: 'webhook show',
  arguments: '<id>',
  summary: 'Show a webhook, its keys, and whether it takes what is posted',
  examples: [`signpost webhook show ${example}`],
  run: async (invocation) => describe(await (await connectAuthenticated(invocation)).read(pathOf(invocation))),
};

/** `signpost webhook change`. */
export const webhookChange: CommandSpec = {
  words: 'webhook change',
  arguments: '<id>',
  summary: 'Change where a webhook posts, or what',
  options: [
    { flags: '--url <url>', text: 'the new address' },
    ...wishOptions,
    { flags: '--all-types', text: 'everything from now on' },
    { flags: '--all-projects', text: 'whatever it is about from now on' },
  ],
  examples: [`signpost webhook change ${example} --url https://new.example.org/hook --all-types`],
  run: change,
};

/** `signpost webhook enable`. */
export const webhookEnable: CommandSpec = {
  words: 'webhook enable',
  arguments: '<id>',
  summary: 'Switch a webhook on; what waits goes out',
  details: ['What happened while it was off comes by signpost webhook replay.'],
  examples: [`signpost webhook enable ${example}`],
  run: (invocation) => act(invocation, 'enable'),
};

/** `signpost webhook disable`. */
export const webhookDisable: CommandSpec = {
  words: 'webhook disable',
  arguments: '<id>',
  summary: 'Switch a webhook off',
  examples: [`signpost webhook disable ${example}`],
  run: (invocation) => act(invocation, 'disable'),
};

/** `signpost webhook remove`. */
export const webhookRemove: CommandSpec = {
  words: 'webhook remove',
  arguments: '<id>',
  summary: 'Remove a webhook, its keys, and what waits or was given up',
  examples: [`signpost webhook remove ${example}`],
  run: async (invocation) => {
    const id = readArgument(invocation, 0);
    const client = await connectAuthenticated(invocation);
    await invocation.prompt.confirm(`Remove webhook ${id}? What waits for it is gone, too.`);
    await client.request('DELETE', pathOf(invocation));
    return { document: { id, removed: true }, lines: [`Webhook ${id} is removed.`] };
  },
};

/** `signpost webhook rotate`. */
export const webhookRotate: CommandSpec = {
  words: 'webhook rotate',
  arguments: '<id>',
  summary: 'Exchange the key of a webhook; for a day messages carry the signatures of both',
  options: [{ flags: '--overlap-hours <n>', text: 'how long both sign; 0 when the old one has leaked' }],
  examples: [`signpost webhook rotate ${example}`, `signpost webhook rotate ${example} --overlap-hours 0`],
  run: rotate,
};

async function create(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const body = {
    url: readArgument(invocation, 0),
    algorithm: options.requiredText('algorithm'),
    ...readWish(invocation),
  };
  const document = await (await connectAuthenticated(invocation)).request('POST', path, { body });
  const { lines = [] } = describe(document);
  return { document, lines: [...lines, ...describeKey(document)] };
}

async function change(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const url = options.text('url');
  const body = {
    ...(url !== undefined && { url }),
    ...readWish(invocation),
    ...(options.flag('all-types') && { types: [] }),
    ...(options.flag('all-projects') && { project: null }),
  };
  if (Object.keys(body).length === 0) throw new Failure('usage', 'expected something to change');
  return describe(await (await connectAuthenticated(invocation)).request('PATCH', pathOf(invocation), { body }));
}

async function act(invocation: Invocation, verb: 'enable' | 'disable'): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  return describe(await client.request('POST', `${pathOf(invocation)}/${verb}`));
}

async function rotate(invocation: Invocation): Promise<Answer> {
  const hours = invocation.options.integer('overlap-hours', 0);
  const body = hours === undefined ? {} : { overlap_hours: hours };
  const client = await connectAuthenticated(invocation);
  const document = await client.request('POST', `${pathOf(invocation)}/rotate`, { body });
  return {
    document,
    lines: [...describeKey(document), `The old one signs until ${textOf(document, 'overlap_ends_at')}.`],
  };
}

function readWish({ options }: Invocation): JsonObject {
  const [types, project, description] = [options.texts('type'), options.text('project'), options.text('description')];
  return {
    ...(types.length > 0 && { types: [...types] }),
    ...(project !== undefined && { project }),
    ...(description !== undefined && { description }),
  };
}

/** The path of the webhook that the first argument names. */
export function pathOf(invocation: Invocation): string {
  return `${path}/${encodeURIComponent(readArgument(invocation, 0))}`;
}

function describe(document: JsonObject): Answer {
  const names = ['id', 'url', 'description', 'project', 'state', 'disabled_because', 'failing_since', 'created_at'];
  const pairs: [string, string][] = names.map((name) => [name, cellOf(document, name)]);
  const keys: [string, string][] = objectsOf(document, 'keys').map((key) => ['key', describeStoredKey(asObject(key))]);
  return { document, lines: formatPairs([...pairs, ['types', describeTypes(document)], ...keys]) };
}

function describeStoredKey(key: JsonObject): string {
  const shown = key.public_key === null ? '' : ` ${textOf(key, 'public_key')}`;
  const end = key.ends_at === null ? '' : `, until ${textOf(key, 'ends_at')}`;
  return `${textOf(key, 'algorithm')}${shown}${end}`;
}

function describeTypes(row: JsonObject): string {
  return textsOf(row, 'types').join(' ') || 'all';
}

function describeKey(document: JsonObject): string[] {
  if (document.secret !== undefined) {
    return [`secret: ${textOf(document, 'secret')}`, 'It is shown only now: give it to the receiver.'];
  }
  return [`public key: ${textOf(document, 'public_key')}`];
}
