import { parseArgs } from 'node:util';
import type { BaseFlag } from './flag.ts';
import { didYouMean, UsageError } from './usage-error.ts';

/** A flag on the command line. */
export interface WrittenFlag {
  /** Its value; `true` or `false` for a switch. */
  readonly text: string;
  /** The flag as it was written, for errors: `--port` or `--no-authrpc`. */
  readonly where: string;
}

/**
 * Splits a command line into words and flags. Values are not parsed.
 *
 * @throws UsageError for an unknown or repeated flag, a missing value, or a value of a switch that takes none
 */
export function readFlags<Name extends string>(
  args: readonly string[],
  flags: Readonly<Record<Name, BaseFlag>>,
): { readonly words: string[]; readonly written: Map<Name, WrittenFlag> } {
  const names = Object.keys(flags) as Name[];
  const find = (word: string): Name | undefined => names.find((name) => name === word);
  const findNegated = (word: string): Name | undefined => {
    const name = word.startsWith('no-') ? find(word.slice(3)) : undefined;
    return name !== undefined && flags[name].negatable ? name : undefined;
  };
  const options = Object.fromEntries(
    names.map((name) => {
      const { value, short } = flags[name];
      const type = value === undefined ? ('boolean' as const) : ('string' as const);
      return [name, short === undefined ? { type } : { type, short }];
    }),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const words: string[] = [];
  const written = new Map<Name, WrittenFlag>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const typed = (args[token.index] ?? token.rawName).split('=', 1)[0] ?? '';
    const negated = findNegated(token.name);
    const name = negated ?? find(token.name);
    if (name === undefined || (!typed.startsWith('--') && typed.length > 2)) {
      const candidates = names.flatMap((known) =>
        flags[known].negatable ? [`--${known}`, `--no-${known}`] : [`--${known}`],
      );
      const word = `--${typed.replace(/^-+/, '')}`;
      throw new UsageError(`unknown flag ${typed}; ${didYouMean(word, candidates, '--help lists all flags')}`);
    }
    const flag = flags[name];
    const where = `--${token.name}`;
    if (negated !== undefined && token.value !== undefined) {
      throw new UsageError(`${where} takes no value`);
    }
    // A value that looks like a flag is one: "--datadir --log.json" lacks a directory. A negative number is a value.
    const isFlag = token.inlineValue === false && /^-[^\d]/.test(token.value);
    if (flag.value !== undefined && (token.value === undefined || isFlag)) {
      throw new UsageError(`${where} needs a value: ${where} ${flag.value}`);
    }
    const before = written.get(name);
    if (before !== undefined && !flag.many) {
      throw new UsageError(
        before.where === where ? `${where} is repeated` : `${before.where} and ${where} exclude each other`,
      );
    }
    const text = token.value ?? String(negated === undefined);
    written.set(name, { text: before === undefined ? text : `${before.text},${text}`, where });
  }
  return { words, written };
}
