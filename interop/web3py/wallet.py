"""Does with web3.py what a wallet does, against a node at a URL. Prints one line for each part."""

import sys

from web3 import Web3

url, key, init_code, topic = sys.argv[1:5]
w3 = Web3(Web3.HTTPProvider(url))
account = w3.eth.account.from_key(key)
to = Web3.to_checksum_address("0x" + "55" * 20)
gas_price = 20 * 10**9

assert w3.is_connected()
assert w3.eth.chain_id == 1337
assert w3.eth.get_balance(account.address) == 10_000 * 10**18
assert w3.eth.get_transaction_count(account.address, "pending") == 0
assert w3.eth.gas_price > 0 and w3.eth.max_priority_fee > 0
assert len(w3.eth.fee_history(1, "latest", [50])["baseFeePerGas"]) == 2
assert w3.eth.get_block("latest")["number"] >= 0
print("reads")


def send(fields):
    nonce = w3.eth.get_transaction_count(account.address)
    signed = account.sign_transaction({"chainId": 1337, "nonce": nonce, "gas": 200_000, **fields})
    tx_hash = w3.eth.send_raw_transaction(signed.raw_transaction)
    receipt = w3.eth.wait_for_transaction_receipt(tx_hash, timeout=120, poll_latency=0.05)
    assert receipt["status"] == 1
    assert w3.eth.get_transaction(tx_hash)["hash"] == tx_hash
    return receipt


dynamic = {"maxFeePerGas": gas_price, "maxPriorityFeePerGas": 10**9}
key_of_slot = "0x" + "01".rjust(64, "0")
assert send({"gasPrice": gas_price, "to": to, "value": 1})["type"] == 0
access_list = [{"address": to, "storageKeys": [key_of_slot]}]
assert send({"type": 1, "gasPrice": gas_price, "to": to, "value": 1, "accessList": access_list})["type"] == 1
assert send({**dynamic, "to": to, "value": 1})["type"] == 2
authorization = account.sign_authorization(
    {"chainId": 1337, "address": to, "nonce": w3.eth.get_transaction_count(account.address) + 1}
)
assert send({**dynamic, "to": to, "value": 1, "authorizationList": [authorization]})["type"] == 4
assert w3.eth.get_balance(to) == 4
print("sends")

contract = send({**dynamic, "data": init_code})["contractAddress"]
word = "0x" + "2a".rjust(64, "0")
written = send({**dynamic, "to": contract, "data": word})
assert [log["topics"][0].to_0x_hex() for log in written["logs"]] == [topic]
assert w3.eth.get_storage_at(contract, 1).to_0x_hex() == word
assert w3.eth.call({"to": contract, "data": word}).to_0x_hex() == word
assert w3.eth.estimate_gas({"to": contract, "data": word, "from": account.address}) > 21_000
assert len(w3.eth.get_logs({"address": contract, "fromBlock": 0})) == 1
assert w3.eth.create_access_list({"to": contract, "data": word})["accessList"]
assert w3.eth.get_proof(contract, [1])["storageProof"][0]["value"].to_0x_hex() == "0x2a"
print("contracts")
