/** Reads variables of the environment, and collects whatever is wrong with them. */
import { Expectation, type Parse } from './config-values.ts';

/** Every problem of the settings at once. Names variables and what was expected, never values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings are not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** The variables of the environment; an empty one counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that the server reads. */
export interface Variable {
  readonly name: string;
  readonly isSet: boolean;
  /** Undefined where it is not set, or where nobody decided that it is shown. */
  readonly value: string | undefined;
}

/** Reads variables, and remembers which. A problem is collected, not thrown: `assertSound` tells all of them. */
export class Reader {
  readonly environment: Environment;
  readonly #problems: string[] = [];
  readonly #names = new Set<string>();
  readonly #shown = new Set<string>();

  constructor(env: Environment) {
    this.environment = env;
  }

  /** Reads what nobody is shown. */
  read<T, Fallback>(name: string, parse: Parse<T>, fallback: Fallback): T | Fallback {
    this.#names.add(name);
    const text = this.environment[name]?.trim();
    if (text === undefined || text === '') return fallback;
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof Expectation)) throw error;
      this.#problems.push(`${name}: expected ${error.message}`);
      return fallback;
    }
  }

  /** Reads what admins are shown: by decision, since no address of a service, which may name a user, and no secret may be among it. */
  readShown<T, Fallback>(name: string, parse: Parse<T>, fallback: Fallback): T | Fallback {
    this.#shown.add(name);
    return this.read(name, parse, fallback);
  }

  /** Whether anything was said, sound or not. */
  isSet(name: string): boolean {
    return (this.environment[name]?.trim() ?? '') !== '';
  }

  /** Adds a problem that no variable has by itself. */
  complain(problem: string): void {
    this.#problems.push(problem);
  }

  /** The variables that were asked for. */
  listRead(): Variable[] {
    return [...this.#names].map((name) => {
      const isSet = this.isSet(name);
      return { name, isSet, value: isSet && this.#shown.has(name) ? this.environment[name]?.trim() : undefined };
    });
  }

  /** The variables that are set and were not asked for, by name. */
  listUnread(): string[] {
    return Object.keys(this.environment)
      .filter((name) => !this.#names.has(name) && this.isSet(name))
      .sort();
  }

  assertSound(): void {
    if (this.#problems.length > 0) throw new ConfigError(this.#problems);
  }
}
