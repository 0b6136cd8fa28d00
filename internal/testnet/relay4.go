package testnet

import (
	"net"
	"net/netip"
	"sync"

	"golang.org/x/net/ipv4"
)

// Relay4 makes a DHCPv4 relay agent of the host until the test ends: what
// clients broadcast on link goes to every server with addr, the host's address
// there, as giaddr; what servers send to addr is broadcast on link.
//
// The servers need a route to addr and the host one to them, and it must
// [Host.Forward] if clients are to renew. agent, if not nil, is the content of
// a relay agent information option (RFC 3046) that is added to each query and
// removed from each reply.
func (h *Host) Relay4(link string, addr netip.Addr, agent []byte, servers ...netip.Addr) {
	t := h.net.t
	t.Helper()
	var conn *net.UDPConn
	var ifi *net.Interface
	h.Do(func() {
		var err error
		if ifi, err = net.InterfaceByName(link); err == nil {
			conn, err = net.ListenUDP("udp4", &net.UDPAddr{Port: 67})
		}
		if err != nil {
			t.Fatalf("%s: relay agent: %v", h.Name, err)
		}
	})
	pc := ipv4.NewPacketConn(conn)
	if err := pc.SetControlMessage(ipv4.FlagInterface, true); err != nil {
		t.Fatalf("%s: relay agent: %v", h.Name, err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, cm, _, err := pc.ReadFrom(buf)
			if err != nil {
				return // closed
			}
			switch p := buf[:n]; {
			case n < 240:
			case p[0] == 1 && cm != nil && cm.IfIndex == ifi.Index:
				if p = relayQuery(p, addr.As4(), agent); p == nil {
					continue
				}
				for _, s := range servers {
					_, _ = conn.WriteToUDPAddrPort(p, netip.AddrPortFrom(s, 67))
				}
			case p[0] == 2 && netip.AddrFrom4([4]byte(p[24:])) == addr:
				if agent != nil {
					p = withoutOption82(p)
				}
				_, _ = pc.WriteTo(p, &ipv4.ControlMessage{IfIndex: ifi.Index}, &net.UDPAddr{IP: net.IPv4bcast, Port: 68})
			}
		}
	})
	t.Cleanup(func() {
		_ = conn.Close()
		running.Wait()
	})
}

// relayQuery returns a client's message as a relay agent passes it on, or nil
// if another one has it already. The result is not in p.
func relayQuery(p []byte, giaddr [4]byte, agent []byte) []byte {
	if [4]byte(p[24:]) != [4]byte{} {
		return nil
	}
	end := optionsEnd(p)
	out := append([]byte(nil), p[:end]...)
	out[3]++ // hops
	copy(out[24:], giaddr[:])
	if agent != nil {
		out = append(append(out, 82, byte(len(agent))), agent...)
	}
	return append(out, 255)
}

// optionsEnd returns where the end option is, or the end of the packet.
func optionsEnd(p []byte) int {
	i := 240
	for i < len(p) && p[i] != 255 {
		i = nextOption(p, i)
	}
	return i
}

func nextOption(p []byte, i int) int {
	if p[i] == 0 || i+1 >= len(p) {
		return i + 1
	}
	return min(i+2+int(p[i+1]), len(p))
}

// withoutOption82 returns a copy of a message without relay agent information.
func withoutOption82(p []byte) []byte {
	out := append([]byte(nil), p[:240]...)
	for i := 240; i < len(p) && p[i] != 255; {
		next := nextOption(p, i)
		if p[i] != 82 {
			out = append(out, p[i:next]...)
		}
		i = next
	}
	return append(out, 255)
}
