/** The passphrase of a root, typed for one operation. */

/** What was typed so far. It leaves the page's state as it is sent, and is typed again for another attempt. */
export interface TypedPassphrase {
  value: string;
  /** Hands it out, and forgets it. */
  take(): string;
}

/** Where a passphrase is typed. */
export function createPassphrase(): TypedPassphrase {
  let typed = $state('');
  return {
    get value() {
      return typed;
    },
    set value(text) {
      typed = text;
    },
    take() {
      const taken = typed;
      typed = '';
      return taken;
    },
  };
}
