/** A number of a JSON text, without rounding. */
export class JsonNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Members of an object in the order of the text; the last of equal names counts. */
type JsonObject = ReadonlyMap<string, Json>;

export type Json = null | boolean | string | JsonNumber | JsonObject | readonly Json[];

/** Thrown for a text that is not JSON; the message names line and column. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
}

/** Maximum depth of nested objects and arrays. */
const maxDepth = 100;

/**
 * Reads a JSON text (RFC 8259). Unlike `JSON.parse` it does not round numbers.
 *
 * @throws JsonTextError
 */
export function parseJsonText(text: string): Json {
  return new JsonTextReader(text).read();
}

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
const words: Readonly<Record<string, Json>> = { true: true, false: false, null: null };

class JsonTextReader {
  readonly #text: string;
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Json {
    const value = this.#value();
    this.#skipSpace();
    if (this.#position < this.#text.length) throw this.#unexpected('the end of the file');
    return value;
  }

  #value(): Json {
    this.#skipSpace();
    switch (this.#text[this.#position]) {
      case '{':
        return this.#nested(() => this.#object());
      case '[':
        return this.#nested(() => this.#array());
      case '"':
        return this.#string();
      default: {
        const digits = this.#match(number);
        if (digits !== undefined) return new JsonNumber(digits);
        const name = this.#match(word);
        if (name !== undefined) return words[name] as Json;
        throw this.#unexpected('a value');
      }
    }
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > maxDepth) throw this.#error(`nested more than ${maxDepth} levels deep`);
    this.#position++;
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const members = new Map<string, Json>();
    if (this.#take('}')) return members;
    do {
      this.#skipSpace();
      if (this.#text[this.#position] !== '"') throw this.#unexpected('a name in double quotes');
      const name = this.#string();
      if (!this.#take(':')) throw this.#unexpected('":"');
      members.set(name, this.#value());
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#unexpected('"," or "}"');
    return members;
  }

  #array(): readonly Json[] {
    const items: Json[] = [];
    if (this.#take(']')) return items;
    do items.push(this.#value());
    while (this.#take(','));
    if (!this.#take(']')) throw this.#unexpected('"," or "]"');
    return items;
  }

  #string(): string {
    const start = this.#position;
    let end = start;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end === -1) throw this.#error('a text that begins here has no closing quote');
    } while (this.#isEscaped(end));
    const token = this.#text.slice(start, end + 1);
    let value: string;
    try {
      value = JSON.parse(token) as string;
    } catch {
      throw this.#error('a text that begins here has a control character or an unknown escape');
    }
    this.#position = end + 1;
    return value;
  }

  /** Whether there is an odd number of backslashes before a position. */
  #isEscaped(position: number): boolean {
    let start = position;
    while (this.#text[start - 1] === '\\') start--;
    return (position - start) % 2 === 1;
  }

  #skipSpace(): void {
    this.#match(space);
  }

  #take(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#position] !== character) return false;
    this.#position++;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const [token] = pattern.exec(this.#text) ?? [];
    this.#position += token?.length ?? 0;
    return token;
  }

  #unexpected(expected: string): JsonTextError {
    const character = this.#text[this.#position];
    if (character === undefined) return this.#error(`expected ${expected}, but the file ends`);
    const code = character.charCodeAt(0);
    const shown =
      code > 0x20 && code < 0x7f ? `'${character}'` : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
    return this.#error(`expected ${expected}, not ${shown}`);
  }

  #error(reason: string): JsonTextError {
    const before = this.#text.slice(0, this.#position);
    const line = before.split('\n').length;
    const column = this.#position - before.lastIndexOf('\n');
    return new JsonTextError(`line ${line}, column ${column}: ${reason}`);
  }
}
