/** Who opens streams at a path: found once by the application, then asked by the socket itself. */
import type { ServerResponse } from 'node:http';

/** A stream that a stranger asks for. */
interface StreamRequest {
  /** What follows the question mark. */
  readonly query: string;
  readonly lastEventId: string | undefined;
  /** The client as limits count it. */
  readonly client: string;
}

/** Opens a stream on a response, with the headers in `names and values in turn`. */
type OpenStream = (response: ServerResponse, headers: readonly string[]) => void;

/** Opens streams that anybody may have. */
export interface DirectStream {
  /** Counted as this one, which the role table names. */
  readonly route: string;
  readonly headers: readonly (readonly [string, string])[];
  /** How the stream is opened, now or never; undefined where something must be waited for or refused, which the application does. */
  prepare(request: StreamRequest): OpenStream | undefined;
}
