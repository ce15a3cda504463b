/** openssl, GnuTLS and python3-cryptography about many things at once: a process for each thing would take minutes. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { encodePem } from '@signpost/protocol/asn1/pem';
import type { Party } from './party.ts';

/** A folder of files for programs to read. */
export interface Desk {
  /** Writes PEM blocks of one label and returns the path. */
  write(name: string, label: string, blocks: readonly { readonly bytes: Uint8Array }[]): string;
}

/** A desk in `folder`. */
export function openDesk(folder: string): Desk {
  return {
    write: (name, label, blocks) => {
      const path = join(folder, name);
      writeFileSync(path, blocks.map(({ bytes }) => encodePem(label, bytes)).join(''));
      return path;
    },
  };
}

/** What a program said, both outputs together. */
export interface Verdict {
  readonly status: number;
  readonly text: string;
}

/** Runs a program to its end, at most four minutes, with `input`. */
export function ask(program: string, args: readonly string[], input = ''): Promise<Verdict> {
  return new Promise((resolve) => {
    const options = { timeout: 240_000, maxBuffer: 64 * 1024 * 1024 };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const status = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
      resolve({ status, text: `${stdout}${stderr}` });
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** `judge` for each item, a few at a time, in order. */
export async function askForEach<T, R>(
  items: readonly T[],
  judge: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const verdicts: R[] = [];
  const queue = [...items.entries()];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) verdicts[next[0]] = await judge(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, work));
  return verdicts;
}

/** A certificate and those above it, the root last. */
export function listChain(party: Party): readonly Party[] {
  return party.issuer ? [party, ...listChain(party.issuer)] : [party];
}

/** Facts of DER things as python3-cryptography reads them, one process for all. Anything that it cannot read is an `error`. */
export const factsScript = `
import base64, json, sys
from cryptography import x509
from cryptography.x509 import ocsp
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
def when(t): return t.isoformat() + '.000Z'
def extensions(e): return [[x.oid.dotted_string, x.critical] for x in e]
def certificate(b):
    c = x509.load_der_x509_certificate(b)
    names = []
    try:
        san = c.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [[type(n).__name__, str(n.value)] for n in san]
    except x509.ExtensionNotFound: pass
    spki = c.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {'serial': '%x' % c.serial_number, 'from': when(c.not_valid_before), 'to': when(c.not_valid_after),
        'subject': [[a.oid.dotted_string, a.value] for a in c.subject], 'issuer': [[a.oid.dotted_string, a.value] for a in c.issuer],
        'extensions': extensions(c.extensions), 'names': names, 'key': base64.b64encode(spki).decode(),
        'signature': base64.b64encode(c.signature).decode(), 'signed': base64.b64encode(c.tbs_certificate_bytes).decode()}
def crl(b):
    c = x509.load_der_x509_crl(b)
    return {'from': when(c.last_update), 'to': when(c.next_update), 'number': c.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number,
        'entries': [['%x' % r.serial_number, when(r.revocation_date)] for r in c]}
def answer(b):
    r = ocsp.load_der_ocsp_response(b)
    return {'status': r.certificate_status.name.lower(), 'serial': '%x' % r.serial_number,
        'from': when(r.this_update), 'to': when(r.next_update)}
kinds = {'certificate': certificate, 'crl': crl, 'answer': answer}
def read(one):
    try: return kinds[one[0]](base64.b64decode(one[1]))
    except Exception as error: return {'error': repr(error)}
json.dump([read(one) for one in json.load(sys.stdin)], sys.stdout)
`;
