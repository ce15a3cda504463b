/** `signpost user …`: people and their roles. */
import { type CommandSpec, type Invocation, readArgument, readSecretSource, secretOptions } from '../../command.ts';
import { type JsonObject, objectsOf, textOf } from '../../http/answer.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated, connectForLogin } from '../../http/connect.ts';
import { askPerson, codeOptions, createAskCode, personOptions, withPerson } from '../../http/person.ts';
import { openSession } from '../../http/session.ts';
import { Failure } from '../../terminal/failure.ts';
import type { Answer } from '../../terminal/output.ts';
import { answerPairs } from '../answers.ts';
import { answerPage, pageOptions, pagePath } from '../pages.ts';
import { asFailure, environmentOf } from '../server/server-package.ts';

const columns = ['email', 'name', 'role', 'disabled', 'second_factor', 'created_at'];
const roles = ['admin', 'manager', 'viewer'];
const minPasswordLength = 12;
const inPerson =
  'Only an admin in person makes another admin: you type your own password, and an API key is not enough.';

/** `signpost user add`. */
export const userAdd: CommandSpec = {
  words: 'user add',
  arguments: '<email>',
  summary: 'Add a person to the organisation',
  options: [
    { flags: '--name <name>', text: 'the name', required: true },
    { flags: '--role <role>', text: 'what the person may do', choices: roles, fallback: 'viewer' },
    ...secretOptions('password', 'the first password'),
    ...personOptions('admin-'),
  ],
  details: [inPerson],
  examples: ['signpost user add bob@example.org --name "Bob" --role manager'],
  run: addUser,
};

/** `signpost user list`. */
export const userList: CommandSpec = {
  words: 'user list',
  summary: 'List the members of the organisation',
  options: pageOptions,
  examples: ['signpost user list', 'signpost user list --search bob --limit 20'],
  run: async (invocation) => {
    const client = await connectAuthenticated(invocation);
    return answerPage(await client.read(pagePath('/api/people', invocation.options)), 'people', columns);
  },
};

/** `signpost user role`. */
export const userRole: CommandSpec = {
  words: 'user role',
  arguments: '<email> <role>',
  summary: 'Give a person another role',
  details: [`${inPerson} Somebody disabled gets access again by it.`],
  options: personOptions('admin-'),
  examples: ['signpost user role bob@example.org viewer', 'signpost user role bob@example.org admin'],
  run: async (invocation) => {
    const role = readArgument(invocation, 1);
    if (!roles.includes(role)) throw new Failure('usage', `expected a role of ${roles.join(', ')}, got "${role}"`);
    return role === 'admin' ? promoteUser(invocation) : changeUser(invocation, { role });
  },
};

/** `signpost user disable`. */
export const userDisable: CommandSpec = {
  words: 'user disable',
  arguments: '<email>',
  summary: "End a person's access; --enable gives it back",
  options: [{ flags: '--enable', text: 'give access back' }],
  examples: ['signpost user disable bob@example.org', 'signpost user disable bob@example.org --enable'],
  run: async (invocation) => {
    const disabled = !invocation.options.flag('enable');
    if (disabled) await invocation.prompt.confirm(`End the access of ${readArgument(invocation, 0)}?`);
    return changeUser(invocation, { disabled });
  },
};

/** `signpost user password`. */
export const userPassword: CommandSpec = {
  words: 'user password',
  arguments: '<email>',
  summary: 'Change your own password; your other sessions end',
  options: [
    ...secretOptions('password', 'the present password'),
    ...secretOptions('new-password', 'the new password'),
    ...codeOptions(),
  ],
  examples: ['signpost user password alice@example.org'],
  run: changePassword,
};

/** `signpost user reset-factors`. */
export const userResetFactors: CommandSpec = {
  words: 'user reset-factors',
  arguments: '<email>',
  summary: 'Take all second factors from a person who has lost them; their sessions end',
  details: [
    'For an admin in person. The person logs in by the password alone afterwards, so be sure that it is they who ask.',
    'With --data no server is asked: for the last admin, on the machine of a server that does not run.',
  ],
  options: [
    { flags: '--data <dir>', text: 'the data folder of a server that does not run' },
    ...personOptions('admin-'),
  ],
  examples: [
    'signpost user reset-factors bob@example.org',
    'signpost user reset-factors alice@example.org --data /var/lib/signpost',
  ],
  run: resetFactors,
};

async function addUser(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const client = await connectAuthenticated(invocation);
  const role = options.requiredText('role');
  const password = await prompt.askNewSecret('First password', readSecretSource(options, 'password'), {
    option: 'password',
    minLength: minPasswordLength,
  });
  const body = {
    email: readArgument(invocation, 0),
    name: options.requiredText('name'),
    // A member first; an admin is made of them in person.
    role: role === 'admin' ? 'viewer' : role,
    password,
  };
  const document = await client.request('POST', '/api/people', { body });
  return role === 'admin' ? promoteUser(invocation) : answerPairs(document, columns);
}

async function promoteUser(invocation: Invocation): Promise<Answer> {
  const proof = await askPerson(invocation, 'admin-');
  const client = await connectAuthenticated(invocation);
  const id = textOf(await findPerson(client, readArgument(invocation, 0)), 'id');
  const { password } = proof;
  return withPerson(invocation, proof, async (session) =>
    answerPairs(await session.request('POST', `/api/people/${id}/admin`, { password }), columns),
  );
}

async function changeUser(
  invocation: Invocation,
  body: { readonly role?: string; readonly disabled?: boolean },
): Promise<Answer> {
  const client = await connectAuthenticated(invocation);
  const person = await findPerson(client, readArgument(invocation, 0));
  return answerPairs(await client.request('PATCH', `/api/people/${textOf(person, 'id')}`, { body }), columns);
}

async function findPerson(client: Client, email: string): Promise<JsonObject> {
  return findByEmail(objectsOf(await client.read('/api/people'), 'people'), email);
}

function findByEmail(people: readonly JsonObject[], email: string): JsonObject {
  const person = people.find((entry) => textOf(entry, 'email').toLowerCase() === email.toLowerCase());
  if (!person)
    throw new Failure('refused', `${email} is no member of the organisation`, { hint: 'signpost user list' });
  return person;
}

async function changePassword(invocation: Invocation): Promise<Answer> {
  const { options, prompt } = invocation;
  const email = readArgument(invocation, 0);
  const client = await connectForLogin(invocation);
  const current = await prompt.askSecret('Present password', readSecretSource(options, 'password'), 'password');
  const next = await prompt.askNewSecret('New password', readSecretSource(options, 'new-password'), {
    option: 'new-password',
    minLength: minPasswordLength,
  });
  const session = await openSession(client, { email, password: current, askCode: createAskCode(invocation) });
  await session.request('POST', '/api/session/password', { current, new: next }).finally(() => session.close());
  return { document: { email, changed: true }, lines: [`The password of ${email} is changed.`] };
}

async function resetFactors(invocation: Invocation): Promise<Answer> {
  const email = readArgument(invocation, 0);
  await invocation.prompt.confirm(`Take all second factors from ${email}?`);
  if (invocation.options.text('data') === undefined) await resetFactorsOnline(invocation, email);
  else await resetFactorsOffline(invocation, email);
  return { document: { email, reset: true }, lines: [`${email} logs in by the password alone.`] };
}

async function resetFactorsOnline(invocation: Invocation, email: string): Promise<void> {
  const words = await askPerson(invocation, 'admin-');
  const { password } = words;
  await withPerson(invocation, words, async (session) => {
    const person = findByEmail(objectsOf(await session.request('GET', '/api/people'), 'people'), email);
    await session.request('POST', `/api/people/${textOf(person, 'id')}/factors/reset`, { password });
  });
}

async function resetFactorsOffline(invocation: Invocation, email: string): Promise<void> {
  const { resetFactors: reset } = await import('@signpost/server/setup');
  await asFailure(reset(environmentOf(invocation), email));
}
