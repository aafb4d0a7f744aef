import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nearestName } from '@devp2p/options';
import { parse as parseToml, TomlError, type TomlTable } from 'smol-toml';
import { UsageError } from '../usage.ts';
import type { Command, Flag } from './flag.ts';
import { flags, type Settings } from './flags.ts';
import { isServiceLink, passedOver } from './service-links.ts';

type FlagName = keyof Settings;
type Environment = Readonly<Record<string, string | undefined>>;

/** A setting as it was written, and where: what an error has to name. */
interface Written {
  readonly text: string;
  readonly where: string;
}

/** What the user asked for. */
export interface Invocation {
  readonly command: Command;
  /** What `import` and `export` read or write. */
  readonly file: string | undefined;
  readonly settings: Settings;
  /** Things that are not wrong but probably not meant, one line each. */
  readonly warnings: readonly string[];
}

const names = Object.keys(flags) as readonly FlagName[];
const commands: readonly Command[] = ['run', 'import', 'export', 'status'];
const commandsOfFiles: readonly Command[] = ['import', 'export'];

/**
 * Reads command line, environment and configuration file, each going before the next.
 *
 * @param args - the command line without the program's name
 * @throws UsageError with one line that names the flag, variable or key at fault
 */
export function readInvocation(args: readonly string[], environment: Environment): Invocation {
  const { words, written } = readCommandLine(args);
  const wantsText = written.has('help') || written.has('version');
  const [command, file] = wantsText ? (['run', undefined] as const) : readWords(words);
  if (!wantsText) {
    for (const [name, { where }] of written) {
      if (!takes(command, name)) throw new UsageError(`${where} has no meaning for "${command}"`);
    }
  }
  const { variables, warnings } = readEnvironment(environment);
  const config = written.get('config') ?? variables.get('config');
  const sources = [written, variables];
  if (config !== undefined && !wantsText) sources.push(readConfig(config.text));
  return { command, file, settings: readSettings(command, sources), warnings };
}

function readWords(words: readonly string[]): readonly [Command, string | undefined] {
  const [word = 'run', file, extra] = words;
  const command = commands.find((name) => name === word);
  if (command === undefined) {
    throw new UsageError(`unknown command "${word}"${didYouMean(word, commands)}`);
  }
  const takesFile = commandsOfFiles.includes(command);
  const unexpected = takesFile ? extra : file;
  if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
  if (takesFile && file === undefined) {
    throw new UsageError(`${command} needs a file: devp2p-node ${command} FILE`);
  }
  return [command, file];
}

function readCommandLine(args: readonly string[]): {
  words: string[];
  written: Map<FlagName, Written>;
} {
  const options = Object.fromEntries(
    names.map((name) => {
      const { value, short } = flags[name];
      const type = value === undefined ? ('boolean' as const) : ('string' as const);
      return [name, short === undefined ? { type } : { type, short }];
    }),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const words: string[] = [];
  const written = new Map<FlagName, Written>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const typed = (args[token.index] ?? token.rawName).split('=', 1)[0] ?? '';
    const negated = negatedFlag(token.name);
    const name = negated ?? flagName(token.name);
    if (name === undefined || (!typed.startsWith('--') && typed.length > 2)) {
      const candidates = names.flatMap((known) =>
        flags[known].negatable ? [`--${known}`, `--no-${known}`] : [`--${known}`],
      );
      throw new UsageError(
        `unknown flag ${typed}${didYouMean(`--${typed.replace(/^-+/, '')}`, candidates)}`,
      );
    }
    const flag = flags[name];
    const where = `--${token.name}`;
    if (negated !== undefined && token.value !== undefined) {
      throw new UsageError(`${where} takes no value`);
    }
    // What looks like a flag is one: "--datadir --log.json" lacks a directory. A negative number is a wrong value.
    const swallowed = token.inlineValue === false && /^-[^\d]/.test(token.value);
    if (flag.value !== undefined && (token.value === undefined || swallowed)) {
      throw new UsageError(`${where} needs a value: ${where} ${flag.value}`);
    }
    const before = written.get(name);
    if (before !== undefined && flag.many === undefined) {
      throw new UsageError(
        before.where === where
          ? `${where} is given twice`
          : `${before.where} and ${where} are both given: keep one`,
      );
    }
    const text = token.value ?? String(negated === undefined);
    written.set(name, { text: before === undefined ? text : `${before.text},${text}`, where });
  }
  return { words, written };
}

function readEnvironment(environment: Environment): {
  variables: Map<FlagName, Written>;
  warnings: string[];
} {
  const variables = new Map<FlagName, Written>();
  const known = new Map<string, FlagName>();
  for (const name of settable()) {
    known.set(`DEVP2P_${name.replaceAll('.', '_').toUpperCase()}`, name);
  }
  const warnings: string[] = [];
  const links: string[] = [];
  const hidden: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('DEVP2P_') || text === undefined) continue;
    const name = known.get(variable);
    if (isServiceLink(variable, text, name !== undefined)) {
      links.push(variable);
      if (name !== undefined) hidden.push(`--${name}`);
    } else if (name !== undefined) variables.set(name, { text, where: variable });
    else {
      const hint = didYouMean(variable, known.keys());
      warnings.push(`environment variable ${variable} is no setting of this program${hint}`);
    }
  }
  if (links.length > 0) warnings.push(passedOver(links.sort(), hidden.sort()));
  return { variables, warnings };
}

function readConfig(path: string): Map<FlagName, Written> {
  let table: TomlTable;
  try {
    table = parseToml(readFileSync(path, 'utf8'), { integersAsBigInt: 'asNeeded' });
  } catch (error) {
    if (error instanceof TomlError) {
      const what = error.message.split('\n', 1)[0];
      throw new UsageError(`--config ${path}, line ${error.line}: ${what}`);
    }
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--config ${path} cannot be read (${code ?? String(error)})`);
  }
  const keys = configKeys();
  const written = new Map<FlagName, Written>();
  const read = (prefix: string, section: TomlTable): void => {
    for (const [key, value] of Object.entries(section)) {
      const full = prefix + key;
      const where = `"${full}" in ${path}`;
      const name = keys.get(full);
      if (isTable(value) && (name === undefined || keys.has(`${full}.enabled`))) {
        read(`${full}.`, value);
      } else if (name === undefined) {
        throw new UsageError(`${where} is no setting${didYouMean(full, keys.keys())}`);
      } else if (written.has(name)) {
        throw new UsageError(`${where} and ${written.get(name)?.where} are both given: keep one`);
      } else written.set(name, { text: tomlText(value, where), where });
    }
  };
  read('', table);
  return written;
}

/**
 * What may be in the file. In TOML a name is a value or a section and never both: a switch such as `http`, under whose
 * name there are others, is `enabled` in its section, too.
 */
function configKeys(): ReadonlyMap<string, FlagName> {
  const all = settable();
  const sections = all.filter((name) => all.some((other) => other.startsWith(`${name}.`)));
  return new Map([
    ...all.map((name) => [name, name] as const),
    ...sections.map((name) => [`${name}.enabled`, name] as const),
  ]);
}

function isTable(value: unknown): value is TomlTable {
  return Object.prototype.toString.call(value) === '[object Object]';
}

function tomlText(value: unknown, where: string): string {
  if (Array.isArray(value)) return value.map((item) => tomlText(item, where)).join(',');
  if (['string', 'number', 'bigint', 'boolean'].includes(typeof value)) return String(value);
  throw new UsageError(`${where}: expected a string, a number, true or false, or a list of them`);
}

function readSettings(
  command: Command,
  sources: readonly ReadonlyMap<FlagName, Written>[],
): Settings {
  const settings: Partial<Record<FlagName, unknown>> = {};
  const origin = new Map<FlagName, string>();
  for (const name of names) {
    const flag: Flag<unknown> = flags[name];
    const found = sources.find((source) => source.has(name))?.get(name);
    if (found !== undefined && takes(command, name)) {
      settings[name] = parseWritten(flag, found);
      origin.set(name, found.where);
    } else if (flag.default !== undefined) settings[name] = flag.parse(flag.default);
    else if (flag.value === undefined) settings[name] = false;
    else if (flag.many !== undefined) settings[name] = flag.parse('');
  }
  for (const [one, other] of [
    ['nodekey', 'nodekeyhex'],
    ['genesis', 'network'],
  ] as const) {
    if (!origin.has(one) || !origin.has(other)) continue;
    throw new UsageError(`${origin.get(one)} and ${origin.get(other)} are both given: keep one`);
  }
  // A port that was named is wanted.
  const isNamed = [...origin.keys()].some((name) => name.startsWith('authrpc.'));
  if (settings.authrpc === 'auto' && isNamed) settings.authrpc = 'on';
  // Complete and of the right types by the type of `flags`, which the compiler cannot follow here.
  return settings as unknown as Settings;
}

function parseWritten(flag: Flag<unknown>, { text, where }: Written): unknown {
  try {
    return flag.parse(text);
  } catch (error) {
    const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
    const value = flag.secret === undefined ? `value ${JSON.stringify(shown)}` : 'value';
    throw new UsageError(`bad ${value} for ${where}: ${(error as Error).message}`);
  }
}

function takes(command: Command, name: FlagName): boolean {
  return flags[name].commands?.includes(command) ?? true;
}

function flagName(word: string): FlagName | undefined {
  return names.find((name) => name === word);
}

function negatedFlag(word: string): FlagName | undefined {
  const name = word.startsWith('no-') ? flagName(word.slice(3)) : undefined;
  return name !== undefined && flags[name].negatable ? name : undefined;
}

function settable(): readonly FlagName[] {
  return names.filter((name) => flags[name].commandLineOnly === undefined);
}

function didYouMean(word: string, candidates: Iterable<string>): string {
  const meant = nearestName(word, candidates);
  return meant === undefined ? '; --help lists what there is' : `; did you mean ${meant}?`;
}
