/** What a certificate is to be for, as options: names, subject, profile. */
import type { OptionSpec, Options } from '../../command.ts';
import { Failure } from '../../terminal/failure.ts';

/** Options that name hosts, addresses, mailboxes and places. */
export const nameOptions: readonly OptionSpec[] = [
  { flags: '--dns <host>', text: 'a host name, or *.host for all directly below', repeatable: true },
  { flags: '--ip <address>', text: 'an address', repeatable: true },
  { flags: '--email <mailbox>', text: 'a mailbox', repeatable: true },
  { flags: '--uri <uri>', text: 'an absolute URI', repeatable: true },
  {
    flags: '--subject <TYPE=text>',
    text: 'a part of the subject, such as CN=host.example or O=Example',
    repeatable: true,
  },
];

/** Key types that `--key-type` takes. */
export const keyTypes: readonly string[] = [
  ...['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'rsa-2048', 'rsa-3072', 'rsa-4096', 'ed25519'],
];

/** The alternative names given, as `dns:host.example`. */
export function readNames(options: Options): readonly string[] {
  return ['dns', 'ip', 'email', 'uri'].flatMap((kind) => options.texts(kind).map((text) => `${kind}:${text}`));
}

/** The subject given; where none is, the first host stands as its common name, for programs that look there. */
export function readSubjectOption(options: Options): Readonly<Record<string, string>> {
  const pairs = options.texts('subject').map((text) => {
    const [, type, value] = /^([A-Za-z]+)=(.+)$/.exec(text) ?? [];
    if (type === undefined || value === undefined) {
      throw new Failure('usage', `expected --subject to be such as CN=host.example, got "${text}"`);
    }
    return [type, value] as const;
  });
  if (new Set(pairs.map(([type]) => type)).size < pairs.length) {
    throw new Failure('usage', 'expected each part of the subject once');
  }
  const [host] = options.texts('dns');
  return pairs.length === 0 && host !== undefined && host.length <= 64 ? { CN: host } : Object.fromEntries(pairs);
}
