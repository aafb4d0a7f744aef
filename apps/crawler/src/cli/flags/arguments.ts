import { parseArgs } from 'node:util';
import {
  type ChainSettings,
  type CheckSettings,
  type CrawlSettings,
  checkFlags,
  crawlFlags,
  type ExportSettings,
  exportFlags,
  type Flag,
  type Flags,
} from './flags.ts';
import { didYouMean, UsageError } from './usage-error.ts';
import { parseNode, quote } from './values.ts';

/** A parsed command line. */
export type Invocation =
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  | { readonly command: 'crawl'; readonly settings: CrawlSettings }
  | { readonly command: 'export'; readonly settings: ExportSettings }
  | { readonly command: 'check'; readonly settings: CheckSettings; readonly node: string };

const commandNames = ['crawl', 'export', 'check'] as const;
const commands = 'commands are crawl, export and check; see --help';

/**
 * Parses the command line, without the name of the program.
 *
 * @throws UsageError with one line that quotes the wrong argument
 */
export function readArguments(args: readonly string[]): Invocation {
  const has = (...names: string[]) => args.some((arg) => names.includes(arg));
  if (has('--help', '-h')) return { command: 'help' };
  if (has('--version', '-v')) return { command: 'version' };
  const [command, ...rest] = args;
  switch (command) {
    case 'crawl': {
      const { settings, words } = read<CrawlSettings>(crawlFlags, rest);
      refuseExtra(words);
      return { command, settings: checkChain(settings) };
    }
    case 'export': {
      const { settings, words } = read<ExportSettings>(exportFlags, rest);
      refuseExtra(words);
      return { command, settings };
    }
    case 'check': {
      const { settings, words } = read<CheckSettings>(checkFlags, rest);
      const [node, ...extra] = words;
      if (node === undefined) throw new UsageError('check needs a node: enode://… or enr:…');
      refuseExtra(extra);
      parse({ parse: parseNode }, node, 'the node');
      return { command, settings: checkChain(settings), node };
    }
    case undefined:
      throw new UsageError(`no command: ${commands}`);
    default:
      throw new UsageError(
        command.startsWith('-')
          ? `flag ${quote(command)} before the command: ${commands}`
          : `unknown command ${quote(command)}: ${didYouMean(command, commandNames, commands)}`,
      );
  }
}

/** Parses flags, and the words between them. */
function read<S>(flags: Flags<S>, args: readonly string[]): { settings: S; words: string[] } {
  const known = new Map(Object.entries<Flag<unknown>>(flags));
  const options = Object.fromEntries(
    [...known].map(([name, { value }]) => [name, { type: value ? 'string' : 'boolean' } as const]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const settings: Record<string, unknown> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const flag = rawName.startsWith('--') ? known.get(name) : undefined;
    if (flag === undefined) {
      const names = [...known.keys()].map((flagName) => `--${flagName}`);
      const hint = didYouMean(rawName, names, '--help lists all flags');
      throw new UsageError(`unknown flag ${quote(rawName)}: ${hint}`);
    }
    if (Object.hasOwn(settings, name)) throw new UsageError(`flag --${name} is repeated`);
    // A value that looks like a flag is one: "--datadir --once" lacks a directory.
    const isMissing = value === undefined || (inlineValue === false && /^-./.test(value));
    if (flag.value !== undefined && isMissing) {
      throw new UsageError(`--${name} needs a value: --${name} ${flag.value}`);
    }
    if (flag.value === undefined && value !== undefined) {
      throw new UsageError(`--${name} takes no value, got ${quote(value)}`);
    }
    settings[name] = parse(flag, value ?? '', `--${name}`);
  }
  for (const [name, flag] of known) {
    if (Object.hasOwn(settings, name)) continue;
    if (flag.default !== undefined) settings[name] = flag.parse(flag.default);
    else if (flag.value === undefined) settings[name] = false;
  }
  // `Flags<S>` guarantees that the settings are complete; the compiler cannot infer it here.
  return { settings: settings as S, words };
}

function parse<T>(flag: { parse(text: string): T }, text: string, where: string): T {
  try {
    return flag.parse(text);
  } catch (error) {
    throw new UsageError(`invalid value ${quote(text)} for ${where}: ${(error as Error).message}`);
  }
}

function refuseExtra([word]: readonly string[]): void {
  if (word !== undefined) throw new UsageError(`unexpected argument ${quote(word)}`);
}

function checkChain<S extends ChainSettings>(settings: S): S {
  for (const name of ['networkid', 'genesis', 'forkid'] as const) {
    if (settings.network === undefined || settings[name] === undefined) continue;
    throw new UsageError(`--network and --${name} exclude each other`);
  }
  return settings;
}
