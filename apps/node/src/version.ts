import { readVersion } from '@devp2p/appkit';

/** Version of this package. */
export const version: string = readVersion(new URL('../package.json', import.meta.url));
