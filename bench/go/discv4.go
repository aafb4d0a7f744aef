package main

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
	_ "unsafe" // for linkname

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/discover/v4wire"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

const (
	// asked is the number of nodes besides the requesting one, and of requests in flight.
	asked     = 20
	neighbors = 16
	targets   = 16
)

// findNode sends one request; the exported methods of discover run whole lookups.
//
//go:linkname findNode github.com/ethereum/go-ethereum/p2p/discover.(*UDPv4).findnode
func findNode(t *discover.UDPv4, id enode.ID, addr netip.AddrPort, target v4wire.Pubkey) ([]*enode.Node, error)

func discv4Cases() map[string]setUp {
	return map[string]setUp{
		"discv4-ping":      pings,
		"discv4-find-node": findNodes,
	}
}

// network is some nodes on loopback with all others in their tables; the last one sends the requests.
type network struct {
	nodes []*discover.UDPv4
	ports map[int]enode.ID
}

func newNetwork() (*network, error) {
	network := &network{ports: map[int]enode.ID{}}
	for i := 0; i <= asked; i++ {
		node, port, err := listenV4(i)
		if err != nil {
			return nil, err
		}
		network.nodes = append(network.nodes, node)
		network.ports[port] = node.Self().ID()
	}
	deadline := time.Now().Add(10 * time.Second)
	for i, node := range network.nodes {
		for known(node) < asked {
			if time.Now().After(deadline) {
				return nil, fmt.Errorf("node %d knows only %d others", i, known(node))
			}
			for j, other := range network.nodes {
				if i == j {
					continue
				}
				if _, err := other.Ping(node.Self()); err != nil {
					return nil, err
				}
			}
		}
	}
	return network, nil
}

func listenV4(number int) (*discover.UDPv4, int, error) {
	private, err := crypto.ToECDSA(key(number))
	if err != nil {
		return nil, 0, err
	}
	database, err := enode.OpenDB("")
	if err != nil {
		return nil, 0, err
	}
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, 0, err
	}
	port := socket.LocalAddr().(*net.UDPAddr).Port
	local := enode.NewLocalNode(database, private)
	local.SetStaticIP(net.IPv4(127, 0, 0, 1))
	local.SetFallbackUDP(port)
	node, err := discover.ListenV4(socket, local, discover.Config{
		PrivateKey: private,
		// Otherwise it returns only nodes that it has checked itself, one every few seconds.
		NoFindnodeLivenessCheck: true,
	})
	return node, port, err
}

func known(node *discover.UDPv4) (count int) {
	for _, bucket := range node.TableBuckets() {
		count += len(bucket)
	}
	return count
}

// rounds sends one request after the other from the last node to each of the others.
func (n *network) rounds(ask func(asking *discover.UDPv4, node *enode.Node, number int) error) slice {
	asking := n.nodes[asked]
	return func(over over) (int, error) {
		counts := make([]int, asked)
		errors := make([]error, asked)
		var lanes sync.WaitGroup
		for lane := range asked {
			node := n.nodes[lane].Self()
			lanes.Go(func() {
				for ; !over(); counts[lane]++ {
					if errors[lane] = ask(asking, node, lane+counts[lane]); errors[lane] != nil {
						return
					}
				}
			})
		}
		lanes.Wait()
		total := 0
		for lane, count := range counts {
			if errors[lane] != nil {
				return 0, errors[lane]
			}
			total += count
		}
		return total, nil
	}
}

func pings() (slice, error) {
	network, err := newNetwork()
	if err != nil {
		return nil, err
	}
	port := network.nodes[asked].Self().UDP()
	return network.rounds(func(asking *discover.UDPv4, node *enode.Node, _ int) error {
		pong, err := asking.Ping(node)
		if err == nil && int(pong.To.UDP) != port {
			err = fmt.Errorf("the pong is for port %d", pong.To.UDP)
		}
		return err
	}), nil
}

func findNodes() (slice, error) {
	network, err := newNetwork()
	if err != nil {
		return nil, err
	}
	var places [targets]v4wire.Pubkey
	for i := range places {
		private, err := crypto.ToECDSA(key(128 + i))
		if err != nil {
			return nil, err
		}
		places[i] = v4wire.EncodePubkey(&private.PublicKey)
	}
	return network.rounds(func(asking *discover.UDPv4, node *enode.Node, number int) error {
		endpoint, _ := node.UDPEndpoint()
		found, err := findNode(asking, node.ID(), endpoint, places[number%targets])
		if err != nil {
			return err
		}
		return network.check(found)
	}), nil
}

// check expects the full number of different nodes, each at its port.
func (n *network) check(found []*enode.Node) error {
	seen := make(map[int]bool, neighbors)
	for _, node := range found {
		if n.ports[node.UDP()] != node.ID() {
			return fmt.Errorf("the node at port %d has another key", node.UDP())
		}
		seen[node.UDP()] = true
	}
	if len(seen) != neighbors {
		return fmt.Errorf("%d nodes, not %d", len(seen), neighbors)
	}
	return nil
}
