// Command opcodes runs messages in the EVM of go-ethereum. It reads one JSON value a line from standard input: a world
// ({"world": …}), or a message in the last world ({"message": …}). For each message it prints a line with the result.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/ethereum/go-ethereum/log"
)

type line struct {
	World   *worldInput `json:"world"`
	Message *message    `json:"message"`
}

func main() {
	log.SetDefault(log.NewLogger(slog.DiscardHandler))
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(bufio.NewReaderSize(in, 1<<20))
	writer := bufio.NewWriterSize(out, 1<<16)
	encoder := json.NewEncoder(writer)
	var current *world
	for {
		var entry line
		if err := decoder.Decode(&entry); err == io.EOF {
			return writer.Flush()
		} else if err != nil {
			return err
		}
		if entry.World != nil {
			next, err := newWorld(entry.World)
			if err != nil {
				return err
			}
			current = next
		}
		if entry.Message != nil {
			if current == nil {
				return fmt.Errorf("a message before the first world")
			}
			outcome, err := current.run(entry.Message)
			if err != nil {
				return err
			}
			if err := encoder.Encode(outcome); err != nil {
				return err
			}
			// The reader may wait for the answer before it sends more.
			if err := writer.Flush(); err != nil {
				return err
			}
		}
	}
}
