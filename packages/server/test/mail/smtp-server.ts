/** A small server of mail for tests (RFC 5321): it keeps what it takes, and says no where it is told to. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { promisify } from 'node:util';

/** A key and its certificate in PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/** How it behaves; changing it counts from the next command on. */
export interface SmtpBehaviour {
  /** `starttls`: takes nothing before TLS. */
  security: 'none' | 'starttls' | 'tls';
  /** Answers by the command's first word, in place of the usual one. */
  answers: Readonly<Record<string, string>>;
}

/** A message as it came. */
interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly isEncrypted: boolean;
  /** The log-in, decoded: `\0user\0password`. */
  readonly login: string | undefined;
}

/** The server. */
export interface SmtpServer {
  readonly port: number;
  readonly taken: TakenMail[];
  readonly behaviour: SmtpBehaviour;
  close(): Promise<void>;
}

/** Opens it on a free port of this machine. */
export async function openSmtpServer(
  behaviour: SmtpBehaviour = { security: 'none', answers: {} },
  certificate?: ServerCertificate,
): Promise<SmtpServer> {
  const taken: TakenMail[] = [];
  const sockets = new Set<Socket>();
  const start = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    converse(socket, { behaviour, certificate, taken });
  };
  const server =
    behaviour.security === 'tls' && certificate ? createTlsServer({ ...certificate }, start) : createServer(start);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    ...{ taken, behaviour, port: typeof address === 'object' && address !== null ? address.port : 0 },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A certificate for `localhost` that nobody knows. */
export async function issueCertificate(): Promise<ServerCertificate> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-days', '2'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, ...names, '-keyout', key, '-out', cert]);
  const pair = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  await rm(folder, { recursive: true });
  return pair;
}

interface Conversation {
  readonly behaviour: SmtpBehaviour;
  readonly certificate: ServerCertificate | undefined;
  readonly taken: TakenMail[];
}

function converse(socket: Socket, parts: Conversation, isGreeted = false): void {
  const { behaviour, certificate, taken } = parts;
  const isEncrypted = socket instanceof TLSSocket;
  const say = (text: string) => socket.write(`${text}\r\n`);
  let [buffer, from, to, login, isData] = ['', '', [] as string[], undefined as string | undefined, false];
  const hear = (line: string) => {
    const word = line.split(' ', 1)[0]?.toUpperCase() ?? '';
    const told = behaviour.answers[word];
    if (told !== undefined) return say(told);
    if (word === 'EHLO')
      return say(
        `250-localhost\r\n250-AUTH PLAIN${behaviour.security === 'starttls' && !isEncrypted ? '\r\n250-STARTTLS' : ''}\r\n250 OK`,
      );
    if (word === 'STARTTLS' && certificate) {
      say('220 go ahead');
      socket.removeAllListeners('data');
      const secure = new TLSSocket(socket, { isServer: true, ...certificate });
      secure.on('error', () => undefined);
      return converse(secure, parts, true);
    }
    if (behaviour.security === 'starttls' && !isEncrypted && word !== 'QUIT') return say('530 TLS first');
    if (word === 'AUTH') login = Buffer.from(line.split(' ')[2] ?? '', 'base64').toString();
    if (word === 'AUTH') return say('235 welcome');
    if (word === 'MAIL') from = line;
    if (word === 'RCPT') to.push(line);
    if (word === 'DATA') isData = true;
    if (word === 'DATA') return say('354 go on');
    return say(word === 'QUIT' ? '221 bye' : '250 OK');
  };
  const take = (stuffed: string) => {
    // RFC 5321, 4.5.2.
    const raw = stuffed.replaceAll('\r\n..', '\r\n.');
    isData = false;
    const told = behaviour.answers['.'];
    if (told === undefined) taken.push({ from, to, raw, isEncrypted, login });
    to = [];
    say(told ?? '250 taken');
  };
  socket.on('data', (bytes: Buffer) => {
    buffer += bytes.toString();
    for (;;) {
      const end = buffer.indexOf(isData ? '\r\n.\r\n' : '\r\n');
      if (end === -1) return;
      const text = buffer.slice(0, end);
      buffer = buffer.slice(end + (isData ? 5 : 2));
      if (isData) take(text);
      else hear(text);
    }
  });
  if (!isGreeted) say('220 localhost');
}
