/** A NATS server with JetStream for tests: on loopback, in a temporary folder, gone when this process is. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseFreePort } from '../../../../protocol/test/free-port.ts';
import { waitUntil } from '../../../../protocol/test/wait-until.ts';

const program = '/usr/sbin/nats-server';

/** Whether Debian's package is installed. */
export const hasNats: boolean = existsSync(program);

/** A server that can be taken away and brought back, with what it had or without. */
export class NatsServer {
  readonly url: string;
  readonly #port: number;
  #folder: string;
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.#port = port;
    this.#folder = folder;
    this.url = `nats://127.0.0.1:${port}`;
  }

  static async start(): Promise<NatsServer> {
    const server = new NatsServer(await chooseFreePort(), await mkdtemp(join(tmpdir(), 'signpost-nats-')));
    await server.resume();
    return server;
  }

  /** Starts it again on what it had stored. */
  async resume(): Promise<void> {
    const words = ['-js', '-sd', this.#folder, '-a', '127.0.0.1', '-p', String(this.#port)];
    const child = spawn(program, words, { stdio: 'ignore', env: {} });
    process.once('exit', () => child.kill('SIGKILL'));
    this.#child = child;
    await waitUntil('nats-server to answer', async () => {
      if (child.exitCode !== null) throw new Error(`nats-server ended with ${child.exitCode}`);
      const socket = connect(this.#port, '127.0.0.1');
      try {
        await once(socket, 'connect');
        return true;
      } catch {
        return false;
      } finally {
        socket.destroy();
      }
    });
  }

  /** SIGKILL: no farewell to anybody. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** Forgets everything; to be resumed. */
  async wipe(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
    this.#folder = await mkdtemp(join(tmpdir(), 'signpost-nats-'));
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
