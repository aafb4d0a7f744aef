import { func } from '@devp2p/options';
import { check, codecRule } from './check-options.ts';
import type { Codec } from './codec.ts';
import { RlpError } from './error.ts';

/**
 * Codec that converts the values of another codec. An error of either function, unless it is an {@link RlpError}, becomes
 * the `cause` of an `invalid-value`.
 *
 * @throws {@link RlpError} `invalid-option`
 */
export function map<A, B>(codec: Codec<A>, decode: (value: A) => B, encode: (value: B) => A): Codec<B> {
  check.value('codec', codec, codecRule);
  check.value('decode', decode, func);
  check.value('encode', encode, func);
  return {
    read(reader) {
      const start = reader.position;
      const value = codec.read(reader);
      try {
        return decode(value);
      } catch (error) {
        throw invalidValue(error, start);
      }
    },
    write(writer, value) {
      let inner: A;
      try {
        inner = encode(value);
      } catch (error) {
        throw invalidValue(error);
      }
      codec.write(writer, inner);
    },
  };
}

function invalidValue(error: unknown, offset?: number): RlpError {
  if (error instanceof RlpError) return error;
  const detail = error instanceof Error ? error.message : 'invalid value';
  return new RlpError('invalid-value', detail, offset, { cause: error });
}
