import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '@devp2p/bytes';
import { fastCrypto } from '@devp2p/crypto/fast';
import { parseEnode } from '@devp2p/enr';
import { isLoopback, parseIp } from '@devp2p/ip';
import { readGenesisFile } from '../../config/genesis/genesis-file.ts';
import { type DevNode, openDevNode } from '../../dev/dev-node.ts';
import type { CommandContext } from '../context.ts';
import type { Settings } from '../flags/flags.ts';
import { aborted, failureOf } from './ends.ts';
import { nodeSettings } from './node-settings.ts';

/** `devp2p-node dev`: runs a node with a development chain until a signal. */
export async function dev(context: CommandContext): Promise<void> {
  const { datadir } = context.settings;
  if (datadir !== '') return runDevChain(context, datadir);
  const temporary = await mkdtemp(join(tmpdir(), 'devp2p-dev-'));
  try {
    await runDevChain(context, temporary);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function runDevChain(
  { settings, logs, progress, print, signal }: CommandContext,
  datadir: string,
): Promise<void> {
  const genesis = settings.genesis === undefined ? undefined : await genesisText(settings.genesis);
  const running = await openDevNode({
    settings: { accounts: settings.accounts, genesis, interval: settings.period || 'transactions' },
    node: { ...nodeSettings(settings), datadir, logs, report: progress.report, signal },
    load: settings.load,
    isPublic: settings['dev.public'],
  }).catch((error: unknown) => {
    if (signal.aborted && error === signal.reason) return undefined;
    throw error;
  });
  if (running === undefined) return;
  try {
    for (const line of description(running, settings)) print(line);
    await Promise.race([aborted(signal), failureOf(running.node.chain.failed)]);
  } finally {
    progress.close();
    await running.close();
  }
}

/** @throws NodeError `genesis-unreadable`; ChainError `invalid-genesis` */
async function genesisText(path: string): Promise<string> {
  await readGenesisFile(path, fastCrypto);
  return readFile(path, 'utf8');
}

function description(dev: DevNode, { period, addr }: Settings): string[] {
  const { node, accounts, genesisFile } = dev;
  const { config } = node.chain.genesis;
  const when = period ? `every ${period} s` : 'as soon as there are transactions';
  return [
    `development chain ${config.chainId}, a block ${when}`,
    'The keys of these accounts are public: ether that is sent to them on another network is lost.',
    ...accounts.map(
      ({ address, privateKey }, i) => `account=${i} address=0x${toHex(address)} key=0x${toHex(privateKey)}`,
    ),
    ...following(dev, addr),
    `genesis=${genesisFile}`,
    `enode=${node.enode}`,
  ];
}

/** The command with which another node follows: on this host or, if the chain listens outside of it, on another one. */
function following({ node, genesisFile }: DevNode, listener: string): string[] {
  const command = (genesis: string, enode: string): string =>
    `follow it: devp2p-node --genesis ${genesis} --eth.blockgossip --static ${enode}`;
  if (isLocal(listener)) return [command(genesisFile, node.enode)];
  const copy = `on another host; GENESIS is a copy of ${genesisFile}`;
  if (!isLocal(parseEnode(node.enode).host)) return [command('GENESIS', node.enode), copy];
  const enode = node.enode.replace(/@.*(?=:)/, '@ADDRESS');
  return [command('GENESIS', enode), `${copy}, ADDRESS is that of this host`];
}

function isLocal(address: string): boolean {
  const ip = parseIp(address);
  return ip !== undefined && isLoopback(ip);
}
