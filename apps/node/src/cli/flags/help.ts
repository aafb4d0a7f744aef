import { flagLabel, flagText } from '@devp2p/appkit/cli';
import { groups } from './flag.ts';
import { flags, type Settings } from './flags.ts';

const usage = `devp2p-node: an Ethereum node that downloads, executes and serves a chain

Mainnet, Sepolia and Hoodi are followed without execution, until their state can be downloaded.

Usage
  devp2p-node [run] [flags]            run a node
  devp2p-node dev [flags]              run a development chain, with accounts that have ether
  devp2p-node import FILE [flags]      add the blocks of FILE (RLP, also gzip; - is standard input)
  devp2p-node export FILE [flags]      write the chain's blocks to FILE (- is standard output)
  devp2p-node status [flags]           show a running node, which serves admin over HTTP
`;

const footer = `
Every flag can also be set in the environment (--sync.target is DEVP2P_SYNC_TARGET) or in the
--config file ([sync] target = "0x…"). There, --http, --ws, --authrpc and --metrics are also
"enabled" in their sections: [http] enabled = true.
`;

/** The text of `--help`, made from the table of flags. */
export function helpText(): string {
  const names = Object.keys(flags) as (keyof Settings)[];
  const width = Math.max(...names.map((name) => flagLabel(name, flags[name]).length));
  const lines = groups.flatMap((group) => [
    '',
    group,
    ...names
      .filter((name) => flags[name].group === group)
      .map((name) => `  ${flagLabel(name, flags[name]).padEnd(width)}  ${flagText(flags[name])}`),
  ]);
  return `${usage}${lines.join('\n')}\n${footer}`;
}
