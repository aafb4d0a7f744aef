// Runs a development chain inside of a test: accounts with ether, and blocks at the moment of each call.
import { signTransaction } from '@devp2p/eth';
import { createDevChain } from '@devp2p/node';

const dev = await createDevChain({ accounts: 2 });
const [alice, bob] = dev.accounts;
if (alice === undefined || bob === undefined) throw new Error('no accounts');

const transfer = (nonce: bigint) =>
  signTransaction(
    {
      chainId: 1337n,
      nonce,
      gas: 21_000n,
      to: bob.address,
      value: 10n ** 18n,
      maxFeePerGas: 10n ** 10n,
      maxPriorityFeePerGas: 1n,
    },
    alice.privateKey,
  );

const { header, receipts } = await dev.mine([transfer(0n), transfer(1n)]);
console.log(`block ${header.number} with ${receipts.length} transactions`); // block 1 with 2 transactions
console.log((await dev.account(bob.address))?.balance); // 10002000000000000000000n

const refusal = await dev.mine([transfer(0n)]).catch((error: Error) => error);
console.log(String(refusal)); // DevError: transaction 0: nonce 0 is below that of 0xf39f…2266, 2
await dev.close();
