/** Files for the commands about evidence: an artifact, bundles over it, the trusted root of the instance of the tests. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issuer, describeTrustedRoot as root, subject } from '../../../protocol/test/sigstore/instance.ts';
import { artifact, type BundleJson, mint } from '../../../protocol/test/sigstore/minted.ts';
import { createWorkplace, type Ending } from '../support/run.ts';

/** The identity of the usual signer, as options of the command. */
export const identityWords: readonly string[] = [
  ...['--certificate-identity', subject],
  ...['--certificate-oidc-issuer', issuer],
];

/** The same as a policy in YAML. */
export const identityPolicy: string = `identities:\n  - issuer: ${issuer}\n    subject: ${subject}\n`;

/** A folder with `tool`, a good bundle over it in `tool.bundle`, and `root.json`. */
export async function createEvidence(ending: Ending): Promise<{ readonly cwd: string }> {
  const cwd = await createWorkplace(ending);
  await writeFile(join(cwd, 'tool'), artifact);
  await writeJson(join(cwd, 'tool.bundle'), await mint());
  await writeJson(join(cwd, 'root.json'), root());
  await writeFile(join(cwd, 'signers.yaml'), identityPolicy);
  return { cwd };
}

/** Writes a document. */
export async function writeJson(path: string, document: BundleJson | Readonly<Record<string, unknown>>): Promise<void> {
  await writeFile(path, JSON.stringify(document));
}
