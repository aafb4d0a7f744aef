import { mutateBytes, mutateJson, mutateRlp, mutateText } from './mutate.ts';
import type { Random } from './random.ts';

export type Input = Uint8Array | string;

/** A decoder with its inputs and its documented errors. */
export interface Target<T = unknown> {
  readonly name: string;
  /** Valid contents, the origin of all mutations. */
  readonly corpus: readonly Input[];
  /** Format of the contents, so that a mutation can change one field. */
  readonly structure: 'bytes' | 'rlp' | 'text' | 'json';
  /** Keywords of the language of a text. */
  readonly words?: readonly string[];
  /** Adds the signature or checksum without which the decoder would refuse every mutation at once. */
  readonly seal?: (content: never, random: Random) => Input;
  /** @throws one of `errors` */
  readonly decode: (input: never) => T | Promise<T>;
  /** The documented error classes of the decoder. */
  readonly errors: readonly (new (
    ...args: never[]
  ) => Error)[];
  /** `undefined` for values that cannot be encoded. */
  readonly encode?: (value: T) => Input | undefined;
  /** Whether a value has one encoding only, so that encoding it gives the input. */
  readonly isCanonical?: boolean;
  /** Checks a decoded value. @throws Error when it is invalid */
  readonly check?: (value: T, input: Input) => void;
}

/** Checks that the types of a target's parts agree, and erases them. */
export function target<T, C extends Input = Uint8Array, I extends Input = C>(
  parts: Omit<Target<T>, 'corpus' | 'seal' | 'decode'> & {
    readonly corpus: readonly C[];
    readonly seal?: (content: C, random: Random) => I;
    readonly decode: (input: I) => T | Promise<T>;
  },
): Target {
  return parts as unknown as Target;
}

/** A content, made from one or two others. */
export function mutate({ structure, words = [' '] }: Target, corpus: readonly Input[], random: Random): Input {
  let content = random.pick(corpus);
  const rounds = 1 + random.below(random.oneIn(4) ? 6 : 2);
  for (let round = 0; round < rounds; round++) {
    if (typeof content === 'string') {
      const change = structure === 'json' ? mutateJson : mutateText;
      content = change(content, words, random);
    } else {
      const change = structure === 'rlp' ? mutateRlp : mutateBytes;
      content = change(content, random.pick(corpus) as Uint8Array, random);
    }
  }
  return content;
}

/** Random bytes. */
export function anything({ structure }: Target, random: Random): Input {
  const bytes = random.bytes(random.below(random.oneIn(8) ? 2_000 : 200));
  return structure === 'bytes' || structure === 'rlp' ? bytes : Buffer.from(bytes).toString('utf8');
}
