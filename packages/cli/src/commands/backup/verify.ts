/** `signpost backup verify` and `signpost backup drill`: what a backup is worth, without touching a server. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type CommandSpec, type Invocation, type OptionSpec, readArgument } from '../../command.ts';
import type { Client } from '../../http/client.ts';
import { connectAuthenticated } from '../../http/connect.ts';
import type { Answer } from '../../terminal/output.ts';
import { environmentOf, untilInterrupted } from '../server/server-package.ts';
import { openerOptions, readOpener } from './words.ts';

const tellOption: OptionSpec = {
  flags: '--tell',
  text: 'tell the server that made it, whose figures and alerts go by it',
};

/** `signpost backup verify`. */
export const backupVerify: CommandSpec = {
  words: 'backup verify',
  arguments: '<file>',
  summary: 'Prove a backup: archive, digests, schema, foreign keys, audit chain; nothing is restored',
  options: [...openerOptions, tellOption],
  examples: ['signpost backup verify signpost-backup-2026-11-21.zip.age --identity signpost-backup-key.txt'],
  run: verify,
};

/** `signpost backup drill`. */
export const backupDrill: CommandSpec = {
  words: 'backup drill',
  arguments: '<file>',
  summary: 'Restore a backup into a scratch folder and look at every release, certificate and audit row',
  details: [
    'The scratch folder is made where TMPDIR says and removed at the end. Exits with 4 when something is wrong.',
  ],
  options: [...openerOptions, tellOption],
  examples: ['signpost backup drill signpost-backup-2026-11-21.zip.age --identity signpost-backup-key.txt'],
  run: drill,
};

async function verify(invocation: Invocation): Promise<Answer> {
  const path = readArgument(invocation, 0);
  const client = await connectToTell(invocation);
  const opener = await readOpener(invocation, path);
  const { verifyBackup } = await import('@signpost/server/backup/offline');
  const report = (step: { stage: string; done: number; total: number }) => showStep(invocation, step);
  const manifest = await untilInterrupted(invocation, (signal) =>
    verifyBackup(environmentOf(invocation), path, { opener, report, signal }),
  );
  const { members: _, ...document } = manifest;
  const told = await tell(client, path, { drilled: false });
  return {
    document,
    lines: [
      `Made ${manifest.made_at} by version ${manifest.server_version}: ${manifest.rows} rows, ${manifest.blobs} files.`,
      `Everything is as the manifest says; the audit chain holds up to row ${manifest.audit.sequence}.`,
      ...told,
    ],
  };
}

async function drill(invocation: Invocation): Promise<Answer> {
  const path = readArgument(invocation, 0);
  const client = await connectToTell(invocation);
  const opener = await readOpener(invocation, path);
  const { drillBackup } = await import('@signpost/server/backup/offline');
  const report = (step: { stage: string; done: number; total: number }) => showStep(invocation, step);
  const result = await untilInterrupted(invocation, (signal) =>
    drillBackup(environmentOf(invocation), path, { opener, report, signal }),
  );
  const { files, manifests, certificates, auditRows, findings } = result;
  const document = {
    made_at: result.manifest.made_at,
    files,
    manifests,
    certificates,
    audit_rows: auditRows,
    findings,
  };
  const lines = [
    `Restored the backup of ${result.manifest.made_at} and looked at ${files} files, ${manifests} signed manifests, ${certificates} certificates, ${auditRows} audit rows.`,
  ];
  if (findings.length === 0) {
    return { document, lines: [...lines, 'Nothing is wrong.', ...(await tell(client, path, { drilled: true }))] };
  }
  return { document, lines: [...lines, ...findings], reason: 'unverified' };
}

/** Before the work, which may take long and then be told nobody. */
async function connectToTell(invocation: Invocation): Promise<Client | undefined> {
  return invocation.options.flag('tell') ? connectAuthenticated(invocation) : undefined;
}

async function tell(client: Client | undefined, path: string, found: { drilled: boolean }): Promise<readonly string[]> {
  if (!client) return [];
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const body = { sha256: hash.digest('hex'), ...found };
  const { name } = await client.request('POST', '/api/backups/verified', { body });
  return [`The server was told that ${name} is good.`];
}

/** A step of taking a backup apart. */
export function showStep({ progress }: Invocation, step: { stage: string; done: number; total: number }): void {
  progress.update(step.stage, step.done, step.total, step.stage === 'audit' ? 'steps' : 'bytes');
}
