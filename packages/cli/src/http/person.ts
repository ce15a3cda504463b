/** An admin in person: what a key or a kept login must not be enough for asks for the address and password of somebody. */
import { type Invocation, type OptionSpec, readSecretSource, secretOptions } from '../command.ts';
import { connectForLogin } from './connect.ts';
import { readCredentials } from './credentials.ts';
import { openSession, type Session } from './session.ts';

/** Somebody's address and password, as they were given. */
export interface PersonProof {
  readonly email: string;
  readonly password: string;
}

/** The options of `askPerson`; `prefix` is for commands that are about another person (`admin-`). */
export function personOptions(prefix = ''): readonly OptionSpec[] {
  return [
    { flags: `--${prefix}email <address>`, text: 'who you are (an admin); the last login otherwise' },
    ...secretOptions(`${prefix}password`, 'your own password'),
  ];
}

/** Who does it: by options, the address of the last login to this server, or asked at the terminal. */
export async function askPerson(invocation: Invocation, prefix = ''): Promise<PersonProof> {
  const { options, prompt, environment } = invocation;
  const { base } = await connectForLogin(invocation);
  const kept = (await readCredentials(environment.configDir)).find((login) => login.base === base);
  const email =
    options.text(`${prefix}email`) ?? kept?.email ?? (await prompt.askText('Your e-mail address', `--${prefix}email`));
  const source = readSecretSource(options, `${prefix}password`);
  return { email, password: await prompt.askSecret('Your own password', source, `${prefix}password`) };
}

/** Does `work` in a session of that person, which ends with it. */
export async function withPerson<T>(
  invocation: Invocation,
  { email, password }: PersonProof,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(await connectForLogin(invocation), email, password);
  return work(session).finally(() => session.close());
}
