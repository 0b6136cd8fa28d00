package testnet

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/net/ipv6"
)

// Relay6 is a DHCPv6 relay agent (RFC 9915, section 19).
type Relay6 struct {
	Link    string       // where its clients are, or relay agents nearer to them
	Addr    netip.Addr   // the host's address there, by which the server knows the link
	Servers []netip.Addr // or relay agents nearer to them, or a multicast address with a zone

	// InterfaceID, if not empty, is what its Interface-Id option says; replies
	// that do not say the same are dropped.
	InterfaceID string
	// SourcePort, if not zero, is the port from which it sends to the servers
	// (RFC 8357); by default 547.
	SourcePort uint16
	// Options are what it adds besides, as on the wire.
	Options []byte
}

// Option codes and message types of relay agents.
const (
	relayForward, relayReply = 12, 13
	optRelayMessage          = 9
	optInterfaceID           = 18
	optRelaySourcePort       = 135
	relayHeader              = 34
	maxHops                  = 8
)

// Relay6 makes the host a relay agent until the test ends, one at most. What
// the servers send it comes to the address that it sends from, so they need a
// route there.
func (h *Host) Relay6(r Relay6) {
	t := h.net.t
	t.Helper()
	var ifi *net.Interface
	var near, far *net.UDPConn
	r.Servers = slices.Clone(r.Servers)
	h.Do(func() {
		var err error
		// The names of links mean nothing outside of the host.
		for i, s := range r.Servers {
			if link, err := net.InterfaceByName(s.Zone()); err == nil {
				r.Servers[i] = s.WithZone(strconv.Itoa(link.Index))
			}
		}
		if ifi, err = net.InterfaceByName(r.Link); err == nil {
			near, err = net.ListenUDP("udp6", &net.UDPAddr{Port: 547})
		}
		if far = near; err == nil && r.SourcePort != 0 {
			far, err = net.ListenUDP("udp6", &net.UDPAddr{Port: int(r.SourcePort)})
		}
		if err != nil {
			t.Fatalf("%s: relay agent: %v", h.Name, err)
		}
	})
	err := ipv6.NewPacketConn(near).JoinGroup(ifi, &net.UDPAddr{IP: net.ParseIP("ff02::1:2")})
	if err != nil {
		t.Fatalf("%s: relay agent: %v", h.Name, err)
	}
	var running sync.WaitGroup
	relay := func(conn *net.UDPConn) {
		buf := make([]byte, 64<<10)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return // closed
			}
			if m := buf[:n]; n > 0 && m[0] == relayReply {
				if reply, to := r.reply(m); reply != nil {
					if to.Addr().IsLinkLocalUnicast() {
						to = netip.AddrPortFrom(to.Addr().WithZone(strconv.Itoa(ifi.Index)), to.Port())
					}
					_, _ = near.WriteToUDPAddrPort(reply, to)
				}
			} else if m := r.forward(buf[:n], from); m != nil {
				for _, s := range r.Servers {
					_, _ = far.WriteToUDPAddrPort(m, netip.AddrPortFrom(s, 547))
				}
			}
		}
	}
	running.Go(func() { relay(near) })
	if far != near {
		running.Go(func() { relay(far) })
	}
	t.Cleanup(func() {
		_, _ = near.Close(), far.Close()
		running.Wait()
	})
}

// forward returns the Relay-forward message for a message of a client or of
// another relay agent; nil: it is not to be forwarded.
func (r *Relay6) forward(m []byte, from netip.AddrPort) []byte {
	relayed := len(m) >= relayHeader && m[0] == relayForward
	if len(m) < 4 || relayed && m[1] >= maxHops {
		return nil
	}
	out := make([]byte, 2, relayHeader+len(m)+64)
	out[0] = relayForward
	link := r.Addr.As16()
	if relayed {
		out[1] = m[1] + 1
		if !from.Addr().IsLinkLocalUnicast() {
			link = [16]byte{} // its address says enough
		}
	}
	peer := from.Addr().As16()
	out = append(append(out, link[:]...), peer[:]...)
	if r.InterfaceID != "" {
		out = appendOption(out, optInterfaceID, []byte(r.InterfaceID))
	}
	downstream := uint16(0)
	if relayed && from.Port() != 547 {
		downstream = from.Port()
	}
	if r.SourcePort != 0 || downstream != 0 {
		out = appendOption(out, optRelaySourcePort, binary.BigEndian.AppendUint16(nil, downstream))
	}
	out = append(out, r.Options...)
	return appendOption(out, optRelayMessage, m)
}

// reply returns what is in a Relay-reply message, and where it is to be sent;
// nil: nowhere.
func (r *Relay6) reply(m []byte) (inner []byte, to netip.AddrPort) {
	if len(m) < relayHeader {
		return nil, to
	}
	interfaceID, downstream := "", uint16(0)
	for b := m[relayHeader:]; len(b) >= 4; {
		code, length := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+length {
			return nil, to
		}
		value := b[4 : 4+length]
		switch code {
		case optRelayMessage:
			inner = value
		case optInterfaceID:
			interfaceID = string(value)
		case optRelaySourcePort:
			if length == 2 {
				downstream = binary.BigEndian.Uint16(value)
			}
		}
		b = b[4+length:]
	}
	if len(inner) == 0 || interfaceID != r.InterfaceID {
		return nil, to
	}
	port := uint16(546)
	if inner[0] == relayReply {
		if port = downstream; port == 0 {
			port = 547
		}
	}
	return inner, netip.AddrPortFrom(netip.AddrFrom16([16]byte(m[18:])), port)
}

func appendOption(b []byte, code uint16, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, code)
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	return append(b, value...)
}
