/** `signpost watch cluster …`: clusters of Kubernetes whose pods are watched, and what runs in them. */
import { type CommandSpec, type Invocation, readArgument } from '../../command.ts';
import { cellOf, type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { formatPairs, formatTable } from '../../terminal/table.ts';
import { readKubeconfig } from './kubeconfig.ts';

const path = '/api/watch/clusters';
const example = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';

/** `signpost watch cluster add`. */
export const watchClusterAdd: CommandSpec = {
  words: 'watch cluster add',
  arguments: '<name>',
  summary: 'Watch what runs in a cluster of Kubernetes, by the digest that runs',
  details: [
    'Of the kubeconfig one context is read: the address, the authority that vouches for it, and a token (also of a file, once) or a client certificate, which the server seals. Plugins that make credentials are refused. The credential needs to list and watch pods and nothing else (deploy/kubernetes/watch.yaml).',
    'An API server that is at no public address must be listed in SIGNPOST_WATCH_HOSTS.',
  ],
  options: [
    { flags: '--kubeconfig <file>', text: 'how the cluster is reached' },
    { flags: '--context <name>', text: 'another one of the file than its current context' },
    { flags: '--in-cluster', text: 'the cluster that the server itself runs in, by its service account' },
    { flags: '--environment <name>', text: 'for which rules of the policy are chosen, such as production' },
  ],
  examples: [
    'signpost watch cluster add shop --kubeconfig watch.kubeconfig --environment production',
    'signpost watch cluster add own --in-cluster',
  ],
  run: add,
};

/** `signpost watch cluster list`. */
export const watchClusterList: CommandSpec = {
  words: 'watch cluster list',
  summary: 'List the clusters that are watched, and how much runs in them',
  examples: ['signpost watch cluster list'],
  run: list,
};

/** `signpost watch cluster show`. */
export const watchClusterShow: CommandSpec = {
  words: 'watch cluster show',
  arguments: '<id>',
  summary: 'Show what runs in a cluster, with verdict and open findings',
  options: [{ flags: '--flagged', text: 'only what is denied, warned of, has findings, or runs beside its tag' }],
  examples: [`signpost watch cluster show ${example} --flagged`],
  run: show,
};

/** `signpost watch cluster remove`. */
export const watchClusterRemove: CommandSpec = {
  words: 'watch cluster remove',
  arguments: '<id>',
  summary: 'Stop watching a cluster, and forget its credential',
  examples: [`signpost watch cluster remove ${example}`],
  run: remove,
};

async function add(invocation: Invocation): Promise<Answer> {
  const { options } = invocation;
  const [file, context, environment] = [
    options.text('kubeconfig'),
    options.text('context'),
    options.text('environment'),
  ];
  const isOwn = options.flag('in-cluster');
  if (isOwn === (file !== undefined) || (isOwn && context !== undefined)) {
    throw new Failure('usage', 'expected --kubeconfig, or --in-cluster alone');
  }
  const access = file === undefined ? { in_cluster: true } : { ...(await readKubeconfig(file, context)) };
  const body = { name: readArgument(invocation, 0), ...access, ...(environment !== undefined && { environment }) };
  const document = await (await connectAuthenticated(invocation)).request('POST', path, { body });
  return { document, lines: [`${textOf(document, 'name')} is watched as ${textOf(document, 'id')}.`] };
}

async function list(invocation: Invocation): Promise<Answer> {
  const document = await (await connectAuthenticated(invocation)).read(path);
  const columns = [
    'id',
    'name',
    'environment',
    'containers',
    'digests',
    'undigested',
    'answered_at',
    'unanswered_reason',
  ];
  const rows = objectsOf(document, 'clusters').map((row) => columns.map((name) => cellOf(row, name)));
  return { document, lines: formatTable(columns, rows) };
}

async function show(invocation: Invocation): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const place = `${path}/${encodeURIComponent(readArgument(invocation, 0))}`;
  const cluster = await client.read(place);
  const all = await readRunning(client, place);
  const running = invocation.options.flag('flagged') ? all.filter(isFlagged) : all;
  const names = ['name', 'server', 'environment', 'answered_at', 'unanswered_since', 'unanswered_reason'];
  const pairs = names.map((name) => [name, cellOf(cluster, name)] as const);
  const columns = ['namespace', 'workload', 'container', 'reference', 'runs', 'verdict', 'why'];
  return {
    document: { ...cluster, running },
    lines: [...formatPairs(pairs), ...formatTable(columns, running.map(describe))],
  };
}

/** Pages as long as there are some. */
async function readRunning(client: Client, place: string): Promise<readonly JsonObject[]> {
  const all: JsonObject[] = [];
  for (;;) {
    const last = all.at(-1);
    const after = last === undefined ? '' : `?after=${textOf(last, 'id')}`;
    const page = objectsOf(await client.read(`${place}/running${after}`), 'running');
    if (page.length === 0) return all;
    all.push(...page);
  }
}

function isFlagged(row: JsonObject): boolean {
  const open = typeof row.open === 'object' && row.open !== null && Object.keys(row.open).length > 0;
  return open || row.drifted === true || row.verdict === 'deny' || row.verdict === 'warn';
}

function describe(row: JsonObject): readonly string[] {
  const reasons = objectsOf(row, 'reasons').filter(({ effect }) => effect !== 'ok');
  const why = [
    ...reasons.map((one) => cellOf(one, 'code')),
    ...(row.drifted === true ? ['the tag leads elsewhere'] : []),
  ];
  const runs = row.sha256 === null ? cellOf(row, 'digest_state') : textOf(row, 'sha256').slice(0, 12);
  const place = ['namespace', 'workload', 'container', 'reference'].map((name) => cellOf(row, name));
  return [...place, runs, cellOf(row, 'verdict'), why.join(', ')];
}

async function remove(invocation: Invocation): Promise<Answer> {
  const id = readArgument(invocation, 0);
  const client = await connectAuthenticated(invocation);
  await invocation.prompt.confirm(`Stop watching the cluster ${id}? What runs there is told to nobody any more.`);
  await client.request('DELETE', `${path}/${encodeURIComponent(id)}`);
  return { document: { id, removed: true }, lines: [`The cluster ${id} is not watched any more.`] };
}
