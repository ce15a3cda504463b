/** `signpost cert policy …` and `signpost cert profile …`: what may be issued. */
import { readFile } from 'node:fs/promises';
import { type CommandSpec, type Invocation, readArgument, readArguments } from '../../command.ts';
import { type JsonObject, objectsOf, textOf, textsOf } from '../../http/answer.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer, JsonValue } from '../../terminal/output.ts';
import { formatTable } from '../../terminal/table.ts';

const path = '/api/name-policy';

/** `signpost cert policy show`. */
export const certPolicyShow: CommandSpec = {
  words: 'cert policy show',
  summary: 'Show which names may be certified',
  examples: ['signpost cert policy show'],
  run: async (invocation) => answerPolicy(await (await connectAuthenticated(invocation)).read(path)),
};

/** `signpost cert policy allow`. */
export const certPolicyAllow: CommandSpec = {
  words: 'cert policy allow',
  arguments: '<names...>',
  summary: 'Allow names and all that stand below them',
  details: [
    'Names are such as dns:example.com, email:example.com, ip:10.0.0.0/8 or uri:example.com. The first names allowed stand beside the private ones of the default.',
  ],
  examples: ['signpost cert policy allow dns:example.com email:example.com'],
  run: (invocation) => change(invocation, (names, policy) => ({ ...policy, allowed: unite(policy.allowed, names) })),
};

/** `signpost cert policy deny`. */
export const certPolicyDeny: CommandSpec = {
  words: 'cert policy deny',
  arguments: '<names...>',
  summary: 'Deny names, though a name above them is allowed',
  examples: ['signpost cert policy deny dns:vault.example.com'],
  run: (invocation) => change(invocation, (names, policy) => ({ ...policy, denied: unite(policy.denied, names) })),
};

/** `signpost cert policy remove`. */
export const certPolicyRemove: CommandSpec = {
  words: 'cert policy remove',
  arguments: '<names...>',
  summary: 'Take names out of the policy, allowed or denied',
  examples: ['signpost cert policy remove dns:example.com'],
  run: (invocation) =>
    change(invocation, (names, policy) => ({
      allowed: policy.allowed.filter((one) => !names.includes(one)),
      denied: policy.denied.filter((one) => !names.includes(one)),
    })),
};

interface Policy {
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
}

async function change(
  invocation: Invocation,
  decide: (names: readonly string[], policy: Policy) => Policy,
): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const now = await client.read(path);
  const policy = decide(readArguments(invocation, 0), {
    allowed: textsOf(now, 'allowed'),
    denied: textsOf(now, 'denied'),
  });
  return answerPolicy(await client.request('PUT', path, { body: { ...policy } }));
}

function unite(present: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...present, ...more])];
}

function answerPolicy(document: JsonObject): Answer {
  const rows = ['allowed', 'denied'].flatMap((kind) => textsOf(document, kind).map((name) => [kind, name]));
  const note = document.decided === true ? [] : ['Nobody has decided yet: private names and networks are allowed.'];
  return { document, lines: [...note, ...formatTable(['what', 'name'], rows)] };
}

/** `signpost cert profile list`. */
export const certProfileList: CommandSpec = {
  words: 'cert profile list',
  summary: 'List the kinds of certificate there are',
  examples: ['signpost cert profile list'],
  run: async (invocation) => {
    const document = await (await connectAuthenticated(invocation)).read('/api/certificate-profiles');
    const rows = objectsOf(document, 'profiles').map((one) => {
      const profile = one.profile as JsonObject;
      const { default: usual, maximum } = profile.lifetime as { default: string; maximum: string };
      return [
        textOf(one, 'name'),
        textOf(profile, 'kind'),
        usual,
        maximum,
        one.built_in === true ? 'built in' : 'own',
        textOf(profile, 'description'),
      ];
    });
    return { document, lines: formatTable(['name', 'of', 'lifetime', 'at most', 'whose', 'for'], rows) };
  },
};

/** `signpost cert profile show`. */
export const certProfileShow: CommandSpec = {
  words: 'cert profile show',
  arguments: '<name>',
  summary: 'Print a profile as JSON, to change and add under another name',
  examples: ['signpost cert profile show server > printer.json'],
  run: async (invocation) => {
    const name = readArgument(invocation, 0);
    const answer = await (await connectAuthenticated(invocation)).read('/api/certificate-profiles');
    const found = objectsOf(answer, 'profiles').find((one) => one.name === name);
    if (!found) throw new Failure('refused', `no profile is called ${name}`, { hint: 'signpost cert profile list' });
    return { document: found.profile ?? null, lines: [JSON.stringify(found.profile, undefined, 2)] };
  },
};

/** `signpost cert profile add`. */
export const certProfileAdd: CommandSpec = {
  words: 'cert profile add',
  arguments: '<name> <file>',
  summary: "Add a profile of the organisation's own from a JSON file",
  examples: ['signpost cert profile add printer printer.json'],
  run: async (invocation) => {
    const name = readArgument(invocation, 0);
    const body = { name, profile: await readProfile(readArgument(invocation, 1)) };
    const document = await (await connectAuthenticated(invocation)).request('POST', '/api/certificate-profiles', {
      body,
    });
    const { kind } = document.profile as JsonObject;
    const use = kind === 'intermediate' ? 'ca create-intermediate' : 'cert issue';
    return { document, lines: [`Profile ${name} is there: signpost ${use} --profile ${name}`] };
  },
};

/** `signpost cert profile remove`. */
export const certProfileRemove: CommandSpec = {
  words: 'cert profile remove',
  arguments: '<name>',
  summary: "Take a profile of the organisation's own away; certificates that it made stay",
  examples: ['signpost cert profile remove printer'],
  run: async (invocation) => {
    const name = readArgument(invocation, 0);
    const client = await connectAuthenticated(invocation);
    await client.request('DELETE', `/api/certificate-profiles/${encodeURIComponent(name)}`);
    return { document: { name, removed: true }, lines: [`Profile ${name} is gone.`] };
  },
};

async function readProfile(file: string): Promise<JsonValue> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as JsonValue;
  } catch (cause) {
    throw new Failure('refused', `${file} holds no JSON`, { cause });
  }
}
