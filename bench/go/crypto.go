package main

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/crypto/ecies"
	"github.com/ethereum/go-ethereum/crypto/keccak"
)

const (
	inputs    = 16
	bulk      = 1 << 16
	peeks     = 1024
	peeksDone = "118e79ed8c01e0c38258cf1b122804ee3219cae7bb1528df025a4dc9b4ffe128"
)

func cryptoCases() map[string]setUp {
	return map[string]setUp{
		"crypto-public-key":   publicKeys,
		"crypto-sign":         signatures,
		"crypto-recover":      recoveries,
		"crypto-ecdh":         sharedSecrets,
		"crypto-keccak-bulk":  hashing(bulk, bulk),
		"crypto-keccak-200":   hashing(200, 1),
		"crypto-keccak-peeks": peeking,
	}
}

// key is the hash of its number, used as a private key or a message of 32 bytes.
func key(number int) []byte {
	return crypto.Keccak256([]byte{byte(number)})
}

func keys() (all [inputs][]byte) {
	for i := range all {
		all[i] = key(i)
	}
	return all
}

// checked runs work over its inputs; results must be the same each time. Each run counts as `unit`.
func checked(work func(int) ([]byte, error), unit int) (slice, error) {
	var want [inputs][]byte
	for i := range want {
		result, err := work(i)
		if err != nil {
			return nil, err
		}
		want[i] = result
	}
	return func(over over) (int, error) {
		count := 0
		for !over() {
			for i := 0; i < inputs; i++ {
				result, err := work(i)
				if err != nil {
					return 0, err
				}
				if result[0] != want[i][0] || result[31] != want[i][31] {
					return 0, fmt.Errorf("input %d gave another result", i)
				}
			}
			count += inputs * unit
		}
		return count, nil
	}, nil
}

func publicKeys() (slice, error) {
	private := keys()
	return checked(func(i int) ([]byte, error) {
		x, y := crypto.S256().ScalarBaseMult(private[i])
		return crypto.S256().Marshal(x, y)[1:], nil
	}, 1)
}

func signatures() (slice, error) {
	private, err := crypto.ToECDSA(key(0))
	if err != nil {
		return nil, err
	}
	hashes := keys()
	return checked(func(i int) ([]byte, error) { return crypto.Sign(hashes[i], private) }, 1)
}

func recoveries() (slice, error) {
	private, err := crypto.ToECDSA(key(0))
	if err != nil {
		return nil, err
	}
	hashes := keys()
	var signed [inputs][]byte
	for i := range signed {
		if signed[i], err = crypto.Sign(hashes[i], private); err != nil {
			return nil, err
		}
	}
	public := crypto.FromECDSAPub(&private.PublicKey)
	return checked(func(i int) ([]byte, error) {
		recovered, err := crypto.Ecrecover(hashes[i], signed[i])
		if err == nil && !bytes.Equal(recovered, public) {
			err = fmt.Errorf("recovered another key")
		}
		return recovered, err
	}, 1)
}

func sharedSecrets() (slice, error) {
	var pairs [inputs]*ecies.PrivateKey
	for i := range pairs {
		private, err := crypto.ToECDSA(key(i))
		if err != nil {
			return nil, err
		}
		pairs[i] = ecies.ImportECDSA(private)
	}
	return checked(func(i int) ([]byte, error) {
		return pairs[0].GenerateShared(&pairs[i].PublicKey, 16, 16)
	}, 1)
}

func hashing(size, unit int) setUp {
	return func() (slice, error) {
		data := bytes.Repeat([]byte{0xa5}, size)
		return checked(func(i int) ([]byte, error) {
			data[0] = byte(i)
			return crypto.Keccak256(data), nil
		}, unit)
	}
}

// peeking absorbs 16 bytes of the last digest and reads the next one, as for the MAC of a frame.
func peeking() (slice, error) {
	want, err := hex.DecodeString(peeksDone)
	if err != nil {
		return nil, err
	}
	return func(over over) (int, error) {
		count := 0
		digest := make([]byte, 32)
		for !over() {
			sponge := keccak.NewLegacyKeccak256()
			clear(digest)
			for i := 0; i < peeks; i++ {
				sponge.Write(digest[:16])
				digest = sponge.Sum(digest[:0])
			}
			if !bytes.Equal(digest, want) {
				return 0, fmt.Errorf("ended at %x", digest)
			}
			count += peeks
		}
		return count, nil
	}, nil
}
