/**
 * The process that parses a plugin with a PHP of a certain version, in WebAssembly: nothing of the plugin runs, its files are only taken
 * apart by the real parser. Reads its order from standard input, answers on standard output.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { loadPHPRuntime, PHP, type PHPLoaderModule } from '@php-wasm/universal';
import type { PhpVersion } from '../../../config-values.ts';
import { type FatalError, parseFatalError } from './fatal-error.ts';
import type { ParseAnswer, ParseOrder, SyntaxFault } from './order.ts';

const builds: Readonly<Record<PhpVersion, () => Promise<{ getPHPLoaderModule: () => Promise<PHPLoaderModule> }>>> = {
  '5.2': () => import('@php-wasm/node-5-2'),
  '7.4': () => import('@php-wasm/node-7-4'),
  '8.0': () => import('@php-wasm/node-8-0'),
  '8.1': () => import('@php-wasm/node-8-1'),
  '8.2': () => import('@php-wasm/node-8-2'),
  '8.3': () => import('@php-wasm/node-8-3'),
  '8.4': () => import('@php-wasm/node-8-4'),
  '8.5': () => import('@php-wasm/node-8-5'),
};

/** A class alone may hold what only the compiler refuses; the parser's own errors come as exceptions (PHP 7 and later). */
const parseProgram = `<?php
try { token_get_all(file_get_contents('/file.php'), TOKEN_PARSE); echo 'null'; }
catch (Error $error) { echo json_encode(array($error->getLine(), $error->getMessage())); }`;
const versionProgram = '<?php echo PHP_VERSION;';
const unknownFault: FatalError = { line: 1, message: 'the file cannot be parsed' };

process.stdout.write(JSON.stringify(await answer(JSON.parse(await text(process.stdin)) as ParseOrder)));

async function answer({ version, folder, paths }: ParseOrder): Promise<ParseAnswer> {
  let php = await openPhp(version);
  if (!php) return { outcome: 'missing' };
  const faults: SyntaxFault[] = [];
  for (const path of paths) {
    php.writeFile('/file.php', await readFile(join(folder, path)));
    const fault = await parseFile(php);
    if (fault) faults.push({ path, line: fault.line, message: fault.message });
    // Nobody knows what is left of one that did not say itself what was wrong.
    if (fault === unknownFault) php = (await openPhp(version)) ?? php;
  }
  const { text: exact } = await php.run({ code: versionProgram });
  return { outcome: 'parsed', version: exact, faults };
}

async function openPhp(version: PhpVersion): Promise<PHP | undefined> {
  try {
    const { getPHPLoaderModule } = await builds[version]();
    return new PHP(await loadPHPRuntime(await getPHPLoaderModule(), { processId: 1 }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function parseFile(php: PHP): Promise<FatalError | undefined> {
  try {
    const { text: output } = await php.run({ code: parseProgram });
    const fault = JSON.parse(output) as [number, string] | null;
    return fault ? { line: fault[0], message: fault[1] } : undefined;
  } catch (error) {
    return parseFatalError(String(error)) ?? unknownFault;
  }
}
