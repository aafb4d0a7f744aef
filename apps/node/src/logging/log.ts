import { errorText } from '@devp2p/appkit';
import { toHex } from '@devp2p/bytes';
import pino from 'pino';
import pretty from 'pino-pretty';

/** Fields of a log line. Bytes are shown as hex, errors with their causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Log of one module; a pino logger fits. */
export interface Log {
  error(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  trace(fields: LogFields, message: string): void;
}

/** Names of the parts of the node in log lines; each can have its own level. */
const logModules = ['node', 'network', 'discovery', 'peer', 'sync', 'chain', 'txpool', 'rpc', 'dev'] as const;
export type LogModule = (typeof logModules)[number];

/** Returns the log of a module. */
export type Logs = (module: LogModule) => Log;

/** From silent to everything; the numbers are go-ethereum's `verbosity` 0 to 5. */
const logLevels = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
type LogLevel = (typeof logLevels)[number];

/** Log level, and exceptions by module. */
export interface Verbosity {
  readonly level: LogLevel;
  readonly modules: Readonly<Partial<Record<LogModule, LogLevel>>>;
}

/** A log without output. */
export const silentLogs: Logs = () => silent;

const nothing = (): void => {};
const silent: Log = {
  error: nothing,
  warn: nothing,
  info: nothing,
  debug: nothing,
  trace: nothing,
};

/**
 * Reads `info`, `4`, `sync=debug` or several of them with commas between.
 *
 * @throws Error with the expected form
 */
export function parseVerbosity(text: string): Verbosity {
  let level: LogLevel = 'info';
  const modules: Partial<Record<LogModule, LogLevel>> = {};
  for (const part of text.split(',')) {
    const [name, value, extra] = part.trim().split('=');
    if (value === undefined) level = readLevel(name);
    else {
      const module = logModules.find((known) => known === name);
      if (module === undefined || extra !== undefined) {
        throw new Error(`expected module=level with one of the modules ${logModules.join(', ')}`);
      }
      modules[module] = readLevel(value);
    }
  }
  return { level, modules };
}

function readLevel(text: string | undefined): LogLevel {
  const level = logLevels.find((name, number) => text === name || text === String(number));
  if (level === undefined) throw new Error(`expected one of ${logLevels.join(', ')} or 0 to 5`);
  return level;
}

/** @see createLogs */
export interface LogsOptions {
  /** @default info for every module */
  verbosity?: Verbosity;
  /** JSON lines instead of lines for people. @default false */
  json?: boolean;
  /** Colours, in lines for people. @default false */
  color?: boolean;
  /** Output of the lines, each written synchronously, so that a crash loses none. */
  destination: { write(line: string): unknown };
}

/** Creates the logs of a program with pino. */
export function createLogs({ verbosity, json, color, destination }: LogsOptions): Logs {
  const lines = {
    write(line: string): void {
      destination.write(line);
    },
  };
  const print = pretty.prettyFactory({
    colorize: color ?? false,
    hideObject: true,
    ignore: 'pid,hostname',
    messageFormat: formatMessage,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
  });
  const people = { write: (line: string) => lines.write(print(line)) };
  const root = pino(
    {
      base: null,
      // A second line of defense: no code passes keys to the log, and if it did, they would not be printed.
      redact: { paths: secretPaths, censor: '[secret]' },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => ({ ...fields, ...printable(fields) }),
      },
      level: 'trace',
    },
    json ? lines : people,
  );
  return (module) => root.child({ module }, { level: verbosity?.modules[module] ?? verbosity?.level ?? 'info' });
}

const secrets = ['privateKey', 'nodekey', 'nodekeyhex', 'secret', 'jwt'];
const secretPaths = secrets.flatMap((name) => [name, `*.${name}`]);

function printable(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `0x${toHex(value)}`;
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return errorText(value);
  return value;
}

function formatMessage(entry: Record<string, unknown>, messageKey: string): string {
  const { level, time, module, [messageKey]: message, ...fields } = entry;
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${quoted(value)}`);
  return [`${module}: ${message}`, ...pairs].join(' ');
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (/^[\w.:/@+%?-]+$/.test(text)) return text;
  // Client ids and reasons are from the network, so control characters are escaped.
  return JSON.stringify(text).replaceAll(/[^\x20-\x7e\u00a0-\u200a\u2010-\u2027]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
