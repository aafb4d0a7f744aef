import { generatePrivateKey } from '@devp2p/crypto';
import { fastCrypto } from '@devp2p/crypto/fast';
import { formatEnode, formatEnr, signEnr } from '@devp2p/enr';
import { describe, expect, test } from 'vitest';
import { readArguments } from '../../src/cli/flags/arguments.ts';
import { chainFilter } from '../../src/cli/flags/chain.ts';
import { helpText } from '../../src/cli/flags/help.ts';
import { networks } from '../../src/model/networks.ts';

const privateKey = generatePrivateKey();
const id = fastCrypto.secp256k1.publicKey(privateKey);
const enode = formatEnode({ id, host: '10.0.0.1', tcp: 30303, udp: 30303 });
const enr = formatEnr(signEnr({ ip: '10.0.0.1', udp: 30303 }, privateKey, { crypto: fastCrypto }));

describe('the command line', () => {
  test('has defaults for everything except the start nodes', () => {
    expect(readArguments(['crawl'])).toEqual({
      command: 'crawl',
      settings: {
        datadir: './devp2p-crawl',
        once: false,
        port: 0,
        metrics: false,
        'metrics.addr': '127.0.0.1',
        'metrics.port': 6060,
      },
    });
    expect(readArguments(['export'])).toMatchObject({
      settings: { format: 'ndjson', status: 'discovered' },
    });
    expect(readArguments(['check', enode])).toMatchObject({
      node: enode,
      settings: { json: false, timeout: 60_000 },
    });
  });

  test('is parsed with all kinds of values', () => {
    const hash = '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3';
    const args = `crawl --bootnodes ${enode},${enr} --datadir=d --networkid 17 --genesis ${hash} --forkid 0x07c9462e/5 --once --timeout 1h30m --interval 90 --rate 0.5 --rate.packets 100 --addr ::1 --port 30303 --keep 3`;
    const read = readArguments(args.split(' '));
    expect(read).toMatchObject({
      settings: {
        bootnodes: [enode, enr],
        datadir: 'd',
        once: true,
        timeout: 5_400_000,
        interval: 90_000,
        rate: 0.5,
        'rate.packets': 100,
        addr: '::1',
        port: 30303,
        keep: 3,
      },
    });
    if (read.command !== 'crawl') throw new Error('another command');
    expect(chainFilter(read.settings)).toEqual({
      networkId: 17n,
      genesis: networks.mainnet.chain.genesis,
      forkId: { hash: 0x07c9462e, next: 5n },
    });
    const named = readArguments(['crawl', '--network', 'hoodi']);
    expect(named.command === 'crawl' && chainFilter(named.settings)).toBe(networks.hoodi.chain);
  });

  test('is refused with one line that quotes the wrong argument', () => {
    const wrong: readonly [string, RegExp][] = [
      ['', /^no command; commands are crawl, export and check/],
      ['crwal', /^unknown command "crwal"; did you mean crawl\?$/],
      ['--once crawl', /^flag "--once" before the command/],
      ['dance', /^unknown command "dance"; commands are crawl, export and check/],
      ['crawl --onec', /^unknown flag --onec; did you mean --once\?$/],
      ['check --timout 3', /^unknown flag --timout; did you mean --timeout\?$/],
      ['crawl --metric.port 1', /^unknown flag --metric.port; did you mean --metrics.port\?$/],
      ['crawl --frobnicate', /^unknown flag --frobnicate; --help lists all flags$/],
      ['crawl --network sepola', /expected one of mainnet, sepolia, hoodi; did you mean sepolia\?$/],
      ['crawl -o', /^unknown flag -o/],
      ['crawl --once --once', /^--once is repeated/],
      ['crawl --once=no', /^invalid value "no" for --once: expected true or false$/],
      ['crawl --datadir', /^--datadir needs a value: --datadir DIR/],
      ['crawl --datadir --once', /^--datadir needs a value/],
      ['crawl more', /^unexpected argument "more"/],
      ['crawl --port 70000', /^invalid value "70000" for --port: expected an integer from 0 to 65535/],
      ['crawl --rate -1', /^invalid value "-1" for --rate/],
      ['crawl --rate=-1', /^invalid value "-1" for --rate: expected a number above 0/],
      ['crawl --timeout 5x', /^invalid value "5x" for --timeout/],
      ['crawl --network goerli', /"goerli" for --network: expected one of mainnet, sepolia, hoodi/],
      ['crawl --network hoodi --networkid 1', /^--network and --networkid exclude each other/],
      [
        'crawl --genesis 0x12',
        /^invalid value "0x12" for --genesis: expected the genesis block's hash, 64 hex digits;/,
      ],
      ['crawl --genesis genesis.json', /"genesis\.json" .* a genesis\.json is for devp2p-node$/],
      ['crawl --forkid 07c9462e/x', /^invalid value "07c9462e\/x" for --forkid/],
      ['crawl --forkid 07c9462e/1/2', /for --forkid: expected HASH or HASH\/NEXT/],
      ['crawl --networkid 18446744073709551616', /for --networkid: expected an integer below/],
      ['crawl --addr localhost', /^invalid value "localhost" for --addr/],
      ['crawl --bootnodes ,', /^invalid value "," for --bootnodes: expected at least one/],
      [`crawl --bootnodes ${enode},enode://abc@1.2.3.4:1`, /"enode:\/\/abc@1.2.3.4:1": .*got "abc"/],
      [`crawl --bootnodes ${enode.replace('30303', '0')}`, /expected a UDP port other than 0/],
      ['crawl --bootnodes enr:-xx', /^invalid value "enr:-xx" for --bootnodes/],
      ['crawl --dns enrtree://abc', /^invalid value "enrtree:\/\/abc" for --dns/],
      ['export --format xml', /"xml" for --format: expected one of ndjson, csv, nodes.json/],
      ['export --once', /^unknown flag --once/],
      ['export --status up', /^invalid value "up" for --status: expected one of discovered, bonded/],
      ['check', /^check needs a node/],
      ['check enode://x', /^invalid value "enode:\/\/x" for the node/],
      [`check ${enode} ${enode}`, /^unexpected argument "enode:/],
    ];
    for (const [line, message] of wrong) {
      const args = line.split(' ').filter((word) => word !== '');
      let error: unknown;
      try {
        readArguments(args);
      } catch (thrown) {
        error = thrown;
      }
      expect(error, line).toMatchObject({ name: 'UsageError' });
      expect((error as Error).message).toMatch(message);
      expect((error as Error).message).not.toContain('\n');
    }
  });

  test('returns help or version despite other errors', () => {
    expect(readArguments(['crawl', '--rate', 'x', '--help'])).toEqual({ command: 'help' });
    expect(readArguments(['-v'])).toEqual({ command: 'version' });
  });

  test('is listed in --help by groups, on short lines', () => {
    const text = helpText();
    expect(text).toMatch(/\n {2}Schedule\n {4}--once {2,}end when/);
    for (const line of text.split('\n')) expect(line.length).toBeLessThan(110);
  });
});
