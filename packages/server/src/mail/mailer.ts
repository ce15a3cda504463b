/** Hands messages to one server of mail (RFC 5321), over TLS that is checked (RFC 8314) unless it is on this machine. */
import { readFile } from 'node:fs/promises';
import type { NodemailerError } from 'nodemailer';
import type { SmtpServer } from '../config-values.ts';
import { parseMailAddress } from './address.ts';

/** A message to one recipient. */
interface MailMessage {
  /** Tells it from others; the same one when it is sent again. */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  /** Plain text; lines end in LF. */
  readonly text: string;
  readonly at: number;
}

/** What became of it. `reason`: a code of the connection or of the server's answer, no word of anybody. */
export type MailOutcome =
  | { readonly kind: 'taken' }
  /** The server will never take it. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'put-off'; readonly reason: string };

/** Sends mail. */
export interface Mailer {
  /** Never throws for what the network or the server does, but for `signal`; a TypeError for an address or subject of more than one line. */
  send(message: MailMessage, signal: AbortSignal): Promise<MailOutcome>;
}

/** Where mail goes, and who sends it. */
export interface MailSettings {
  readonly server: SmtpServer;
  readonly from: string;
  /** Its first line is read for each message, so that a new password needs no restart. */
  readonly passwordFile: string | undefined;
}

const waitMs = { connectionTimeout: 15_000, greetingTimeout: 15_000, socketTimeout: 30_000, dnsTimeout: 15_000 };
const limitMs = 90_000;

/** The mailer of `settings`. Nothing is opened before a message is sent. */
export function createMailer({ server, from, passwordFile }: MailSettings): Mailer {
  return {
    send: async (message, signal) => {
      const mail = writeMail(from, message);
      const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
      try {
        // Most servers send none.
        const { createTransport } = await import('nodemailer');
        const transport = createTransport({ ...transportOf(server), ...(await readLogin(server, passwordFile)) });
        const closing = () => transport.close();
        limit.addEventListener('abort', closing, { once: true });
        await transport.sendMail({ ...mail, signal: limit }).finally(() => limit.removeEventListener('abort', closing));
        return { kind: 'taken' };
      } catch (error) {
        signal.throwIfAborted();
        return judge(error);
      }
    },
  };
}

function transportOf({ host, port, security }: SmtpServer) {
  return {
    ...{ host, port, secure: security === 'tls', requireTLS: security === 'starttls', ignoreTLS: security === 'none' },
    ...{ ...waitMs, tls: { minVersion: 'TLSv1.2' as const, rejectUnauthorized: true } },
    ...{ disableFileAccess: true, disableUrlAccess: true, logger: false },
  };
}

async function readLogin({ user }: SmtpServer, passwordFile: string | undefined) {
  if (user === undefined || passwordFile === undefined) return {};
  const [pass = ''] = (await readFile(passwordFile, 'utf8')).split(/\r?\n/, 1);
  return { auth: { user, pass } };
}

/** What goes to the library. Its own care for headers comes on top. */
function writeMail(from: string, { id, to, subject, text, at }: MailMessage) {
  if (parseMailAddress(to) === undefined) throw new TypeError('expected the address of one recipient');
  if (!/^[\x20-\x7e]{1,200}$/.test(subject)) throw new TypeError('expected a subject of one line in ASCII');
  return {
    ...{ from: { name: 'Signpost', address: from }, to: { name: '', address: to }, envelope: { from, to: [to] } },
    ...{ subject, text, date: new Date(at), messageId: `<${id}@${from.slice(from.lastIndexOf('@') + 1)}>` },
    // RFC 3834, 5: nobody's holiday is to answer this.
    headers: { 'Auto-Submitted': 'auto-generated' },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  };
}

/** Words of the server are not taken over: it might repeat what it was told. */
function judge(error: unknown): MailOutcome {
  const { code, responseCode, permanent, originalCode } = error as Partial<NodemailerError>;
  const parts = [code, originalCode, responseCode].filter((part) => /^[\w-]{1,40}$/.test(String(part ?? '')));
  const reason = parts.join(' ') || 'unknown';
  // A log-in that is refused is no fault of the message.
  const isFinal = permanent === true && (code === 'EENVELOPE' || code === 'EMESSAGE');
  return { kind: isFinal ? 'refused' : 'put-off', reason };
}
