import { readFileSync } from 'node:fs';
import { didYouMean, quote, readFlags, UsageError, type WrittenFlag } from '@devp2p/appkit/cli';
import { parse as parseToml, TomlError, type TomlTable } from 'smol-toml';
import type { Command, Flag } from './flag.ts';
import { flags, type Settings } from './flags.ts';
import { isServiceLink, serviceLinksWarning } from './service-links.ts';

type FlagName = keyof Settings;
type Environment = Readonly<Record<string, string | undefined>>;

/** Command and settings of an invocation. */
export interface Invocation {
  readonly command: Command;
  /** File that `import` reads or `export` writes. */
  readonly file: string | undefined;
  readonly settings: Settings;
  /** Things that are not wrong but probably not meant, one line each. */
  readonly warnings: readonly string[];
}

const names = Object.keys(flags) as readonly FlagName[];
const commands: readonly Command[] = ['run', 'dev', 'import', 'export', 'status'];
const commandsOfFiles: readonly Command[] = ['import', 'export'];

/**
 * Reads command line, environment and configuration file; each takes precedence over the next.
 *
 * @param args the command line without the program's name
 * @throws UsageError with one line that names the flag, variable or key at fault
 */
export function readInvocation(args: readonly string[], environment: Environment): Invocation {
  const { words, written } = readFlags(args, flags);
  const wantsText = written.has('help') || written.has('version');
  const [command, file] = wantsText ? (['run', undefined] as const) : readWords(words);
  if (!wantsText) {
    for (const [name, { where }] of written) {
      if (!takes(command, name)) throw new UsageError(`${where} is not a flag of "${command}"`);
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
    throw new UsageError(`unknown command ${quote(word)}; ${hint(word, commands)}`);
  }
  const takesFile = commandsOfFiles.includes(command);
  const unexpected = takesFile ? extra : file;
  if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
  if (takesFile && file === undefined) {
    throw new UsageError(`${command} needs a file: devp2p-node ${command} FILE`);
  }
  return [command, file];
}

function readEnvironment(environment: Environment): {
  variables: Map<FlagName, WrittenFlag>;
  warnings: string[];
} {
  const variables = new Map<FlagName, WrittenFlag>();
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
      warnings.push(
        `environment variable ${variable} is not a setting of this program; ${hint(variable, known.keys())}`,
      );
    }
  }
  if (links.length > 0) warnings.push(serviceLinksWarning(links.sort(), hidden.sort()));
  return { variables, warnings };
}

function readConfig(path: string): Map<FlagName, WrittenFlag> {
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
  const written = new Map<FlagName, WrittenFlag>();
  const read = (prefix: string, section: TomlTable): void => {
    for (const [key, value] of Object.entries(section)) {
      const full = prefix + key;
      const where = `"${full}" in ${path}`;
      const name = keys.get(full);
      if (isTable(value) && (name === undefined || keys.has(`${full}.enabled`))) {
        read(`${full}.`, value);
      } else if (name === undefined) {
        throw new UsageError(`${where} is not a setting; ${hint(full, keys.keys())}`);
      } else if (written.has(name)) {
        throw new UsageError(`${where} and ${written.get(name)?.where} exclude each other`);
      } else written.set(name, { text: tomlText(value, where), where });
    }
  };
  read('', table);
  return written;
}

/**
 * Keys of the configuration file. In TOML, a name is either a value or a section: a switch such as `http`, which is a
 * prefix of other names, can also be `enabled` in its section.
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

function readSettings(command: Command, sources: readonly ReadonlyMap<FlagName, WrittenFlag>[]): Settings {
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
    throw new UsageError(`${origin.get(one)} and ${origin.get(other)} exclude each other`);
  }
  if (command === 'dev') {
    if (!origin.has('datadir')) settings.datadir = '';
    if (!origin.has('addr')) settings.addr = '127.0.0.1';
    settings.authrpc = 'off';
  }
  // A port that was named is wanted.
  const isNamed = [...origin.keys()].some((name) => name.startsWith('authrpc.'));
  if (settings.authrpc === 'auto' && isNamed) settings.authrpc = 'on';
  // Complete and of the right types by the type of `flags`, which the compiler cannot follow here.
  return settings as unknown as Settings;
}

function parseWritten(flag: Flag<unknown>, { text, where }: WrittenFlag): unknown {
  try {
    return flag.parse(text);
  } catch (error) {
    const value = flag.secret === undefined ? `value ${quote(text)}` : 'value';
    throw new UsageError(`invalid ${value} for ${where}: ${(error as Error).message}`);
  }
}

function takes(command: Command, name: FlagName): boolean {
  return flags[name].commands?.includes(command) ?? true;
}

function settable(): readonly FlagName[] {
  return names.filter((name) => flags[name].commandLineOnly === undefined);
}

function hint(word: string, candidates: Iterable<string>): string {
  return didYouMean(word, candidates, '--help lists all flags');
}
