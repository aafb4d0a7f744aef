import { mutateBytes, mutateJson, mutateRlp, mutateText } from './mutate.ts';
import type { Random } from './random.ts';

export type Input = Uint8Array | string;

/** A decoder, what it is given, and what may come of it. */
export interface Target<T = unknown> {
  readonly name: string;
  /** Valid contents, from which others are made. */
  readonly corpus: readonly Input[];
  /** What contents consist of, so that a change can be one of a field. */
  readonly structure: 'bytes' | 'rlp' | 'text' | 'json';
  /** What means something in the language of a text. */
  readonly words?: readonly string[];
  /** Puts around a content what would end the decoder's work at once if it were wrong: a signature, a checksum. */
  readonly seal?: (content: never, random: Random) => Input;
  /** @throws one of `errors` */
  readonly decode: (input: never) => T | Promise<T>;
  /** The classes of error that the decoder documents. */
  readonly errors: readonly (new (
    ...args: never[]
  ) => Error)[];
  /** `undefined` for values that cannot be written. */
  readonly encode?: (value: T) => Input | undefined;
  /** Whether what is decoded has one encoding only, so that the input comes back. */
  readonly isCanonical?: boolean;
  /** What must hold of a value. @throws what does not */
  readonly check?: (value: T, input: Input) => void;
}

/** Keeps the types of a target's parts in step, and forgets them. */
export function target<T, C extends Input = Uint8Array, I extends Input = C>(
  parts: Omit<Target<T>, 'corpus' | 'seal' | 'decode'> & {
    readonly corpus: readonly C[];
    readonly seal?: (content: C, random: Random) => I;
    readonly decode: (input: I) => T | Promise<T>;
  },
): Target {
  return parts as unknown as Target;
}

/** Another content, made of one or two others. */
export function mutate(
  { structure, words = [' '] }: Target,
  corpus: readonly Input[],
  random: Random,
): Input {
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

/** Anything whatever. */
export function anything({ structure }: Target, random: Random): Input {
  const bytes = random.bytes(random.below(random.oneIn(8) ? 2_000 : 200));
  return structure === 'bytes' || structure === 'rlp' ? bytes : Buffer.from(bytes).toString('utf8');
}
