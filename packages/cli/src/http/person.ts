/** An admin in person: what a key or a kept login must not be enough for asks for the address and password of somebody, and their second factor. */
import { type Invocation, type OptionSpec, readSecretSource, secretOptions } from '../command.ts';
import { connectForLogin } from './connect.ts';
import { readCredentials } from './credentials.ts';
import { type LogInWords, openSession, type Session } from './session.ts';

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
