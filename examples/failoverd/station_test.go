package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/mdlayher/packet"
	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

var (
	nowhere   = netip.IPv4Unspecified()
	everybody = netip.AddrFrom4([4]byte{255, 255, 255, 255})
)

// station is a network card that can be any number of DHCP clients and relay
// agents: it sends frames from any hardware and IP address, and sees every
// reply that comes to its host's link.
type station struct {
	t    testing.TB
	conn *packet.Conn
	hw   net.HardwareAddr // the link's own
	peer net.HardwareAddr // the server's

	mu      sync.Mutex
	waiting map[[4]byte]chan *reply // by transaction
}

// newStation opens a link of a host. What the server sends to the addresses in
// local, unicast, comes there too: the host answers ARP for them.
func newStation(t testing.TB, h *testnet.Host, link string, server net.HardwareAddr, local ...string) *station {
	t.Helper()
	for _, prefix := range local {
		h.IP("route", "add", "local", prefix, "dev", "lo")
	}
	s := &station{t: t, peer: server, waiting: map[[4]byte]chan *reply{}}
	h.Do(func() {
		ifi, err := net.InterfaceByName(link)
		require.NoError(t, err)
		s.hw = ifi.HardwareAddr
		s.conn, err = packet.Listen(ifi, packet.Raw, 0x0800, nil)
		require.NoError(t, err)
	})
	var reading sync.WaitGroup
	reading.Go(s.read)
	t.Cleanup(func() {
		_ = s.conn.Close()
		reading.Wait()
	})
	return s
}

func (s *station) read() {
	buf := make([]byte, 64<<10)
	for {
		n, _, err := s.conn.ReadFrom(buf)
		if err != nil {
			return // closed
		}
		r := parseReply(slices.Clone(buf[:n]))
		if r == nil {
			continue
		}
		s.mu.Lock()
		if ch := s.waiting[r.xid]; ch != nil {
			select {
			case ch <- r:
			default: // more than one reply to a query
				s.t.Errorf("another reply to one query: %s", r)
			}
		}
		s.mu.Unlock()
	}
}

// query is a message and how it is sent.
type query struct {
	message []byte
	from    netip.Addr       // source; zero: 0.0.0.0
	to      netip.Addr       // destination; zero: broadcast
	hw      net.HardwareAddr // of the sender; nil: the station's
	port    uint16           // source; 0: 68
	toPort  uint16           // destination; 0: 67
}

// send sends a query and returns where its reply will come.
func (s *station) send(q query) <-chan *reply {
	ch := make(chan *reply, 1)
	s.mu.Lock()
	s.waiting[[4]byte(q.message[4:])] = ch
	s.mu.Unlock()
	src, dst, peer, hw := nowhere, everybody, s.peer, s.hw
	if q.from.IsValid() {
		src = q.from
	}
	if q.to.IsValid() {
		dst = q.to
	} else {
		peer = net.HardwareAddr{255, 255, 255, 255, 255, 255}
	}
	if q.hw != nil {
		hw = q.hw
	}
	frame := udpFrame(peer, hw, netip.AddrPortFrom(src, cmp.Or(q.port, 68)), netip.AddrPortFrom(dst, cmp.Or(q.toPort, 67)), q.message)
	if _, err := s.conn.WriteTo(frame, &packet.Addr{HardwareAddr: peer}); err != nil {
		s.t.Errorf("send a query: %v", err)
	}
	return ch
}

// ask sends a query and returns its reply; the test fails if there is none.
func (s *station) ask(ctx context.Context, q query) *reply {
	s.t.Helper()
	select {
	case r := <-s.send(q):
		return r
	case <-ctx.Done():
		require.FailNow(s.t, "no reply", "%v", context.Cause(ctx))
		return nil
	}
}

// awaitServer asks until something answers: Kea takes commands a little before
// it takes queries.
func (s *station) awaitServer(ctx context.Context, hw net.HardwareAddr) {
	s.t.Helper()
	testnet.Until(ctx, s.t, "queries are answered", func() error {
		select {
		case <-s.send(s.from(hw, dhcpv4.WithMessageType(dhcpv4.MessageTypeDiscover))):
			return nil
		case <-time.After(silence):
			return errors.New("silence")
		}
	})
}

// message makes a query's bytes.
func message(t testing.TB, mods ...dhcpv4.Modifier) []byte {
	t.Helper()
	m, err := dhcpv4.New(mods...)
	require.NoError(t, err)
	return m.ToBytes()
}

// from is the query of a client without an address.
func (s *station) from(hw net.HardwareAddr, mods ...dhcpv4.Modifier) query {
	return query{hw: hw, message: message(s.t, append([]dhcpv4.Modifier{dhcpv4.WithHwAddr(hw)}, mods...)...)}
}

// lease takes a client through DISCOVER and REQUEST, with options added to
// both, and returns the ACK.
func (s *station) lease(ctx context.Context, hw net.HardwareAddr, mods ...dhcpv4.Modifier) *reply {
	s.t.Helper()
	offer := s.ask(ctx, s.from(hw, append([]dhcpv4.Modifier{dhcpv4.WithMessageType(dhcpv4.MessageTypeDiscover)}, mods...)...))
	ack := s.ask(ctx, s.from(hw, append([]dhcpv4.Modifier{
		dhcpv4.WithMessageType(dhcpv4.MessageTypeRequest),
		dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(offer.yiaddr.AsSlice())),
		dhcpv4.WithGeneric(dhcpv4.OptionServerIdentifier, offer.options[54]),
	}, mods...)...))
	require.Equal(s.t, dhcpv4.MessageTypeAck, ack.kind(), "%s", ack)
	require.Equal(s.t, offer.yiaddr, ack.yiaddr)
	return ack
}

// reply is what a server sent, from the frame up.
type reply struct {
	hw       net.HardwareAddr // destination
	from, to netip.AddrPort

	fixed                          []byte // the fixed fields, 236 bytes
	xid                            [4]byte
	flags                          uint16
	ciaddr, yiaddr, siaddr, giaddr netip.Addr
	sname, file                    string         // empty where options are in it
	order                          []byte         // codes in the order on the wire, of all three places
	options                        map[int][]byte // by code, parts joined (RFC 3396)
	length                         int            // of the message
	overload                       bool
}

func (r *reply) kind() dhcpv4.MessageType {
	if v := r.options[53]; len(v) == 1 {
		return dhcpv4.MessageType(v[0])
	}
	return dhcpv4.MessageTypeNone
}

// String lists what a reply says, a line each, so that two servers' replies can
// be compared as text. Where they may differ it says nothing:
//
//   - the order of options, and padding
//   - the frame's address, unless the client has no address to ask for by ARP
//   - hops, which Kea copies and RFC 2131, table 3, wants to be 0
//   - the broadcast flag of a relayed NAK, which RFC 2131, section 4.3.2, wants
//     and Kea does not set
//   - the response codes of the FQDN option, which RFC 4702, section 2.2, wants
//     to be 255 and which are 0 with Kea
func (r *reply) String() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("sent to %s from %s", r.to, r.from)
	if r.ciaddr.IsUnspecified() && r.giaddr.IsUnspecified() && r.to.Addr() == r.yiaddr {
		line("sent to hardware address %s", r.hw)
	}
	flags := r.flags
	if r.kind() == dhcpv4.MessageTypeNak && !r.giaddr.IsUnspecified() {
		flags &^= 0x8000
	}
	line("%s op %d htype %d hlen %d secs %d flags %04x", r.kind(), r.fixed[0], r.fixed[1], r.fixed[2], r.fixed[8:10], flags)
	line("ciaddr %s yiaddr %s siaddr %s giaddr %s", r.ciaddr, r.yiaddr, r.siaddr, r.giaddr)
	line("chaddr %x sname %q file %q", r.fixed[28:44], r.sname, r.file)
	for _, code := range slices.Sorted(maps.Keys(r.options)) {
		value := slices.Clone(r.options[code])
		if code == 81 && len(value) >= 3 {
			value[1], value[2] = 0, 0
		}
		line("option %d: %x %q", code, value, value)
	}
	return b.String()
}

// parseReply reads a frame; nil: it is no server's message.
func parseReply(f []byte) *reply {
	const ethernet, udpHeader = 14, 8
	if len(f) < ethernet+20 || f[ethernet]>>4 != 4 || f[ethernet+9] != 17 {
		return nil
	}
	r := &reply{hw: net.HardwareAddr(f[:6]), options: map[int][]byte{}}
	ip := f[ethernet:]
	ip = ip[:min(len(ip), int(binary.BigEndian.Uint16(ip[2:])))]
	udp := ip[int(ip[0]&15)*4:]
	if len(udp) < udpHeader+240 || udp[udpHeader] != 2 {
		return nil
	}
	r.from = netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[12:])), binary.BigEndian.Uint16(udp))
	r.to = netip.AddrPortFrom(netip.AddrFrom4([4]byte(ip[16:])), binary.BigEndian.Uint16(udp[2:]))
	m := udp[udpHeader:]
	r.length = len(m)
	r.fixed, r.xid, r.flags = m[:236], [4]byte(m[4:]), binary.BigEndian.Uint16(m[10:])
	for i, addr := range []*netip.Addr{&r.ciaddr, &r.yiaddr, &r.siaddr, &r.giaddr} {
		*addr = netip.AddrFrom4([4]byte(m[12+4*i:]))
	}
	r.parseOptions(m[240:])
	over := byte(0)
	if v := r.options[52]; len(v) == 1 {
		over, r.overload = v[0], true
	}
	if over&1 != 0 {
		r.parseOptions(m[108:236])
	} else {
		r.file, _, _ = strings.Cut(string(m[108:236]), "\x00")
	}
	if over&2 != 0 {
		r.parseOptions(m[44:108])
	} else {
		r.sname, _, _ = strings.Cut(string(m[44:108]), "\x00")
	}
	return r
}

func (r *reply) parseOptions(b []byte) {
	for len(b) > 0 && b[0] != 255 {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			r.options[-1] = b // cut short: shows up in every comparison
			return
		}
		code := int(b[0])
		r.order = append(r.order, b[0])
		r.options[code] = append(r.options[code], b[2:2+int(b[1])]...)
		b = b[2+int(b[1]):]
	}
}

// udpFrame makes an Ethernet frame. The UDP checksum is left out, as it may be.
func udpFrame(to, from net.HardwareAddr, src, dst netip.AddrPort, payload []byte) []byte {
	f := append(append(slices.Clone(to), from...), 0x08, 0x00)
	ip := make([]byte, 20, 28+len(payload))
	ip[0], ip[8], ip[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(ip[2:], uint16(28+len(payload)))
	copy(ip[12:], src.Addr().AsSlice())
	copy(ip[16:], dst.Addr().AsSlice())
	var sum uint32
	for i := 0; i < len(ip); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum))
	udp := binary.BigEndian.AppendUint16(nil, src.Port())
	udp = binary.BigEndian.AppendUint16(udp, dst.Port())
	udp = binary.BigEndian.AppendUint16(udp, uint16(8+len(payload)))
	udp = append(udp, 0, 0)
	return append(append(append(f, ip...), udp...), payload...)
}

// mac returns a locally administered hardware address.
func mac(n int) net.HardwareAddr {
	return net.HardwareAddr{2, 0, 0, byte(n >> 16), byte(n >> 8), byte(n)}
}

// awaitOutput waits until a process has written a text.
func awaitOutput(ctx context.Context, t testing.TB, p *testnet.Process, text string) {
	t.Helper()
	testnet.Until(ctx, t, fmt.Sprintf("%q is written", text), func() error {
		if strings.Contains(p.Output(), text) {
			return nil
		}
		return errors.New("it is not")
	})
}

// silence is how long nothing must come for a query to count as unanswered. A
// server that answers does so in a few milliseconds; one that answers later is
// not caught, but neither can it make a test fail by chance.
const silence = 250 * time.Millisecond
