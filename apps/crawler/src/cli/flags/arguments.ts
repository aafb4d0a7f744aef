import { didYouMean, quote, readFlags, UsageError } from '@devp2p/appkit/cli';
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
import { parseNode } from './values.ts';

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
      throw new UsageError(`no command; ${commands}`);
    default:
      throw new UsageError(
        command.startsWith('-')
          ? `flag ${quote(command)} before the command; ${commands}`
          : `unknown command ${quote(command)}; ${didYouMean(command, commandNames, commands)}`,
      );
  }
}

/** Parses flags, and the words between them. */
function read<S>(flags: Flags<S>, args: readonly string[]): { settings: S; words: string[] } {
  const known: Readonly<Record<string, Flag<unknown>>> = flags;
  const { words, written } = readFlags(args, known);
  const settings: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(known)) {
    const found = written.get(name);
    if (found !== undefined) settings[name] = parse(flag, found.text, found.where);
    else if (flag.default !== undefined) settings[name] = flag.parse(flag.default);
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
