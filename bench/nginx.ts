/** The peer of the download: nginx with one worker and `sendfile`, serving one folder. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseFreePort } from '../packages/protocol/test/free-port.ts';
import { waitForAnswer } from '../test/programs/answer.ts';
import { stopChild } from './stop-child.ts';

/** A running nginx. */
export interface Nginx {
  readonly base: string;
  stop(): Promise<void>;
}

/** Serves `folder`, with its own files in `scratch`. Throws when nginx is not installed. */
export async function startNginx(folder: string, scratch: string): Promise<Nginx> {
  const port = await chooseFreePort();
  await mkdir(scratch, { recursive: true });
  const configuration = join(scratch, 'nginx.conf');
  await writeFile(configuration, formatConfiguration({ folder, scratch, port }));
  const child = spawn('nginx', ['-c', configuration, '-p', scratch, '-e', join(scratch, 'error.log')], {
    stdio: 'inherit',
  });
  const base = `http://127.0.0.1:${port}`;
  await Promise.race([waitForAnswer(base), failOnExit(child)]);
  return { base, stop: () => stopChild(child) };
}

function formatConfiguration({ folder, scratch, port }: { folder: string; scratch: string; port: number }): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `
daemon off;
${user}
worker_processes 1;
pid ${scratch}/nginx.pid;
error_log ${scratch}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  default_type application/octet-stream;
  client_body_temp_path ${scratch}/body;
  proxy_temp_path ${scratch}/proxy;
  fastcgi_temp_path ${scratch}/fastcgi;
  uwsgi_temp_path ${scratch}/uwsgi;
  scgi_temp_path ${scratch}/scgi;
  server { listen 127.0.0.1:${port}; root ${folder}; }
}
`;
}

function failOnExit(child: ChildProcess): Promise<never> {
  return new Promise((_, reject) => {
    child.once('error', (cause) => reject(new Error('nginx cannot be started: scripts/install-services', { cause })));
    child.once('exit', (code) => reject(new Error(`nginx ended with ${code}`)));
  });
}
