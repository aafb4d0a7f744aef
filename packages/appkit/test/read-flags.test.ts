import { describe, expect, test } from 'vitest';
import { didYouMean, flagLabel, flagText, integerBetween, readFlags, UsageError } from '../src/cli.ts';

const flags = {
  port: { help: 'TCP port', value: 'PORT', default: '30303', short: 'p' },
  static: { help: 'nodes', value: 'ENODES', many: true },
  http: { help: 'serve HTTP' },
  authrpc: { help: 'serve the Engine API', negatable: true },
};
const read = (line: string) => readFlags(line.split(' '), flags);

describe('readFlags', () => {
  test.each([
    ['--port 1', [['port', '1', '--port']]],
    ['--port=1', [['port', '1', '--port']]],
    ['-p 1', [['port', '1', '--port']]],
    ['--port -1', [['port', '-1', '--port']]],
    ['--http', [['http', 'true', '--http']]],
    ['--http=false', [['http', 'false', '--http']]],
    ['--no-authrpc', [['authrpc', 'false', '--no-authrpc']]],
    ['--static a --static b', [['static', 'a,b', '--static']]],
  ])('%s', (line, expected) => {
    const { words, written } = read(line);
    expect([...written].map(([name, { text, where }]) => [name, text, where])).toEqual(expected);
    expect(words).toEqual([]);
  });

  test('words are kept in order', () => {
    expect(read('import --http file').words).toEqual(['import', 'file']);
  });

  test.each([
    ['--prot 1', 'unknown flag --prot; did you mean --port?'],
    ['--frobnicate', 'unknown flag --frobnicate; --help lists all flags'],
    ['-x', 'unknown flag -x; --help lists all flags'],
    ['-port 1', 'unknown flag -port; did you mean --port?'],
    ['--no-http', 'unknown flag --no-http; did you mean --http?'],
    ['--port', '--port needs a value: --port PORT'],
    ['--port --http', '--port needs a value: --port PORT'],
    ['--port 1 --port 2', '--port is repeated'],
    ['--authrpc --no-authrpc', '--authrpc and --no-authrpc exclude each other'],
    ['--no-authrpc=true', '--no-authrpc takes no value'],
  ])('%s is refused', (line, message) => {
    expect(() => read(line)).toThrow(new UsageError(message));
  });
});

test('columns of --help', () => {
  expect([flagLabel('port', flags.port), flagText(flags.port)]).toEqual(['-p, --port PORT', 'TCP port (30303)']);
  expect([flagLabel('http', flags.http), flagText(flags.http)]).toEqual(['--http', 'serve HTTP']);
});

test('a hint names the nearest candidate, or else the fallback', () => {
  expect(didYouMean('prot', ['port', 'addr'], 'see --help')).toBe('did you mean port?');
  expect(didYouMean('x', ['port', 'addr'], 'see --help')).toBe('see --help');
});

test.each([
  ['0', 0],
  ['65535', 65_535],
  ['65536', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['', undefined],
  ['99999999999999999', undefined],
])('an integer from 0 to 65535: %j', (text, value) => {
  const parse = integerBetween(0, 65_535);
  if (value !== undefined) expect(parse(text)).toBe(value);
  else expect(() => parse(text)).toThrow('expected an integer from 0 to 65535');
});
