package testnet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Cut is what becomes of connections between two hosts that are severed.
type Cut string

// The ways to be out of reach.
const (
	Dropped  Cut = "meta l4proto tcp drop"                        // packets vanish: a broken link
	Rejected Cut = "tcp flags & rst == 0x0 reject with tcp reset" // connections are reset: a host without the program
)

// Sever makes an address out of the host's reach by TCP, in both directions,
// until heal is called. Other addresses are not concerned. It needs nftables.
func (h *Host) Sever(addr netip.Addr, how Cut) (heal func()) {
	h.net.t.Helper()
	Require(h.net.t, "nft")
	protocol := "ip"
	if addr.Is6() {
		protocol = "ip6"
	}
	var rules strings.Builder
	for hook, side := range map[string]string{"input": "saddr", "output": "daddr"} {
		fmt.Fprintf(&rules, "chain %s { type filter hook %[1]s priority 0; %s %s %s %s; }\n",
			hook, protocol, side, addr, how)
	}
	return h.Filter(rules.String())
}

// Filter has the host keep to chains of nftables, such as
//
//	chain in { type filter hook input priority 0; ip saddr 192.0.2.1 drop; }
//
// until undo is called. Packet sockets are not concerned. It needs nftables.
func (h *Host) Filter(chains string) (undo func()) {
	h.net.t.Helper()
	Require(h.net.t, "nft")
	table := fmt.Sprintf("filter%d", h.net.cuts.Add(1))
	h.nft(fmt.Sprintf("table inet %s {\n%s\n}\n", table, chains))
	var once sync.Once
	return func() {
		h.net.t.Helper()
		once.Do(func() { h.nft("delete table inet " + table + "\n") })
	}
}

func (h *Host) nft(script string) {
	h.net.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := h.Command(ctx, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		h.net.t.Fatalf("%s: nft: %v\n%s%s", h.Name, err, script, out)
	}
}

// DialContext connects from the host to a literal address.
func (h *Host) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	h.net.t.Helper()
	h.Do(func() { conn, err = new(net.Dialer).DialContext(ctx, network, address) })
	return conn, err
}
