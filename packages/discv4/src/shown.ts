import { formatIp, toHex } from '@devp2p/enr';

/** A value for JSON: an IP address as text, other bytes as hex, bigints in decimal. */
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
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [name, plain(value, name)]),
  );
}

const shown: PropertyDescriptorMap = {
  toJSON: {
    value(this: object) {
      return plainFields(this);
    },
  },
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(
      this: object,
      _depth: number,
      options: object,
      inspect: (value: unknown, o: object) => string,
    ) {
      return inspect(plainFields(this), options);
    },
  },
};

/**
 * Has `JSON.stringify` and `console.log` show an object with text for bytes and bigints, of which JSON refuses the
 * latter. What does that is not seen by loops, copies and comparisons.
 */
export function showFields<T extends object>(object: T): T {
  return Object.defineProperties(object, shown);
}
