// Migrates a database, and kills its process after some batches. Needs a build.
import { fastCrypto as crypto } from '@devp2p/crypto/fast';
import { parseGenesis } from '../../dist/config/genesis/genesis.js';
import { openDatabase } from '../../dist/storage/database.js';
import { prepareDatabase } from '../../dist/storage/format.js';

const [location, genesisText, batch, limit] = process.argv.slice(2);
const genesis = parseGenesis(genesisText, crypto);
let left = Number(limit);
await prepareDatabase({
  database: await openDatabase(location),
  genesis,
  crypto,
  migrationBatch: Number(batch),
  onMigrate() {
    left -= 1;
    if (left < 0) process.kill(process.pid, 'SIGKILL');
  },
});
