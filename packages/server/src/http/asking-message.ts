/** A request whose short body is a question (RFC 6960, appendix A.1): read without the turns that a stream takes. */
import { IncomingMessage } from 'node:http';

/** What takes the body. */
type TakeBody = (body: Uint8Array<ArrayBuffer>) => void;

const askingType = 'application/ocsp-request';
const maxAskingBytes = 1024;

/** Whether it is a POST that only asks, and can be answered like a GET. */
export function isAsking(request: IncomingMessage): request is AskingMessage {
  const { method, headers } = request;
  if (method !== 'POST' || headers['content-type'] !== askingType) return false;
  const length = Number(headers['content-length']);
  return length > 0 && length <= maxAskingBytes && request instanceof AskingMessage;
}

/** Behaves as any request, until somebody asks for its body in one piece. */
export class AskingMessage extends IncomingMessage {
  #take: TakeBody | undefined;
  #gathered: Uint8Array = new Uint8Array();
  #isTaken = false;

  /** Hands the whole body to `take` as soon as it is here: call it before any of it can be. */
  gather(take: TakeBody): void {
    this.#take = take;
  }

  /** The HTTP parser's: chunks of the body as they come, then null. */
  override push(chunk: Uint8Array | null, encoding?: BufferEncoding): boolean {
    const take = this.#take;
    if (take === undefined) return super.push(chunk, encoding);
    if (chunk !== null) {
      this.#gathered = this.#gathered.length === 0 ? chunk : Buffer.concat([this.#gathered, chunk]);
      return true;
    }
    this.#take = undefined;
    this.#isTaken = true;
    take(new Uint8Array(this.#gathered));
    return true;
  }

  /** What has been taken is not there to be read to its end. */
  override resume(): this {
    return this.#isTaken ? this : super.resume();
  }

  /** Gives the request on with its body where the application's adaptor looks first. */
  release(): void {
    this.#isTaken = false;
    Object.assign(this, { rawBody: Buffer.from(this.#gathered) });
    super.push(null);
  }
}
