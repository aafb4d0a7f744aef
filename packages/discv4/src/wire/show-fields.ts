import { toHex } from '@devp2p/bytes';
import { formatIp } from '@devp2p/ip';

/** Converts a value for JSON: an IP address to text, other bytes to hex, bigints to decimal. */
function plain(value: unknown, name = ''): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) {
    const isAddress = name === 'ip' && (value.length === 4 || value.length === 16);
    return isAddress ? formatIp(value) : toHex(value);
  }
  if (Array.isArray(value)) return value.map((item) => plain(item));
  return typeof value === 'object' && value !== null ? plainFields(value) : value;
}

function plainFields(object: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, plain(value, name)]));
}

const descriptors: PropertyDescriptorMap = {
  toJSON: {
    value(this: object) {
      return plainFields(this);
    },
  },
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(this: object, _depth: number, options: object, inspect: (value: unknown, o: object) => string) {
      return inspect(plainFields(this), options);
    },
  },
};

/**
 * Makes `JSON.stringify` and `console.log` print the bytes and bigints of an object as text; JSON rejects bigints
 * otherwise. The added properties are not enumerable, so that loops, copies and comparisons do not see them.
 */
export function showFields<T extends object>(object: T): T {
  return Object.defineProperties(object, descriptors);
}
