import { errorText as format } from '@devp2p/appkit';
import { printable } from '../../model/client-name.ts';

/** Formats an error and its causes on one line, safe to display. */
export function errorText(error: unknown): string {
  return printable(format(error));
}
