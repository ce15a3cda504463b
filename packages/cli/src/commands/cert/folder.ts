/** The files of one certificate in a folder: `key.pem`, `request.pem`, `cert.pem`, `chain.pem`, `fullchain.pem`. */
import { mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createFileAtomically, errorCodeOf, writeFileAtomically } from '../../files/atomic-write.ts';
import { type JsonObject, textOf } from '../../http/answer.ts';
import { Failure } from '../../terminal/failure.ts';

/** Writes a new key, readable for its owner alone. Throws Failure when there is one already: it may be in use. */
export async function writeNewKey(folder: string, pem: string): Promise<string> {
  const path = join(folder, 'key.pem');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await createFileAtomically(path, pem, 0o600).catch((cause) => {
    if (errorCodeOf(cause) !== 'EEXIST') throw cause;
    throw new Failure('refused', `${path} exists already`, {
      hint: `--key ${path} uses it again, or choose another folder with --out`,
      cause,
    });
  });
  return path;
}

/** Takes a key away for which no certificate was given. */
export async function removeKey(path: string): Promise<void> {
  await unlink(path);
}

/** Writes a request. */
export async function writeRequest(folder: string, pem: string): Promise<string> {
  return writeOne(folder, 'request.pem', pem);
}

/** Writes certificate, chain and both together, as servers want them. Returns the paths. */
export async function writeCertificate(folder: string, answer: JsonObject): Promise<readonly string[]> {
  const certificate = textOf(answer, 'certificate');
  const chain = textOf(answer, 'chain');
  return [
    await writeOne(folder, 'cert.pem', certificate),
    await writeOne(folder, 'chain.pem', chain),
    await writeOne(folder, 'fullchain.pem', `${certificate}${chain}`),
  ];
}

async function writeOne(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFileAtomically(path, text, 0o644);
  return path;
}
