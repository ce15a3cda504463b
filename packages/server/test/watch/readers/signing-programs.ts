/** GnuPG, minisign and signify, which sign files for the tests in a folder of their own. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why they cannot run, or `false`. Under CI=true a missing program is no excuse. */
export function findMissingSigners(): string | false {
  const missing = ['gpg', 'minisign', 'signify-openbsd'].filter((name) => spawnSync(name, ['-v']).error);
  if (missing.length === 0) return false;
  if (process.env.CI === 'true') throw new Error(`expected ${missing.join(', ')} to be installed under CI=true`);
  return `${missing.join(', ')} are not installed`;
}

/** A publisher who signs. */
export interface SigningPrograms {
  /** A program that git takes for gpg. */
  readonly gpg: string;
  /** Makes a key of OpenPGP, and gives its file. */
  makePgpKey(name: string): Uint8Array<ArrayBuffer>;
  signByPgp(name: string, file: Uint8Array): Uint8Array<ArrayBuffer>;
  /** Makes a key of minisign, and gives its file. */
  makeMinisignKey(name: string): Uint8Array<ArrayBuffer>;
  signByMinisign(name: string, file: Uint8Array, ...how: readonly string[]): Uint8Array<ArrayBuffer>;
  makeSignifyKey(name: string): Uint8Array<ArrayBuffer>;
  signBySignify(name: string, file: Uint8Array): Uint8Array<ArrayBuffer>;
  stop(): void;
}

/** Opens a folder for them. */
export function openSigningPrograms(): SigningPrograms {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-signers-'));
  const path = (name: string) => join(folder, name);
  const run = (program: string, ...args: readonly string[]) => execFileSync(program, args, { stdio: 'pipe' });
  const quiet = ['--homedir', folder, '--batch', '--yes', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', ''];
  const runGpg = (...args: readonly string[]) => new Uint8Array(run('gpg', ...quiet, ...args));
  const read = (name: string) => new Uint8Array(readFileSync(path(name)));
  writeFileSync(path('gpg'), `#!/bin/sh\nexec gpg ${quiet.map((word) => `'${word}'`).join(' ')} "$@"\n`, {
    mode: 0o700,
  });
  return {
    gpg: path('gpg'),
    makePgpKey: (name) => {
      runGpg('--quick-generate-key', `${name} <${name}@mail.example>`, 'ed25519', 'sign', 'never');
      return runGpg('--armor', '--export', `${name}@mail.example`);
    },
    signByPgp: (name, file) => {
      writeFileSync(path('file'), file);
      return runGpg('--local-user', `${name}@mail.example`, '--armor', '--output', '-', '--detach-sign', path('file'));
    },
    makeMinisignKey: (name) => {
      run('minisign', '-G', '-W', '-f', '-p', path(`${name}.pub`), '-s', path(`${name}.key`));
      return read(`${name}.pub`);
    },
    signByMinisign: (name, file, ...how) => {
      writeFileSync(path('file'), file);
      run('minisign', '-S', ...how, '-s', path(`${name}.key`), '-m', path('file'), '-x', path('signature'));
      return read('signature');
    },
    makeSignifyKey: (name) => {
      run('signify-openbsd', '-G', '-n', '-p', path(`${name}.pub`), '-s', path(`${name}.sec`));
      return read(`${name}.pub`);
    },
    signBySignify: (name, file) => {
      writeFileSync(path('file'), file);
      run('signify-openbsd', '-S', '-s', path(`${name}.sec`), '-m', path('file'), '-x', path('signature'));
      return read('signature');
    },
    stop: () => {
      spawnSync('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
