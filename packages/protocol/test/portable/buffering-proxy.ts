/** Debian's nginx before a server, holding back whatever it can: buffers and compression on, and the server's word against it ignored. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { chooseFreePort } from '../free-port.ts';

const program = '/usr/sbin/nginx';

/** Why there is no proxy, or `false`. Under CI=true that is no excuse. */
export function findMissingProxy(): string | false {
  if (existsSync(program)) return false;
  if (process.env.CI === 'true') throw new Error(`expected ${program} under CI=true`);
  return `${program} is not installed`;
}

/** Runs `work` with a proxy before the server at `base`; one with nginx's own defaults when it `heeds` what the server says. */
export async function withBufferingProxy(
  base: string,
  work: (proxy: string) => Promise<void>,
  { heeds = false }: { heeds?: boolean } = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-proxy-'));
  const port = await chooseFreePort();
  await writeFile(join(folder, 'nginx.conf'), formatConfiguration({ folder, port, base, heeds }));
  const child = spawn(program, ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')], {
    stdio: 'ignore',
  });
  try {
    await waitForAnswer(`http://127.0.0.1:${port}/`, child);
    await work(`http://127.0.0.1:${port}`);
  } finally {
    const ended = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  }
}

interface ProxyChoice {
  readonly folder: string;
  readonly port: number;
  readonly base: string;
  readonly heeds: boolean;
}

function formatConfiguration({ folder, port, base, heeds }: ProxyChoice): string {
  const holding = `
    location / { proxy_pass ${base}; proxy_http_version 1.1; proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; }
    gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any; gzip_http_version 1.0; postpone_output 65536;`;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 64; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    ${heeds ? `location / { proxy_pass ${base}; }` : holding}
  }
}
`;
}

async function waitForAnswer(url: string, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response) return;
    await setTimeout(20);
  }
}
