package main

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/p2p/enr"
	"github.com/ethereum/go-ethereum/rlp"
)

func enrCases(file string) map[string]setUp {
	return map[string]setUp{
		"enr-sign":   records(file, signing),
		"enr-verify": records(file, verifying),
	}
}

// forkID is an item of the eth entry.
type forkID struct {
	Hash [4]byte
	Next uint64
}

// records works on all records of a file in turn and checks each result.
func records(file string, prepare func(kind int, text string) (work func() (bool, error), err error)) setUp {
	return func() (slice, error) {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var works []func() (bool, error)
		for kind, text := range bytes.Fields(content) {
			work, err := prepare(kind, string(text))
			if err != nil {
				return nil, err
			}
			works = append(works, work)
		}
		return func(over over) (int, error) {
			count := 0
			for !over() {
				for kind, work := range works {
					right, err := work()
					if err != nil {
						return 0, err
					}
					if !right {
						return 0, fmt.Errorf("record %d came out otherwise", kind)
					}
				}
				count += len(works)
			}
			return count, nil
		}, nil
	}
}

func address(kind int) netip.Addr {
	return netip.AddrFrom4([4]byte{203, 0, 113, byte(kind + 1)})
}

func signing(kind int, text string) (func() (bool, error), error) {
	want, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "enr:"))
	if err != nil {
		return nil, err
	}
	private, err := crypto.ToECDSA(key(kind))
	return func() (bool, error) {
		signed, err := sign(kind, private)
		return bytes.Equal(signed, want), err
	}, err
}

func sign(kind int, private *ecdsa.PrivateKey) ([]byte, error) {
	var record enr.Record
	record.SetSeq(uint64(kind + 1))
	record.Set(enr.IPv4Addr(address(kind)))
	record.Set(enr.TCP(30303))
	record.Set(enr.UDP(30304))
	record.Set(enr.WithEntry("eth", []forkID{{[4]byte{0x07, 0xc9, 0x46, 0x2e}, 1_800_000_000}}))
	if err := enode.SignV4(&record, private); err != nil {
		return nil, err
	}
	return rlp.EncodeToBytes(&record)
}

func verifying(kind int, text string) (func() (bool, error), error) {
	return func() (bool, error) {
		node, err := enode.Parse(enode.ValidSchemes, text)
		if err != nil {
			return false, err
		}
		return node.IPAddr() == address(kind) && node.TCP() == 30303 && node.UDP() == 30304, nil
	}, nil
}
