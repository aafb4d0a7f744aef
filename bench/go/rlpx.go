package main

import (
	"bytes"
	"crypto/ecdsa"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/rlpx"
	"github.com/ethereum/go-ethereum/rlp"
)

const (
	messageCode  = 0x10
	messageKinds = 8
)

func rlpxCases(folder string) map[string]setUp {
	return map[string]setUp{
		"rlpx-handshake": handshakes,
		"rlpx-bulk":      messages(filepath.Join(folder, "messages-random.bin"), true),
		"rlpx-blocks":    messages(filepath.Join(folder, "messages-blocks.bin"), true),
		"rlpx-small":     messages(filepath.Join(folder, "messages-small.bin"), false),
	}
}

// hello is the first message of p2p.
type hello struct {
	Version    uint64
	Name       string
	Caps       []p2p.Cap
	ListenPort uint64
	ID         []byte
}

// pair is a listener and the keys of both ends.
type pair struct {
	listener          net.Listener
	dialer, acceptor *ecdsa.PrivateKey
}

func newPair() (*pair, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	dialer, err := crypto.GenerateKey()
	if err != nil {
		return nil, err
	}
	acceptor, err := crypto.GenerateKey()
	return &pair{listener, dialer, acceptor}, err
}

// open connects two ends over a socket, with handshake and Hello.
func (p *pair) open() (dialed, accepted *rlpx.Conn, err error) {
	type end struct {
		conn *rlpx.Conn
		err  error
	}
	ends := make(chan end)
	go func() {
		socket, err := p.listener.Accept()
		if err != nil {
			ends <- end{nil, err}
			return
		}
		conn := rlpx.NewConn(socket, nil)
		ends <- end{conn, shakeHands(conn, p.acceptor, &p.dialer.PublicKey)}
	}()
	socket, err := net.Dial("tcp", p.listener.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	dialed = rlpx.NewConn(socket, &p.acceptor.PublicKey)
	err = shakeHands(dialed, p.dialer, &p.acceptor.PublicKey)
	other := <-ends
	if err == nil {
		err = other.err
	}
	return dialed, other.conn, err
}

func shakeHands(conn *rlpx.Conn, key *ecdsa.PrivateKey, want *ecdsa.PublicKey) error {
	remote, err := conn.Handshake(key)
	if err != nil {
		return err
	}
	if !remote.Equal(want) {
		return fmt.Errorf("the handshake authenticated another key")
	}
	ours, err := rlp.EncodeToBytes(&hello{
		Version: 5,
		Name:    "bench",
		Caps:    []p2p.Cap{{Name: "bench", Version: 1}},
		ID:      crypto.FromECDSAPub(&key.PublicKey)[1:],
	})
	if err != nil {
		return err
	}
	if _, err := conn.Write(0, ours); err != nil {
		return err
	}
	code, payload, _, err := conn.Read()
	if err != nil {
		return err
	}
	var theirs hello
	if err := rlp.DecodeBytes(payload, &theirs); err != nil {
		return err
	}
	if code != 0 || !bytes.Equal(theirs.ID, crypto.FromECDSAPub(want)[1:]) {
		return fmt.Errorf("no Hello of the other end")
	}
	conn.SetSnappy(true)
	return nil
}

func handshakes() (slice, error) {
	pair, err := newPair()
	if err != nil {
		return nil, err
	}
	return func(over over) (int, error) {
		count := 0
		for !over() {
			dialed, accepted, err := pair.open()
			if err != nil {
				return 0, err
			}
			dialed.Close()
			accepted.Close()
			count++
		}
		return count, nil
	}, nil
}

// messages sends the messages of a file from one end to the other in a loop. Counts payload bytes or messages.
func messages(file string, countBytes bool) setUp {
	return func() (slice, error) {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		size := len(content) / messageKinds
		payload := func(index int) []byte {
			start := index % messageKinds * size
			return content[start : start+size]
		}
		pair, err := newPair()
		if err != nil {
			return nil, err
		}
		from, to, err := pair.open()
		if err != nil {
			return nil, err
		}
		return func(over over) (int, error) {
			sent := make(chan int, 1)
			failed := make(chan error, 1)
			go func() {
				index := 0
				for ; !over() || index == 0; index++ {
					if _, err := from.Write(messageCode, payload(index)); err != nil {
						failed <- err
						return
					}
				}
				// The message with their number must be after them.
				if _, err := from.Write(messageCode+1, nil); err != nil {
					failed <- err
				}
				sent <- index
			}()
			received := 0
			for {
				code, data, _, err := to.Read()
				if err != nil {
					return 0, err
				}
				if code == messageCode+1 {
					break
				}
				if code != messageCode || !bytes.Equal(data, payload(received)) {
					return 0, fmt.Errorf("message %d differs", received)
				}
				received++
			}
			select {
			case err := <-failed:
				return 0, err
			case count := <-sent:
				if count != received {
					return 0, fmt.Errorf("%d sent, %d received", count, received)
				}
			}
			if countBytes {
				received *= size
			}
			return received, nil
		}, nil
	}
}
