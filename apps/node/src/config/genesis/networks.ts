import type { NetworkName } from '@devp2p/appkit/networks';
import { fromHex } from '@devp2p/bytes';
import type { Crypto } from '@devp2p/crypto';
import { type Genesis, genesisOf } from './genesis.ts';
import { parseGenesisJson } from './genesis-json.ts';

/** Forks that every network but mainnet has had from its first block on. */
const fromFirstBlock = {
  homesteadBlock: 0,
  eip150Block: 0,
  eip155Block: 0,
  eip158Block: 0,
  byzantiumBlock: 0,
  constantinopleBlock: 0,
  petersburgBlock: 0,
  istanbulBlock: 0,
  muirGlacierBlock: 0,
  berlinBlock: 0,
  londonBlock: 0,
};

/** The same on all three. */
const blobSchedule = {
  cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
  prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
  bpo1: { target: 10, max: 15, baseFeeUpdateFraction: 8_346_193 },
  bpo2: { target: 14, max: 21, baseFeeUpdateFraction: 11_684_671 },
};

/** Genesis of each network, with the root of the accounts instead of the accounts. */
const networks = {
  mainnet: {
    stateRoot: 'd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544',
    config: {
      chainId: 1,
      homesteadBlock: 1_150_000,
      daoForkBlock: 1_920_000,
      daoForkSupport: true,
      eip150Block: 2_463_000,
      eip155Block: 2_675_000,
      eip158Block: 2_675_000,
      byzantiumBlock: 4_370_000,
      constantinopleBlock: 7_280_000,
      petersburgBlock: 7_280_000,
      istanbulBlock: 9_069_000,
      muirGlacierBlock: 9_200_000,
      berlinBlock: 12_244_000,
      londonBlock: 12_965_000,
      arrowGlacierBlock: 13_773_000,
      grayGlacierBlock: 15_050_000,
      terminalTotalDifficulty: '58750000000000000000000',
      shanghaiTime: 1_681_338_455,
      cancunTime: 1_710_338_135,
      pragueTime: 1_746_612_311,
      osakaTime: 1_764_798_551,
      bpo1Time: 1_765_290_071,
      bpo2Time: 1_767_747_671,
      depositContractAddress: '0x00000000219ab540356cbb839cbe05303d7705fa',
    },
    nonce: '0x42',
    extraData: '0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa',
    gasLimit: 5000,
    difficulty: '0x400000000',
  },
  sepolia: {
    stateRoot: '5eb6e371a698b8d68f665192350ffcecbbbf322916f4b51bd79bb6887da3f494',
    config: {
      ...fromFirstBlock,
      chainId: 11_155_111,
      mergeNetsplitBlock: 1_735_371,
      terminalTotalDifficulty: '17000000000000000',
      shanghaiTime: 1_677_557_088,
      cancunTime: 1_706_655_072,
      pragueTime: 1_741_159_776,
      osakaTime: 1_760_427_360,
      bpo1Time: 1_761_017_184,
      bpo2Time: 1_761_607_008,
      amsterdamTime: 1_791_294_816,
      depositContractAddress: '0x7f02c3e3c98b133055b8b348b2ac625669ed295d',
    },
    timestamp: 1_633_267_481,
    extraData: '0x5365706f6c69612c20417468656e732c204174746963612c2047726565636521',
    gasLimit: 30_000_000,
    difficulty: '0x20000',
  },
  hoodi: {
    stateRoot: 'da87d7f5f91c51508791bbcbd4aa5baf04917830b86985eeb9ad3d5bfb657576',
    config: {
      ...fromFirstBlock,
      chainId: 560_048,
      mergeNetsplitBlock: 0,
      terminalTotalDifficulty: 0,
      shanghaiTime: 0,
      cancunTime: 0,
      pragueTime: 1_742_999_832,
      osakaTime: 1_761_677_592,
      bpo1Time: 1_762_365_720,
      bpo2Time: 1_762_955_544,
      depositContractAddress: '0x00000000219ab540356cbb839cbe05303d7705fa',
    },
    nonce: '0x1234',
    timestamp: 1_742_212_800,
    gasLimit: 36_000_000,
    difficulty: 1,
  },
} satisfies Record<NetworkName, object>;

/** The genesis of a public network, without its accounts. */
export function networkGenesis(name: NetworkName, crypto: Crypto): Genesis {
  const { stateRoot, config, ...fields } = networks[name];
  const text = JSON.stringify({
    ...fields,
    config: { ...config, ethash: {}, blobSchedule },
    alloc: {},
  });
  const genesis = genesisOf(parseGenesisJson(text), fromHex(stateRoot), crypto);
  return { ...genesis, source: `network ${name}` };
}
