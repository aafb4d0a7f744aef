import { integer } from '@devp2p/options';
import { bitsRule, check, limitRule } from './check-options.ts';
import type { Codec } from './codec.ts';
import { RlpError } from './error.ts';

/**
 * Codec for unsigned integers as `number`.
 *
 * @param bits width; from 53 bits the limit is `Number.MAX_SAFE_INTEGER`. Larger values are `out-of-range`, when decoding
 * and when encoding.
 * @throws {@link RlpError} `invalid-option`, as all functions that create a codec
 */
export function uint(bits: number): Codec<number> {
  check.value('bits', bits, bitsRule);
  const max = bits >= 53 ? Number.MAX_SAFE_INTEGER : 2 ** bits - 1;
  return {
    read: (reader) => reader.uint(max),
    write(writer, value) {
      if (!(Number.isSafeInteger(value) && value >= 0 && value <= max)) {
        if (typeof value !== 'number') throw wrongType('number');
        throw new RlpError('out-of-range', `${value} is not an integer from 0 to ${max}`);
      }
      writer.uint(value);
    },
  };
}

/** Codec for unsigned integers of up to `bits` bits as `bigint`; larger ones are `out-of-range`. */
export function bigint(bits: number): Codec<bigint> {
  check.value('bits', bits, bitsRule);
  const maxBytes = Math.ceil(bits / 8);
  const limit = 1n << BigInt(bits);
  return {
    read(reader) {
      const start = reader.position;
      const value = reader.bigint(maxBytes);
      if (bits % 8 !== 0 && value >= limit) {
        throw new RlpError('out-of-range', `integer has more than ${bits} bits`, start);
      }
      return value;
    },
    write(writer, value) {
      if (typeof value !== 'bigint') throw wrongType('bigint');
      if (value < 0n || value >= limit) {
        throw new RlpError('out-of-range', `${value} is not an unsigned integer of ${bits} bits`);
      }
      writer.bigint(value);
    },
  };
}

/** Codec for byte strings, of exactly `length` bytes if it is given; others are `wrong-length`. */
export function bytes(length?: number): Codec<Uint8Array> {
  if (length === undefined) return anyBytes;
  check.value('length', length, integer(0));
  return {
    read: (reader) => reader.fixed(length),
    write(writer, value) {
      if (!(value instanceof Uint8Array)) throw wrongType('Uint8Array');
      if (value.length !== length) {
        throw new RlpError('wrong-length', `string has ${value.length} bytes, expected ${length}`);
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

/** Codec for byte strings of up to `max` bytes; longer ones are `too-long`. */
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

/** Codec for booleans as the integers 0 and 1 (0x80 and 0x01); others are `invalid-boolean`. */
export const boolean: Codec<boolean> = {
  read(reader) {
    const start = reader.position;
    const length = reader.stringHeader();
    if (length === 0) return false;
    if (length > 1 || reader.byte() !== 1) {
      throw new RlpError('invalid-boolean', 'boolean is neither 0 nor 1', start);
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
 * Codec for text of up to `maxBytes` bytes of UTF-8; longer text is `too-long`. Malformed UTF-8, and lone surrogates when
 * encoding, are `invalid-text`, so that decoding restores every encoded text.
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
      if (/\p{Surrogate}/u.test(value)) throw new RlpError('invalid-text', 'text has a lone surrogate');
      const content = utf8.encode(value);
      if (content.length > maxBytes) throw tooLong(content.length, maxBytes);
      writer.string(content);
    },
  };
}

function wrongType(wanted: string): RlpError {
  return new RlpError('invalid-value', `value is not a ${wanted}`);
}

function tooLong(length: number, max: number, offset?: number): RlpError {
  return new RlpError('too-long', `string has ${length} bytes, more than ${max}`, offset);
}
