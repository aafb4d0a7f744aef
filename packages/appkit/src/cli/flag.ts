/** What reading the command line and `--help` need of a flag. */
export interface BaseFlag {
  readonly help: string;
  /** Placeholder of the value in `--help`; a flag without it is a switch. */
  readonly value?: string;
  /** One letter, for `-x`. */
  readonly short?: string;
  /** Default as text. */
  readonly default?: string;
  /** Whether it can be repeated; the values are joined with commas. @default false */
  readonly many?: boolean;
  /** Whether `--no-NAME` switches it off. @default false */
  readonly negatable?: boolean;
}

/** Formats a flag for the left column of `--help`: `-h, --help` or `--port PORT`. */
export function flagLabel(name: string, { value, short }: BaseFlag): string {
  const prefix = short === undefined ? '' : `-${short}, `;
  return `${prefix}--${name}${value === undefined ? '' : ` ${value}`}`;
}

/** Formats a flag for the right column of `--help`: the text, and the default in parentheses. */
export function flagText({ help, default: fallback }: BaseFlag): string {
  return fallback === undefined ? help : `${help} (${fallback})`;
}
