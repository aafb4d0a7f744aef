import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UsageError } from '@devp2p/appkit/cli';
import { networks } from '@devp2p/appkit/networks';
import { toHex } from '@devp2p/bytes';
import { nobleCrypto } from '@devp2p/crypto';
import { formatEnr, signEnr } from '@devp2p/enr';
import { formatIpRange } from '@devp2p/ip';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { flags } from '../../src/cli/flags/flags.ts';
import { helpText } from '../../src/cli/flags/help.ts';
import { readInvocation } from '../../src/cli/flags/settings.ts';

const id = toHex(nobleCrypto.secp256k1.publicKey(new Uint8Array(32).fill(1)));
const hash = '12'.repeat(32);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function config(text: string): string {
  const path = join(folder, 'config.toml');
  writeFileSync(path, text);
  return path;
}

const read = (line: string, environment: Record<string, string> = {}) =>
  readInvocation(line === '' ? [] : line.split(' '), environment);

function expectUsageError(line: string, message: string | RegExp): void {
  let thrown: unknown;
  try {
    read(line);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(UsageError);
  const text = (thrown as UsageError).message;
  if (typeof message === 'string') expect(text).toBe(message);
  else expect(text).toMatch(message);
  expect(text).not.toContain('\n');
}

describe('settings from the command line', () => {
  test('defaults apply to missing settings', () => {
    const { command, settings } = read('');
    expect(command).toBe('run');
    expect(settings).toEqual({
      datadir: './devp2p-data',
      accounts: 10,
      load: 0,
      'dev.public': false,
      'eth.blockgossip': false,
      port: 30303,
      addr: '0.0.0.0',
      nat: {},
      'eth.versions': [70, 69],
      'eth.requiredblocks': new Map(),
      'chain.sideblocks': 128,
      exec: true,
      'state.history': 128,
      'history.transactions': 2_350_000,
      'history.logs': 2_350_000,
      nodiscover: false,
      nodial: false,
      static: [],
      trusted: [],
      dialratio: 3,
      maxpeers: 50,
      maxpendpeers: 50,
      'sync.full': false,
      'sync.exit': false,
      'sync.timeout': 300,
      http: false,
      'http.addr': '127.0.0.1',
      'http.port': 8545,
      'http.api': ['eth', 'net', 'web3'],
      'http.corsdomain': [],
      'http.vhosts': ['localhost'],
      ws: false,
      'ws.addr': '127.0.0.1',
      'ws.port': 8546,
      'ws.api': ['eth', 'net', 'web3'],
      'ws.origins': [],
      metrics: false,
      'metrics.addr': '127.0.0.1',
      'metrics.port': 6060,
      authrpc: 'auto',
      'authrpc.addr': '127.0.0.1',
      'authrpc.port': 8551,
      'authrpc.vhosts': ['localhost'],
      'authrpc.maxreorgdepth': 32,
      'txpool.pricelimit': 1n,
      'txpool.pricebump': 10,
      'txpool.accountslots': 16,
      'txpool.globalslots': 5_120,
      'txpool.accountqueue': 64,
      'txpool.globalqueue': 1_024,
      'txpool.lifetime': 10_800_000,
      'txpool.journal': true,
      'txpool.rejournal': 3_600_000,
      'blobpool.datacap': 2_684_354_560,
      'blobpool.pricebump': 100,
      'miner.gaslimit': 60_000_000,
      'miner.gasprice': 1_000_000n,
      first: 1,
      receipts: false,
      verbosity: { level: 'info', modules: {} },
      'log.json': false,
      help: false,
      version: false,
    });
  });

  test.each([
    ['--port 4000', 'port', 4000],
    ['--head.peers 3', 'head.peers', 3],
    ['--miner.gaslimit 30000000', 'miner.gaslimit', 30_000_000],
    ['--txpool.lifetime 90m', 'txpool.lifetime', 5_400_000],
    ['--txpool.pricelimit 5', 'txpool.pricelimit', 5n],
    ['--miner.gasprice 0', 'miner.gasprice', 0n],
    ['--miner.extradata 0x0aFF', 'miner.extradata', Uint8Array.of(10, 255)],
    ['--port=4000', 'port', 4000],
    ['--sync.exit', 'sync.exit', true],
    ['--sync.exit=false', 'sync.exit', false],
    ['--identity=a=b', 'identity', 'a=b'],
    ['--networkid 3503995874084926', 'networkid', 3503995874084926n],
    ['--network hoodi', 'network', 'hoodi'],
    ['--nodiscover', 'nodiscover', true],
    ['--nodial', 'nodial', true],
    ['--discovery.port 0', 'discovery.port', 0],
    ['--nat none', 'nat', {}],
    ['--nat any', 'nat', { mapping: { method: 'any' } }],
    ['--nat upnp', 'nat', { mapping: { method: 'upnp' } }],
    ['--nat pmp', 'nat', { mapping: { method: 'pmp' } }],
    ['--nat pmp:192.168.0.1', 'nat', { mapping: { method: 'pmp', gateway: '192.168.0.1' } }],
    ['--http.api admin,net', 'http.api', ['admin', 'net']],
    ['--http.corsdomain https://example.org,*', 'http.corsdomain', ['https://example.org', '*']],
    ['--ws.origins localhost', 'ws.origins', ['localhost']],
    ['--http.vhosts *', 'http.vhosts', ['*']],
    ['status --http.port 1', 'http.port', 1],
    ['--authrpc', 'authrpc', 'on'],
    ['--authrpc=false', 'authrpc', 'off'],
    ['--no-authrpc', 'authrpc', 'off'],
    ['--no-authrpc --authrpc.port 1', 'authrpc', 'off'],
    ['--authrpc.port 8551', 'authrpc', 'on'],
    ['--authrpc.jwtsecret /run/jwt.hex', 'authrpc', 'on'],
    ['--authrpc.maxreorgdepth 0', 'authrpc.maxreorgdepth', 0],
    ['--http', 'authrpc', 'auto'],
    ['--authrpc.addr ::1', 'authrpc.addr', '::1'],
    ['--authrpc.port 0', 'authrpc.port', 0],
    ['--authrpc.vhosts a.example,b', 'authrpc.vhosts', ['a.example', 'b']],
    ['--authrpc.jwtsecret /run/jwt.hex', 'authrpc.jwtsecret', '/run/jwt.hex'],
    ['--nat extip:192.0.2.7', 'nat', { externalIp: '192.0.2.7' }],
    ['--nat extip:2001:db8::7', 'nat', { externalIp: '2001:db8::7' }],
    ['--bootnodes=', 'bootnodes', []],
    ['--discovery.dns=', 'discovery.dns', []],
    ['--eth.versions 68,70', 'eth.versions', [68, 70]],
    ['--verbosity 4', 'verbosity', { level: 'debug', modules: {} }],
    [
      '--verbosity warn,sync=trace --verbosity peer=5',
      'verbosity',
      { level: 'warn', modules: { sync: 'trace', peer: 'trace' } },
    ],
  ] as const)('%s', (line, name, value) => {
    expect(read(line).settings[name]).toEqual(value);
  });

  test('text of digits stays text', () => {
    const digits = `${'1'.repeat(60)}1e10`;
    expect(read(`--nodekeyhex ${digits}`).settings.nodekeyhex).toHaveLength(32);
    expect(read(`--sync.target 0x${hash}`).settings['sync.target']?.[0]).toBe(0x12);
    expect(read('--datadir 007').settings.datadir).toBe('007');
    expect(read('--identity 1e10').settings.identity).toBe('1e10');
  });

  test('ND-02 required blocks: commas, repeats, numbers in the forms of go-ethereum', () => {
    const [one, other] = ['12'.repeat(32), 'Ab'.repeat(32)];
    const lines = [
      `--eth.requiredblocks 5=0x${one},0x10=0x${other}`,
      `import x --eth.requiredblocks 16=${other} --eth.requiredblocks 5=${one},5=0x${one}`,
    ];
    for (const line of lines) {
      const blocks = read(line).settings['eth.requiredblocks'];
      expect([...blocks].map(([number, hash]) => [number, toHex(hash)]).sort()).toEqual([
        [16, other.toLowerCase()],
        [5, one],
      ]);
    }
    const path = config(`[eth]\nrequiredblocks = ["5=0x${one}", "6=0x${one}"]`);
    expect(read(`--config ${path}`).settings['eth.requiredblocks'].size).toBe(2);
    const variable = { DEVP2P_ETH_REQUIREDBLOCKS: `7=0x${one}` };
    expect([...read('', variable).settings['eth.requiredblocks'].keys()]).toEqual([7]);
  });

  test('the depth of side blocks applies to an import too, which removes the deeper ones', () => {
    expect(read('import x --chain.sideblocks 500').settings['chain.sideblocks']).toBe(500);
  });

  test('static nodes: commas, repeats and blanks', () => {
    const node = (port: number) => `enode://${id}@127.0.0.1:${port}`;
    const { settings } = read(`--static ${node(1)},${node(2)}, --static ${node(3)}`);
    expect(settings.static.map(({ tcp }) => tcp)).toEqual([1, 2, 3]);
  });

  test('boot nodes are enodes or records, lists are URLs, networks are ranges', () => {
    const key = new Uint8Array(32).fill(1);
    const enr = formatEnr(signEnr({ ip: '192.0.2.7', udp: 30303 }, key));
    const nodes = [`enode://${id}@boot.example.org:30303?discport=30304`, enr];
    expect(read(`--bootnodes ${nodes}`).settings.bootnodes).toEqual(nodes);
    const [list = ''] = networks.mainnet.dnsLists;
    expect(read(`--discovery.dns ${list},`).settings['discovery.dns']).toEqual([list]);
    const { settings } = read('--netrestrict 10.0.0.0/8,192.0.2.7');
    expect(settings.netrestrict?.map(formatIpRange)).toEqual(['10.0.0.0/8', '192.0.2.7/32']);
  });

  test('commands and their file', () => {
    expect(read('run --port 0').command).toBe('run');
    expect(read('--datadir x import chain.rlp')).toMatchObject({
      command: 'import',
      file: 'chain.rlp',
    });
    expect(read('export out.rlp --first 3 --last 7').settings).toMatchObject({ first: 3, last: 7 });
  });

  test('help and version ignore invalid settings', () => {
    expect(read('import --help').settings.help).toBe(true);
    expect(read('-v').settings.version).toBe(true);
  });
});

describe('sources of settings', () => {
  test('EN-01 HX-21 each setting of the Engine API server requests it', () => {
    const authrpc = (text: string, environment: Record<string, string> = {}) =>
      read(`--config ${config(text)}`, environment).settings.authrpc;
    expect(authrpc('')).toBe('auto');
    expect(authrpc('[authrpc]\nport = 0')).toBe('on');
    expect(authrpc('authrpc = true')).toBe('on');
    expect(authrpc('authrpc = "auto"')).toBe('auto');
    expect(authrpc('[authrpc]\nenabled = false\nport = 0')).toBe('off');
    expect(authrpc('', { DEVP2P_AUTHRPC_ADDR: '::1' })).toBe('on');
    expect(authrpc('', { DEVP2P_AUTHRPC: 'false', DEVP2P_AUTHRPC_PORT: '1' })).toBe('off');
    expect(read('--authrpc', { DEVP2P_AUTHRPC: 'false' }).settings.authrpc).toBe('on');
    expect(read('--no-authrpc', { DEVP2P_AUTHRPC: 'true' }).settings.authrpc).toBe('off');
  });

  test('flags override the environment, which overrides the file', () => {
    const path = config('port = 1\nmaxpeers = 2\naddr = "10.0.0.1"\n');
    const { settings } = read(`--config ${path} --port 3`, {
      DEVP2P_PORT: '4',
      DEVP2P_MAXPEERS: '5',
    });
    expect(settings).toMatchObject({ port: 3, maxpeers: 5, addr: '10.0.0.1' });
  });

  test('dotted flags are sections of the file and underscores of the environment', () => {
    const path = config(
      `networkid = 3503995874084926\n[sync]\ntarget = "0x${hash}"\nexit = true\n[log]\njson = true\n`,
    );
    expect(read('', { DEVP2P_CONFIG: path }).settings).toMatchObject({
      networkid: 3503995874084926n,
      'sync.exit': true,
      'log.json': true,
    });
    expect(read('', { DEVP2P_SYNC_EXIT: 'true' }).settings['sync.exit']).toBe(true);
  });

  test('ND-02 every flag can be set in the file, under its name and in sections', () => {
    const typed: Record<string, unknown> = { 'http.port': 1, 'ws.port': 2, 'metrics.addr': '::1' };
    const path = config(`
      [http]
      enabled = true
      port = 1
      api = ["admin", "net"]
      [ws]
      enabled = false
      port = 2
      [metrics]
      addr = "::1"
    `);
    const { settings } = read(`--config ${path}`);
    expect(settings).toMatchObject({
      ...{ ...typed, http: true, ws: false, metrics: false },
      'http.api': ['admin', 'net'],
    });
    expect(read(`--config ${path} --http=false --metrics`).settings).toMatchObject({
      ...{ http: false, metrics: true },
    });
    expect(read(`--config ${config('http = true\n"http.port" = 3')}`).settings).toMatchObject({
      ...{ http: true, 'http.port': 3 },
    });
    for (const name of Object.keys(flags) as (keyof typeof flags)[]) {
      if (flags[name].commandLineOnly || name === 'config') continue;
      const parts = name.split('.');
      const key = parts.pop();
      const section = parts.length === 0 ? '' : `[${parts.join('.')}]\n`;
      // The error about an invalid value shows that the setting was read. Flags that accept any path refuse an empty one.
      const value = /DIR|FILE/.test(flags[name].value ?? '') ? '""' : '"?/ ?"';
      const command = flags[name].commands?.[0] ?? 'run';
      const file = command === 'export' ? ' out' : '';
      const wrong = config(`${section}${key} = ${value}`);
      expect(() => read(`${command}${file} --config ${wrong}`)).toThrow(
        new RegExp(`^invalid value .*for "${name}" in `),
      );
    }
  });

  test('a list in the file is a list', () => {
    const path = config(`static = ["enode://${id}@127.0.0.1:1", "enode://${id}@127.0.0.1:2"]`);
    expect(read(`--config ${path}`).settings.static).toHaveLength(2);
  });

  test('a file shared by all commands may hold settings of the others', () => {
    const path = config('port = 99999');
    expect(read(`import x --config ${path}`).command).toBe('import');
  });

  /** What Kubernetes sets in each container for a service with a port, which may have a name. */
  const serviceLinks = (service: string, port: number, protocol = 'tcp', ip = '10.0.0.1') => {
    const [name, upper] = [service.replaceAll('-', '_').toUpperCase(), protocol.toUpperCase()];
    const url = `${protocol}://${ip}:${port}`;
    return {
      [`${name}_SERVICE_HOST`]: ip,
      [`${name}_SERVICE_PORT`]: `${port}`,
      [`${name}_SERVICE_PORT_P2P`]: `${port}`,
      [`${name}_PORT`]: url,
      [`${name}_PORT_${port}_${upper}`]: url,
      [`${name}_PORT_${port}_${upper}_PROTO`]: protocol,
      [`${name}_PORT_${port}_${upper}_PORT`]: `${port}`,
      [`${name}_PORT_${port}_${upper}_ADDR`]: ip,
    };
  };

  test.each([
    ['devp2p-node', 30303, 'tcp', '10.0.0.1', ''],
    ['devp2p', 30303, 'tcp', '10.0.0.1', '; set --port on the command line or in --config'],
    ['devp2p', 30303, 'udp', '[fd00::1]', '; set --port on the command line or in --config'],
    ['devp2p-http', 8545, 'tcp', '10.0.0.1', '; set --http.port on the command line or in --config'],
    ['devp2p-discovery', 9, 'sctp', '::1', '; set --discovery.port on the command line or in --config'],
    ['devp2p-crawler', 6060, 'tcp', '10.0.0.1', ''],
  ])('ND-02 a service named %s with port %i/%s at %s', (service, port, protocol, ip, advice) => {
    const links = serviceLinks(service, port, protocol, ip);
    const { settings, warnings } = read('', { ...links, DEVP2P_MAXPEERS: '7' });
    expect(settings).toMatchObject({ port: 30303, 'http.port': 8545, maxpeers: 7 });
    const [one, two, three] = Object.keys(links).sort();
    expect(warnings).toEqual([
      `environment variables created by a container platform for a service are ignored: ${one}, ${two}, ${three} and 5 more${advice}`,
    ]);
  });

  test('ND-02 variables that Docker sets for a link are ignored', () => {
    const { warnings } = read('', {
      DEVP2P_NODE_PORT: 'tcp://172.17.0.5:30303',
      DEVP2P_NODE_NAME: '/crawler/devp2p-node',
      DEVP2P_NODE_ENV_PATH: '/usr/bin',
      DEVP2P_NODE_PORT_30303_TCP_PORT_START: '30303',
    });
    expect(warnings).toEqual([expect.stringMatching(/ ignored: DEVP2P_NODE_ENV_PATH, .* and 1 more$/)]);
  });

  test('ND-02 values and names that no platform sets are still refused', () => {
    for (const value of ['tcp', 'http://10.0.0.1:1', '70000', 'tcp:30303']) {
      expect(() => read('', { DEVP2P_PORT: value })).toThrow(/^invalid value .* for DEVP2P_PORT: /);
    }
    expect(() => read('', { DEVP2P_MAXPEERS: 'tcp://10.0.0.1:1' })).toThrow(/for DEVP2P_MAXPEERS/);
    expect(read('', { DEVP2P_HTTP_PROT: '1' }).warnings).toEqual([
      'environment variable DEVP2P_HTTP_PROT is not a setting of this program; did you mean DEVP2P_HTTP_PORT?',
    ]);
  });

  test('an unknown variable causes a warning', () => {
    expect(read('', { DEVP2P_PROT: '1' }).warnings).toEqual([
      'environment variable DEVP2P_PROT is not a setting of this program; did you mean DEVP2P_PORT?',
    ]);
  });
});

describe('wrong use is reported in one line with the name of the setting', () => {
  test.each([
    ['--prot 3', 'unknown flag --prot; did you mean --port?'],
    ['-port 3', 'unknown flag -port; did you mean --port?'],
    ['--no-log.json', 'unknown flag --no-log.json; did you mean --log.json?'],
    ['--frobnicate', 'unknown flag --frobnicate; --help lists all flags'],
    ['-x', 'unknown flag -x; --help lists all flags'],
    ['imprt x', 'unknown command "imprt"; did you mean import?'],
    ['run x', 'unexpected argument "x"'],
    ['import', 'import needs a file: devp2p-node import FILE'],
    ['import a b', 'unexpected argument "b"'],
    ['--datadir', '--datadir needs a value: --datadir DIR'],
    ['--datadir --log.json', '--datadir needs a value: --datadir DIR'],
    ['--port 1 --port 2', '--port is repeated'],
    ['--datadir=', 'invalid value "" for --datadir: expected a path'],
    ['--port 65536', 'invalid value "65536" for --port: expected an integer from 0 to 65535'],
    ['--port 1e3', 'invalid value "1e3" for --port: expected an integer from 0 to 65535'],
    ['--port 0x10', 'invalid value "0x10" for --port: expected an integer from 0 to 65535'],
    ['--port=-1', 'invalid value "-1" for --port: expected an integer from 0 to 65535'],
    ['--port -1', 'invalid value "-1" for --port: expected an integer from 0 to 65535'],
    ['--maxpeers -5', 'invalid value "-5" for --maxpeers: expected an integer from 0 to 10000'],
    ['--addr localhost', 'invalid value "localhost" for --addr: expected an IPv4 or IPv6 address'],
    ['--networkid 0', 'invalid value "0" for --networkid: expected an integer from 1 to 2^64-1'],
    ['--sync.target 0x12', 'invalid value "0x12" for --sync.target: expected 64 hex digits'],
    ['--sync.exit=yes', 'invalid value "yes" for --sync.exit: expected true or false'],
    ['--nodekeyhex 12', 'invalid value for --nodekeyhex: expected 64 hex digits'],
    ['--static enode://12@1.1.1.1:1', /^invalid value "enode:\/\/12@1.1.1.1:1" for --static: \S/],
    ['--verbosity loud', /^invalid value "loud" for --verbosity: expected one of silent, /],
    ['--verbosity x=info', /^invalid value "x=info" for --verbosity: expected module=level /],
    [`--static enode://${'12'.repeat(64)}@1.1.1.1:1`, /^invalid value "enode:.{74}…" for --static: /],
    [`--static enode://${id}@1.1.1.1:0`, /: expected a TCP port other than 0$/],
    ['--bootnodes enode://12@1.1.1.1:1', /^invalid value "enode:.*" for --bootnodes: .*got "12"$/],
    [`--bootnodes enode://${id}@1.1.1.1:1?discport=0`, /: expected a UDP port other than 0$/],
    ['--bootnodes enr:-12', /^invalid value "enr:-12" for --bootnodes: \S/],
    [
      `--bootnodes ${formatEnr(signEnr({ udp: 1 }, new Uint8Array(32).fill(1)))}`,
      /: expected a record with an IP address$/,
    ],
    ['--discovery.dns https://x', /^invalid value "https:\/\/x" for --discovery.dns: .*enrtree:/],
    ['--discovery.dns enrtree://x@y.z', /^invalid value .* for --discovery.dns: .*: "x"$/],
    ['--discovery.port 65536', /^invalid value "65536" for --discovery.port: expected an integer/],
    ['--netrestrict 10.0.0.0/33', /^invalid value .* for --netrestrict: .*"10.0.0.0\/33"$/],
    ['--netrestrict=', /^invalid value "" for --netrestrict: expected IP ranges/],
    ['--nat stun', /^invalid value "stun" for --nat: expected none, any, upnp, pmp, pmp:IPv4 or extip:IP$/],
    ['--nat extip:here', /^invalid value "extip:here" for --nat: expected none, .* or extip:IP$/],
    ['--nat pmp:2001:db8::1', /for --nat: expected none, .*, pmp:IPv4 or extip:IP$/],
    ['--network kovan', 'invalid value "kovan" for --network: expected one of mainnet, sepolia, hoodi'],
    ['--eth.versions 67', 'invalid value "67" for --eth.versions: expected some of 70,69,68'],
    [
      `--eth.requiredblocks 5=${hash},5=${'34'.repeat(32)}`,
      /for --eth.requiredblocks: expected one hash for block 5, not two$/,
    ],
    ['export x --eth.requiredblocks 5=0x1', '--eth.requiredblocks is not a flag of "export"'],
    ['--network hoodi --genesis x', '--genesis and --network exclude each other'],
    ['import x --port 1', '--port is not a flag of "import"'],
    ['run --first 1', '--first is not a flag of "run"'],
    [`--nodekey a --nodekeyhex ${hash}`, '--nodekey and --nodekeyhex exclude each other'],
    ['--config /nowhere/x.toml', '--config /nowhere/x.toml cannot be read (ENOENT)'],
  ])('%s', (line, message) => {
    expectUsageError(line, message);
  });

  test.each([
    ['--authrpc.addr localhost', 'invalid value "localhost" for --authrpc.addr: expected an IPv4 or'],
    ['--authrpc.port 65536', 'invalid value "65536" for --authrpc.port: expected an integer from'],
    ['--authrpc.vhosts a:8551', 'invalid value "a:8551" for --authrpc.vhosts: expected host names'],
    ['--authrpc.jwtsecret=', 'invalid value "" for --authrpc.jwtsecret: expected a path'],
    ['--authrpc.jwtsecret --log.json', '--authrpc.jwtsecret needs a value: --authrpc.jwtsecret'],
    ['--authrpc.jwt x', 'unknown flag --authrpc.jwt; '],
    ['status --authrpc', '--authrpc is not a flag of "status"'],
    ['status --no-authrpc', '--no-authrpc is not a flag of "status"'],
    ['--no-authrpc=x', '--no-authrpc takes no value'],
    ['--authrpc --no-authrpc', '--authrpc and --no-authrpc exclude each other'],
    ['--no-authrpc --no-authrpc', '--no-authrpc is repeated'],
    ['--no-http', 'unknown flag --no-http; '],
    ['--no-authrcp', 'unknown flag --no-authrcp; did you mean --no-authrpc?'],
    ['--authrpc=on', 'invalid value "on" for --authrpc: expected true, false or auto'],
    [
      '--http.api net,engine',
      'invalid value "net,engine" for --http.api: expected some of admin, debug, eth, net, txpool',
    ],
    ['--ws.api engine', 'invalid value "engine" for --ws.api: expected some of admin, debug, eth, net, txpool, web3'],
  ])('ND-02 %s', (line, beginning) => {
    expect(() => read(line)).toThrow(UsageError);
    expect(() => read(line)).toThrow(beginning);
  });

  test.each(['5', '5=0x12', `-5=0x${hash}`, `5=6=0x${hash}`, `x=0x${hash}`, `9007199254740993=${hash}`])(
    'ND-02 --eth.requiredblocks=%s',
    (value) => {
      expectUsageError(
        `--eth.requiredblocks=${value}`,
        /^invalid value ".+" for --eth.requiredblocks: expected NUMBER=HASH with a hash of 64 hex/,
      );
    },
  );

  test.each([
    ['prot = 1', /^"prot" in .*config.toml is not a setting; did you mean port\?$/],
    ['[sync]\ntraget = "x"', /^"sync.traget" in .* is not a setting; did you mean sync.target\?$/],
    ['[http]\nenable = true', /^"http.enable" in .* is not a setting; did you mean http.enabled\?$/],
    ['[nodiscover]\nenabled = true', /^"nodiscover" in .*: expected a string, a number, true or/],
    ['"http.port" = 1\n[http]\nport = 2', /^"http.port" in .* exclude each other$/],
    ['help = true', /^"help" in .* is not a setting/],
    ['port = "x"', /^invalid value "x" for "port" in .*: expected an integer/],
    ['port = 1.5', /^invalid value "1.5" for "port" in .*: expected an integer/],
    ['port = 2020-01-01', /^"port" in .*: expected a string, a number, true or false/],
    ['port = [', /^--config .*config.toml, line 1: /],
  ])('%j in the file', (text, message) => {
    const path = config(text);
    expectUsageError(`--config ${path}`, message);
  });

  test('an invalid key is not shown', () => {
    expect(() => read('', { DEVP2P_NODEKEYHEX: 'c0ffee' })).toThrow(/^(?!.*c0ffee).*DEVP2P_NODEKEYHEX/);
  });
});

test('the help shows every flag, within 100 columns', () => {
  const help = helpText();
  for (const name of Object.keys(flags)) expect(help).toContain(`--${name}`);
  for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
});
