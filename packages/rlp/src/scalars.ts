import { integer } from '@devp2p/options';
import { bitsRule, check, limitRule } from './check-options.ts';
import type { Codec } from './codec.ts';
import { RlpError } from './error.ts';

/**
 * A canonical unsigned integer as a `number`.
 *
 * @param bits its width; from 53 on the limit is `Number.MAX_SAFE_INTEGER`. Larger values, on
 * the wire or given, are `out-of-range`.
 * @throws RlpError `invalid-option`, as all functions here that make a codec
 */
export function uint(bits: number): Codec<number> {
  check.value('bits', bits, bitsRule);
  const max = bits >= 53 ? Number.MAX_SAFE_INTEGER : 2 ** bits - 1;
  return {
    read: (reader) => reader.uint(max),
    write(writer, value) {
      if (!(Number.isSafeInteger(value) && value >= 0 && value <= max)) {
        if (typeof value !== 'number') throw wrongType('number');
        throw new RlpError('out-of-range', `${value} is not an integer of 0 to ${max}`);
      }
      writer.uint(value);
    },
  };
}

/** A canonical unsigned integer of at most `bits` bits as a `bigint`; `out-of-range` beyond. */
export function bigint(bits: number): Codec<bigint> {
  check.value('bits', bits, bitsRule);
  const maxBytes = Math.ceil(bits / 8);
  const limit = 1n << BigInt(bits);
  return {
    read(reader) {
      const start = reader.position;
      const value = reader.bigint(maxBytes);
      if (bits % 8 !== 0 && value >= limit) {
        throw new RlpError('out-of-range', `integer wider than ${bits} bits`, start);
      }
      return value;
    },
    write(writer, value) {
      if (typeof value !== 'bigint') throw wrongType('bigint');
      if (value < 0n || value >= limit) {
        throw new RlpError('out-of-range', `${value} is not an integer of ${bits} bits`);
      }
      writer.bigint(value);
    },
  };
}

/** A byte string, of exactly `length` bytes if one is given (`wrong-length` otherwise). */
export function bytes(length?: number): Codec<Uint8Array> {
  if (length === undefined) return anyBytes;
  check.value('length', length, integer(0));
  return {
    read: (reader) => reader.fixed(length),
    write(writer, value) {
      if (!(value instanceof Uint8Array)) throw wrongType('Uint8Array');
      if (value.length !== length) {
        throw new RlpError('wrong-length', `${value.length} bytes instead of ${length}`);
      }
      writer.string(value);
    },
  };
}

const anyBytes: Codec<Uint8Array> = {
  read: (reader) => reader.string(),
  write(writer, value) {
    if (!(value instanceof Uint8Array)) throw wrongType('Uint8Array');
    writer.string(value);
  },
};

/** A byte string of at most `max` bytes; `too-long` beyond. */
export function bytesUpTo(max: number): Codec<Uint8Array> {
  check.value('max', max, limitRule);
  return {
    read(reader) {
      const start = reader.position;
      const value = reader.string();
      if (value.length > max) throw tooLong(value.length, max, start);
      return value;
    },
    write(writer, value) {
      if (!(value instanceof Uint8Array)) throw wrongType('Uint8Array');
      if (value.length > max) throw tooLong(value.length, max);
      writer.string(value);
    },
  };
}

/** The integers 0 and 1 (0x80 and 0x01); `invalid-boolean` for all else. */
export const boolean: Codec<boolean> = {
  read(reader) {
    const start = reader.position;
    const length = reader.stringHeader();
    if (length === 0) return false;
    if (length > 1 || reader.byte() !== 1) {
      throw new RlpError('invalid-boolean', 'neither 0 nor 1', start);
    }
    return true;
  },
  write(writer, value) {
    if (typeof value !== 'boolean') throw wrongType('boolean');
    writer.byte(value ? 0x01 : 0x80);
  },
};

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Text as UTF-8, of at most `maxBytes` bytes (`too-long` beyond). Malformed UTF-8, and when
 * encoding half a surrogate pair, is `invalid-text`: every text comes back as it was.
 */
export function text(maxBytes: number): Codec<string> {
  check.value('maxBytes', maxBytes, limitRule);
  return {
    read(reader) {
      const start = reader.position;
      const content = reader.string();
      if (content.length > maxBytes) throw tooLong(content.length, maxBytes, start);
      try {
        return strictUtf8.decode(content);
      } catch (cause) {
        throw new RlpError('invalid-text', 'malformed UTF-8', start, { cause });
      }
    },
    write(writer, value) {
      if (typeof value !== 'string') throw wrongType('string');
      if (/\p{Surrogate}/u.test(value)) throw new RlpError('invalid-text', 'lone surrogate');
      const content = utf8.encode(value);
      if (content.length > maxBytes) throw tooLong(content.length, maxBytes);
      writer.string(content);
    },
  };
}

function wrongType(wanted: string): RlpError {
  return new RlpError('invalid-value', `not a ${wanted}`);
}

function tooLong(length: number, max: number, offset?: number): RlpError {
  return new RlpError('too-long', `${length} bytes, more than ${max}`, offset);
}
