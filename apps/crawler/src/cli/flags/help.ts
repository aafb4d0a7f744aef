import { checkFlags, crawlFlags, exportFlags, type Flag } from './flags.ts';

type AnyFlags = Readonly<Record<string, Flag<unknown>>>;

const commands: readonly (readonly [string, string, AnyFlags])[] = [
  ['crawl [flags]', 'finds the nodes of a network, and what they are', crawlFlags],
  ['export [flags]', 'writes what was found', exportFlags],
  ['check ENODE|ENR [flags]', 'is this node reachable? every step with its time', checkFlags],
];

/** The text of `--help`, made from the tables of flags. */
export function helpText(): string {
  const width = Math.max(
    ...commands.flatMap(([, , flags]) => Object.entries(flags).map((flag) => left(flag).length)),
  );
  const usage = commands.map(([form, what]) => `  devp2p-crawler ${form.padEnd(25)} ${what}`);
  const sections = commands.flatMap(([form, , flags]) => {
    const lines = ['', `Flags of ${form.split(' ', 1)[0]}`];
    let heading = '';
    for (const flag of Object.entries(flags)) {
      const { group } = flag[1];
      if (group !== heading) lines.push(`  ${group}`);
      heading = group;
      lines.push(`    ${left(flag).padEnd(width)}  ${right(flag[1])}`);
    }
    return lines;
  });
  return `devp2p-crawler: who is on an Ethereum network

Usage
${usage.join('\n')}
  devp2p-crawler --help | --version
${sections.join('\n')}
`;
}

function left([name, { value }]: readonly [string, Flag<unknown>]): string {
  return `--${name}${value === undefined ? '' : ` ${value}`}`;
}

function right({ help, default: fallback }: Flag<unknown>): string {
  return fallback === undefined ? help : `${help} (${fallback})`;
}
