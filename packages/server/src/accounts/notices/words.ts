/** The words of mails about one's own account: plain text, without secrets, and without links to anything but the server itself. */
import type { AccountChange, AccountNotice } from './queue.ts';

/** What happened, as the subject says it. */
const subjects: Readonly<Record<AccountChange, string>> = {
  'person.password_changed': 'Your password was changed',
  'person.factors_reset': 'Your second factors were taken away',
  'totp.enrolled': 'An authenticator app was added to your account',
  'totp.removed': 'The authenticator app was removed from your account',
  'passkey.registered': 'A passkey was added to your account',
  'passkey.removed': 'A passkey was removed from your account',
  'passkey.suspended': 'A passkey of yours was copied, and is suspended',
  'recovery_codes.made': 'New recovery codes were made for your account',
  'recovery_code.used': 'A recovery code of yours was used',
};

/** What follows from it, where the subject does not say it. */
const consequences: Readonly<Partial<Record<AccountChange, string>>> = {
  'person.factors_reset':
    'App, passkeys and recovery codes hold no more: the password alone lets you in. Add new ones.',
  'totp.removed': 'Its codes hold no more.',
  'passkey.suspended': 'It signs nobody in any more, neither you nor whoever has the copy. Remove it, and add another.',
  'recovery_codes.made': 'The ones before hold no more.',
};

/** Subject and text. */
export function composeNotice(
  { change, at }: Pick<AccountNotice, 'change' | 'at'>,
  { email, baseUrl }: { readonly email: string; readonly baseUrl: string | undefined },
): { subject: string; text: string } {
  const server = baseUrl === undefined ? 'a Signpost server' : `the Signpost server ${baseUrl}`;
  const consequence = consequences[change];
  const lines = [
    `${subjects[change]}: ${email}, on ${server}, at ${new Date(at).toISOString()}.`,
    ...(consequence === undefined ? [] : [consequence]),
    '',
    'If that was you, nothing is to be done. If it was not, somebody has your password or sits at a session of yours: sign in,',
    'end the sessions that you do not know, change the password, and tell an administrator at once.',
  ];
  return { subject: `[Signpost] ${subjects[change]}`, text: `${lines.join('\n')}\n` };
}
