/** Strict JSON of documents that others wrote (RFC 8259): any number, any key; no key twice, bounded in every direction. */
import { parseText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';

/** Any JSON value. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object. Read it with `readMember`: a name such as `constructor` is inherited where it is absent. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** How much is read before it is refused. */
export interface JsonLimits {
  /** Bytes of UTF-8. */
  readonly maxBytes: number;
  /** Arrays and objects that a value may stand in. Default 128. */
  readonly maxDepth?: number;
  /** Values in the whole document. Default 10 million. */
  readonly maxValues?: number;
}

/**
 * Parses UTF-8 JSON, with or without a byte order mark. Throws `too_large` above a limit; `malformed` for what is no JSON, and for
 * duplicate keys, the key `__proto__`, numbers beyond a double, U+0000 and lone surrogates in text.
 */
export function parseForeignJson(bytes: Uint8Array, limits: JsonLimits): JsonValue {
  const { maxBytes } = limits;
  if (bytes.length > maxBytes)
    throw new TrustError('too_large', `expected at most ${maxBytes} bytes, got ${bytes.length}`);
  const text = parseText(bytes);
  return new Reader(text.startsWith('\ufeff') ? text.slice(1) : text, limits).readAll();
}

/** Whether `value` is an object, neither `null` nor an array. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member `name` of `object` itself; `undefined`: it has none. */
export function readMember(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

class Reader {
  readonly #text: string;
  readonly #maxDepth: number;
  #valuesLeft: number;
  #position = 0;

  constructor(text: string, { maxDepth = 128, maxValues = 10_000_000 }: JsonLimits) {
    this.#text = text;
    this.#maxDepth = maxDepth;
    this.#valuesLeft = maxValues;
  }

  readAll(): JsonValue {
    const value = this.#readValue(0);
    this.#skipSpace();
    if (this.#position !== this.#text.length) throw this.#unexpected('the end');
    return value;
  }

  #readValue(depth: number): JsonValue {
    if (depth > this.#maxDepth) throw new TrustError('too_large', `expected at most ${this.#maxDepth} levels of JSON`);
    if (this.#valuesLeft-- <= 0) throw new TrustError('too_large', 'expected fewer values in the JSON document');
    this.#skipSpace();
    switch (this.#text.charCodeAt(this.#position)) {
      case 0x7b:
        return this.#readObject(depth);
      case 0x5b:
        return this.#readArray(depth);
      case 0x22:
        return this.#readString();
      case 0x74:
        return this.#readWord('true', true);
      case 0x66:
        return this.#readWord('false', false);
      case 0x6e:
        return this.#readWord('null', null);
      default:
        return this.#readNumber();
    }
  }

  #readObject(depth: number): JsonObject {
    const object: Record<string, JsonValue> = {};
    this.#position++;
    if (this.#accept('}')) return object;
    do {
      this.#skipSpace();
      const key = this.#readKey(object);
      if (!this.#accept(':')) throw this.#unexpected('":"');
      object[key] = this.#readValue(depth + 1);
    } while (this.#accept(','));
    if (!this.#accept('}')) throw this.#unexpected('"}"');
    return object;
  }

  #readKey(object: Record<string, JsonValue>): string {
    if (this.#text.charCodeAt(this.#position) !== 0x22) throw this.#unexpected('a key');
    const key = this.#readString();
    // Assigning it would set the prototype and lose the member.
    if (key === '__proto__') throw new TrustError('malformed', 'expected no key "__proto__"');
    if (Object.hasOwn(object, key)) {
      throw new TrustError('malformed', `expected each key once, got ${JSON.stringify(key.slice(0, 100))} twice`);
    }
    return key;
  }

  #readArray(depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    this.#position++;
    if (this.#accept(']')) return items;
    do items.push(this.#readValue(depth + 1));
    while (this.#accept(','));
    if (!this.#accept(']')) throw this.#unexpected('"]"');
    return items;
  }

  #readString(): string {
    const start = this.#position;
    let escaped = false;
    for (;;) {
      this.#position++;
      const unit = this.#text.charCodeAt(this.#position);
      if (Number.isNaN(unit) || unit < 0x20) throw this.#unexpected('a closed string');
      if (unit === 0x22) break;
      if (unit !== 0x5c) continue;
      escaped = true;
      this.#position++;
    }
    this.#position++;
    return escaped ? this.#unescape(start) : this.#text.slice(start + 1, this.#position - 1);
  }

  #unescape(start: number): string {
    const text = this.#parseNative(this.#text.slice(start, this.#position));
    if (!text.isWellFormed() || text.includes('\0')) {
      throw new TrustError('malformed', 'expected text without U+0000 and lone surrogates');
    }
    return text;
  }

  #parseNative(quoted: string): string {
    try {
      return JSON.parse(quoted) as string;
    } catch (cause) {
      throw new TrustError('malformed', 'expected a JSON string', { cause });
    }
  }

  #readNumber(): number {
    const pattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
    pattern.lastIndex = this.#position;
    const digits = pattern.exec(this.#text)?.[0];
    if (digits === undefined) throw this.#unexpected('a value');
    this.#position += digits.length;
    const value = Number(digits);
    if (!Number.isFinite(value)) throw new TrustError('malformed', 'expected a number within the range of a double');
    return value;
  }

  #readWord<T extends JsonValue>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#position)) throw this.#unexpected('a value');
    this.#position += word.length;
    return value;
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#position);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#position++;
    }
  }

  #accept(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  #unexpected(expected: string): TrustError {
    return new TrustError('malformed', `expected ${expected} at character ${this.#position}`);
  }
}
