/** Limit of characters of a value in an error message. */
const maxLength = 40;

/** Formats a value for an error message, on one line. */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(cut(value));
    case 'bigint':
      // Conversion to decimal takes quadratic time.
      return value >> 256n === (value < 0n ? -1n : 0n) ? `${cut(String(value))}n` : 'a huge bigint';
    case 'symbol':
      return cut(String(value));
    case 'function':
      return 'a function';
    case 'object':
      return value === null ? 'null' : showObject(value);
    default:
      return Object.is(value, -0) ? '-0' : String(value);
  }
}

/** Formats the type of a value that error messages must not contain. */
export function showSecret(value: unknown): string {
  if (typeof value === 'string') return `a string of ${value.length} characters`;
  if (value === undefined || typeof value === 'object') return show(value);
  return `a ${typeof value}`;
}

function showObject(value: object): string {
  if (value instanceof Uint8Array) return `a Uint8Array of ${value.length} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return 'an object';
}

function cut(text: string): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}
