/** Authorities made by openssl, to be taken over. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What openssl made: texts in PEM. */
export interface ForeignAuthorities {
  readonly rootKey: string;
  readonly root: string;
  readonly subKey: string;
  readonly sub: string;
  /** The intermediate's key under the password `file password`. */
  readonly lockedKey: string;
  /** The same key in the form of SEC 1. */
  readonly oldKey: string;
  /** Key, certificate and root, under the password `file password`. */
  readonly pkcs12: Uint8Array<ArrayBuffer>;
  /** A server certificate and key by the intermediate. */
  readonly server: string;
  readonly serverKey: string;
}

const run = promisify(execFile);
const password = 'pass:file password';

/** Makes a root, an intermediate and a server. */
export async function createForeignAuthorities(): Promise<ForeignAuthorities> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  const openssl = (...words: string[]) => run('openssl', words, { cwd: folder });
  const read = (name: string) => readFile(join(folder, name), 'latin1');
  const key = (name: string) => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', name];
  const authority = [
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  ];
  try {
    const self = ['req', '-x509', ...key('root.key'), '-subj', '/O=Foreign/CN=Foreign Root', ...authority];
    await openssl(...self, '-days', '3650', '-out', 'root.pem');
    await openssl('req', '-new', ...key('sub.key'), '-subj', '/O=Foreign/CN=Foreign Sub', '-out', 'sub.csr');
    await openssl('req', '-new', ...key('srv.key'), '-subj', '/CN=host.example', '-out', 'srv.csr');
    await writeFile(join(folder, 'sub.ext'), subExtensions);
    await writeFile(join(folder, 'srv.ext'), serverExtensions);
    const by = (name: string) => ['-CA', `${name}.pem`, '-CAkey', `${name}.key`, '-CAcreateserial', '-days', '1000'];
    await openssl('x509', '-req', '-in', 'sub.csr', ...by('root'), '-extfile', 'sub.ext', '-out', 'sub.pem');
    await openssl('x509', '-req', '-in', 'srv.csr', ...by('sub'), '-extfile', 'srv.ext', '-out', 'srv.pem');
    await openssl('pkcs8', '-topk8', '-in', 'sub.key', '-passout', password, '-out', 'locked.key');
    await openssl('ec', '-in', 'sub.key', '-out', 'old.key');
    const whole = ['-inkey', 'sub.key', '-in', 'sub.pem', '-certfile', 'root.pem'];
    await openssl('pkcs12', '-export', ...whole, '-passout', password, '-out', 'sub.p12');
    return {
      ...{ rootKey: await read('root.key'), root: await read('root.pem') },
      ...{ subKey: await read('sub.key'), sub: await read('sub.pem') },
      ...{ lockedKey: await read('locked.key'), oldKey: await read('old.key') },
      ...{ pkcs12: new Uint8Array(await readFile(join(folder, 'sub.p12'))) },
      ...{ server: await read('srv.pem'), serverKey: await read('srv.key') },
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const identifiers = 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n';
const subExtensions = `basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n${identifiers}`;
const serverExtensions = `basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:host.example\n${identifiers}`;
