/** People in person: what a kept login must not be enough for asks for a password, and for a second factor where there is one. */
import { type Invocation, type OptionSpec, readSecretSource, secretOptions } from '../command.ts';
import type { JsonObject } from './answer.ts';
import { type Client, ServerRefusal } from './client.ts';
import { connectForLogin } from './connect.ts';
import { readCredentials } from './credentials.ts';
import { factorOf, type LogInWords, openSession, type Session } from './session.ts';

/** The options of `askPerson`; `prefix` is for commands that are about another person (`admin-`). */
export function personOptions(prefix = ''): readonly OptionSpec[] {
  return [
    { flags: `--${prefix}email <address>`, text: 'who you are (an admin); the last login otherwise' },
    ...secretOptions(`${prefix}password`, 'your own password'),
    ...codeOptions(prefix),
  ];
}

/** The options by which a second factor may come without a terminal. */
export function codeOptions(prefix = ''): readonly OptionSpec[] {
  return secretOptions(`${prefix}code`, 'a code of your authenticator app, or a recovery code,');
}

/** Asks for a second factor, when the server demands it. */
export function createAskCode({ options, prompt }: Invocation, prefix = ''): () => Promise<string> {
  const message = 'Code of your authenticator app, or a recovery code';
  return () => prompt.askSecret(message, readSecretSource(options, `${prefix}code`), `${prefix}code`);
}

/** Who does it: by options, the address of the last login to this server, or asked at the terminal. */
export async function askPerson(invocation: Invocation, prefix = ''): Promise<LogInWords> {
  const { options, prompt, environment } = invocation;
  const { base } = await connectForLogin(invocation);
  const kept = (await readCredentials(environment.configDir)).find((login) => login.base === base);
  const email =
    options.text(`${prefix}email`) ?? kept?.email ?? (await prompt.askText('Your e-mail address', `--${prefix}email`));
  const source = readSecretSource(options, `${prefix}password`);
  const password = await prompt.askSecret('Your own password', source, `${prefix}password`);
  return { email, password, askCode: createAskCode(invocation, prefix) };
}

/** Does `work` in a session of that person, which ends with it. */
export async function withPerson<T>(
  invocation: Invocation,
  words: LogInWords,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(await connectForLogin(invocation), words);
  return work(session).finally(() => session.close());
}

/** The options of `requestProven`. */
export function proofOptions(): readonly OptionSpec[] {
  return [...secretOptions('password', 'your own password, asked of people and not of keys,'), ...codeOptions()];
}

/** A POST that keys and certificates may make as they are, and a person who is logged in with their password typed again. */
export async function requestProven(
  invocation: Invocation,
  client: Client,
  { path, body }: { readonly path: string; readonly body?: JsonObject },
): Promise<JsonObject> {
  if (!client.isPerson) return client.request('POST', path, { body });
  const source = readSecretSource(invocation.options, 'password');
  const password = await invocation.prompt.askSecret('Your own password', source, 'password');
  const send = (factor: JsonObject) => client.request('POST', path, { body: { ...body, password, ...factor } });
  try {
    return await send({});
  } catch (error) {
    // Only the server knows whether one was given lately.
    if (!(error instanceof ServerRefusal) || error.problem.rule !== 'second-factor-missing') throw error;
    return send(factorOf(await createAskCode(invocation)()));
  }
}
