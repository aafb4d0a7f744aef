import { flagLabel, flagText } from '@devp2p/appkit/cli';
import { checkFlags, crawlFlags, exportFlags, type Flag } from './flags.ts';

type AnyFlags = Readonly<Record<string, Flag<unknown>>>;

const commands: readonly (readonly [string, string, AnyFlags])[] = [
  ['crawl [flags]', 'finds and identifies the nodes of a network', crawlFlags],
  ['export [flags]', 'writes the nodes that were found', exportFlags],
  ['check ENODE|ENR [flags]', 'checks whether a node is reachable, step by step', checkFlags],
];

/** Returns the text of `--help`, generated from the flag tables. */
export function helpText(): string {
  const width = Math.max(
    ...commands.flatMap(([, , flags]) => Object.entries(flags).map((flag) => flagLabel(...flag).length)),
  );
  const usage = commands.map(([form, what]) => `  devp2p-crawler ${form.padEnd(25)} ${what}`);
  const sections = commands.flatMap(([form, , flags]) => {
    const lines = ['', `Flags of ${form.split(' ', 1)[0]}`];
    let heading = '';
    for (const flag of Object.entries(flags)) {
      const { group } = flag[1];
      if (group !== heading) lines.push(`  ${group}`);
      heading = group;
      lines.push(`    ${flagLabel(...flag).padEnd(width)}  ${flagText(flag[1])}`);
    }
    return lines;
  });
  return `devp2p-crawler: crawler of Ethereum networks

Usage
${usage.join('\n')}
  devp2p-crawler --help | --version
${sections.join('\n')}
`;
}
