/** What is used of WordPress Playground: its own declarations do not resolve as ECMAScript modules do. */

declare module '@php-wasm/universal' {
  /** A build of PHP, before it is started. */
  export interface PHPLoaderModule {
    readonly dependencyFilename: string;
  }

  /** Starts a build; the number names the runtime to be used. */
  export function loadPHPRuntime(loader: PHPLoaderModule, options: { readonly processId: number }): Promise<number>;

  /** A PHP with files of its own in memory. */
  export class PHP {
    constructor(runtime: number);
    writeFile(path: string, content: Uint8Array): void;
    run(request: { readonly code: string }): Promise<{ readonly text: string }>;
  }
}

/** One PHP each; all but one are installed by whoever wants them. */
declare module '@php-wasm/node-*' {
  export function getPHPLoaderModule(): Promise<import('@php-wasm/universal').PHPLoaderModule>;
}
