package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/ipv6"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// crowd6 is a crowd of DHCPv6 clients. To a server they differ by their DUIDs
// only: all of them ask from the link-local address of their link. Each wants an
// address and a prefix.
type crowd6 struct {
	t       *testing.T
	conn    *net.UDPConn
	servers *net.UDPAddr // by multicast

	mu      sync.Mutex
	xid     uint32
	waiting map[dhcpv6.TransactionID]chan *dhcpv6.Message
}

// newCrowd6 returns the crowd on a link.
func newCrowd6(t *testing.T, h *testnet.Host, link string) *crowd6 {
	t.Helper()
	c := &crowd6{t: t, waiting: make(map[dhcpv6.TransactionID]chan *dhcpv6.Message)}
	h.Do(func() {
		ifi, err := net.InterfaceByName(link)
		require.NoError(t, err)
		// By number: this process knows the name of another interface by it.
		c.servers = &net.UDPAddr{IP: net.ParseIP("ff02::1:2"), Port: 547, Zone: strconv.Itoa(ifi.Index)}
		c.conn, err = net.ListenUDP("udp6", &net.UDPAddr{Port: 546})
		require.NoError(t, err)
	})
	var reading sync.WaitGroup
	reading.Go(c.read)
	t.Cleanup(func() {
		_ = c.conn.Close()
		reading.Wait()
	})
	return c
}

func (c *crowd6) read() {
	buf := make([]byte, 64<<10)
	for {
		n, _, err := c.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return // closed
		}
		m, err := dhcpv6.MessageFromBytes(slices.Clone(buf[:n]))
		if err != nil {
			c.t.Errorf("malformed reply: %v: %x", err, buf[:n])
			continue
		}
		c.mu.Lock()
		if ch := c.waiting[m.TransactionID]; ch != nil {
			select {
			case ch <- m:
			default: // more than one reply to a query
				c.t.Errorf("another reply to one query: %s", m.Summary())
			}
		}
		c.mu.Unlock()
	}
}

// ask asks by multicast.
func (c *crowd6) ask(client int, kind dhcpv6.MessageType, opts ...dhcpv6.Option) asking[dhcpv6.Message] {
	return c.askFrom(nil, client, kind, opts...)
}

// askFrom is ask from an address of the link; nil: the link-local one.
func (c *crowd6) askFrom(source net.IP, client int, kind dhcpv6.MessageType, opts ...dhcpv6.Option) asking[dhcpv6.Message] {
	return func(ctx context.Context, waited time.Duration) (*dhcpv6.Message, error) {
		m := &dhcpv6.Message{MessageType: kind}
		m.AddOption(dhcpv6.OptClientID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: mac(0x200000 + client)}))
		m.AddOption(dhcpv6.OptElapsedTime(min(waited, 655350*time.Millisecond)))
		for _, o := range opts {
			m.AddOption(o)
		}
		answer := make(chan *dhcpv6.Message, 1)
		c.mu.Lock()
		c.xid++
		copy(m.TransactionID[:], binary.BigEndian.AppendUint32(nil, c.xid)[1:])
		c.waiting[m.TransactionID] = answer
		c.mu.Unlock()
		if _, err := ipv6.NewPacketConn(c.conn).WriteTo(m.ToBytes(), &ipv6.ControlMessage{Src: source}, c.servers); err != nil {
			c.t.Errorf("send a query: %v", err)
		}
		return awaitReply(ctx, client, answer)
	}
}

func (c *crowd6) offer(ctx context.Context, client int) (haLease, error) {
	advertise, err := c.ask(client, dhcpv6.MessageTypeSolicit, wanted(haLease{client: client})...).until(ctx, 0)
	l, _ := leaseOf6(client, advertise)
	return l, err
}

func (c *crowd6) request(ctx context.Context, offered haLease) (haLease, bool, error) {
	reply, err := c.ask(offered.client, dhcpv6.MessageTypeRequest, append(wanted(offered), serverID(offered))...).until(ctx, tries)
	l, ok := leaseOf6(offered.client, reply)
	return l, ok, err
}

// renew has every second client ask its own server first.
func (c *crowd6) renew(ctx context.Context, l haLease) (haLease, bool, error) {
	var reply *dhcpv6.Message
	var err error
	if l.client%2 == 0 {
		reply, err = c.ask(l.client, dhcpv6.MessageTypeRenew, append(wanted(l), serverID(l))...)(ctx, 0)
	}
	if reply == nil && err == nil {
		reply, err = c.ask(l.client, dhcpv6.MessageTypeRebind, wanted(l)...).until(ctx, 0)
	}
	renewed, ok := leaseOf6(l.client, reply)
	return renewed, ok, err
}

func (c *crowd6) release(ctx context.Context, l haLease) error {
	_, err := c.ask(l.client, dhcpv6.MessageTypeRelease, append(wanted(l), serverID(l))...)(ctx, 0)
	return err
}

func (c *crowd6) decline(ctx context.Context, l haLease) error {
	l.prefix = netip.Prefix{}
	_, err := c.ask(l.client, dhcpv6.MessageTypeDecline, wanted(l)[0], serverID(l))(ctx, 0)
	return err
}

// iaid is that of both identity associations of a client: those of addresses
// and of prefixes are apart.
func iaid(client int) [4]byte { return [4]byte(binary.BigEndian.AppendUint32(nil, uint32(client))) }

// wanted are the identity associations of a client, with what it has or was
// offered: that of its address first.
func wanted(l haLease) []dhcpv6.Option {
	na, pd := &dhcpv6.OptIANA{IaId: iaid(l.client)}, &dhcpv6.OptIAPD{IaId: iaid(l.client)}
	if l.addr.IsValid() {
		na.Options.Add(&dhcpv6.OptIAAddress{IPv6Addr: l.addr.AsSlice()})
	}
	if l.prefix.IsValid() {
		pd.Options.Add(&dhcpv6.OptIAPrefix{Prefix: &net.IPNet{
			IP: l.prefix.Addr().AsSlice(), Mask: net.CIDRMask(l.prefix.Bits(), 128),
		}})
	}
	return []dhcpv6.Option{na, pd}
}

func serverID(l haLease) dhcpv6.Option {
	duid, _ := hex.DecodeString(l.server)
	return &dhcpv6.OptionGeneric{OptionCode: dhcpv6.OptionServerID, OptionData: duid}
}

// leaseOf6 returns what an Advertise or Reply gives. It says whether that is
// both an address and a prefix, no more and no less.
func leaseOf6(client int, m *dhcpv6.Message) (l haLease, ok bool) {
	l.client = client
	if m == nil {
		return l, false
	}
	if duid := m.Options.ServerID(); duid != nil {
		l.server = hex.EncodeToString(duid.ToBytes())
	}
	count := 0
	id := iaid(client)
	if na := m.Options.OneIANA(); na != nil && bytes.Equal(na.IaId[:], id[:]) {
		for _, a := range na.Options.Addresses() {
			if a.ValidLifetime > 0 {
				l.addr, _ = netip.AddrFromSlice(a.IPv6Addr)
				count++
			}
		}
	}
	if pd := m.Options.OneIAPD(); pd != nil && bytes.Equal(pd.IaId[:], id[:]) {
		for _, p := range pd.Options.Prefixes() {
			if p.ValidLifetime > 0 {
				addr, _ := netip.AddrFromSlice(p.Prefix.IP)
				bits, _ := p.Prefix.Mask.Size()
				l.prefix = netip.PrefixFrom(addr, bits)
				count++
			}
		}
	}
	return l, count == 2 && l.addr.IsValid() && l.prefix.IsValid()
}
