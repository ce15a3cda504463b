/** A WebSocket without a network, for tests of what a subscription says and hears. */

/** What is sent is kept, and a test says what comes. */
export class TestSocket extends EventTarget {
  /** All that were opened since a test began. */
  static opened: TestSocket[] = [];
  readonly url: string;
  readonly sent: string[] = [];

  constructor(url: string) {
    super();
    this.url = url;
    TestSocket.opened.push(this);
    queueMicrotask(() => this.dispatchEvent(new Event('open')));
  }

  send(text: string): void {
    this.sent.push(text);
  }

  /** A message of the server. */
  hear(text: string): void {
    this.dispatchEvent(new MessageEvent('message', { data: text }));
  }

  close(): void {
    this.dispatchEvent(new CloseEvent('close', { code: 3001 }));
  }
}
