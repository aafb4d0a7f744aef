package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/eth/protocols/eth"
	"github.com/ethereum/go-ethereum/rlp"
)

func rlpCases(folder string) map[string]setUp {
	body := filepath.Join(folder, "body.rlp")
	headers := filepath.Join(folder, "headers.rlp")
	return map[string]setUp{
		"rlp-body-decode": decoding(body, func(b *types.Body) (sum int) {
			for _, transaction := range b.Transactions {
				sum += len(transaction.Data())
			}
			return sum
		}),
		"rlp-body-encode": encoding[types.Body](body),
		"rlp-raw-body-decode": decoding(body, func(b *eth.BlockBody) int {
			return b.Transactions.Len()
		}),
		"rlp-headers-decode": decoding(headers, func(h *[]*types.Header) (sum int) {
			for _, header := range *h {
				sum += int(header.Bloom[0]) + int(header.MixDigest[0])
			}
			return sum
		}),
		"rlp-headers-encode": encoding[[]*types.Header](headers),
	}
}

// decoding counts decoded bytes; sum, a sum over all items, must be the same each time.
func decoding[T any](file string, sum func(*T) int) setUp {
	return func() (slice, error) {
		value, encoded, err := roundTrip[T](file)
		if err != nil {
			return nil, err
		}
		want := sum(value)
		return func(over over) (int, error) {
			count := 0
			for !over() {
				var decoded T
				if err := rlp.DecodeBytes(encoded, &decoded); err != nil {
					return 0, err
				}
				if found := sum(&decoded); found != want {
					return 0, fmt.Errorf("sum is %d, not %d", found, want)
				}
				count += len(encoded)
			}
			return count, nil
		}, nil
	}
}

// encoding counts encoded bytes.
func encoding[T any](file string) setUp {
	return func() (slice, error) {
		value, want, err := roundTrip[T](file)
		if err != nil {
			return nil, err
		}
		return func(over over) (int, error) {
			count := 0
			for !over() {
				encoded, err := rlp.EncodeToBytes(value)
				if err != nil {
					return 0, err
				}
				if len(encoded) != len(want) {
					return 0, fmt.Errorf("%d bytes, not %d", len(encoded), len(want))
				}
				count += len(encoded)
			}
			return count, nil
		}, nil
	}
}

// roundTrip checks that encoding the decoded file gives the file.
func roundTrip[T any](file string) (*T, []byte, error) {
	encoded, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	value := new(T)
	if err := rlp.DecodeBytes(encoded, value); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	again, err := rlp.EncodeToBytes(value)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(again, encoded) {
		return nil, nil, fmt.Errorf("%s does not come out as it went in", file)
	}
	return value, encoded, nil
}
