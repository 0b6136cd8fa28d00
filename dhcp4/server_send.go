package dhcp4

import (
	"fmt"
	"net/netip"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

// reply encodes a reply and puts it into the outbox of the socket it leaves
// by. The interface is always the one the query came in on.
func (s *Server) reply(sock *socket, ep *endpoint, r route, m *dhcpv4.DHCPv4) {
	to := r.destination(m)
	if s.ClientPort != 0 {
		to.AddrPort = netip.AddrPortFrom(to.Addr(), s.ClientPort)
	}
	d := s.memory.get()
	payload, omitted, err := appendMessage(d.storage[headroom:headroom], m, r.requested, maxLength(r.maximum, ep.mtu))
	if err != nil {
		s.counters.unsent.Add(1)
		s.queryLog.Error("reply not sent", "client", m.ClientHWAddr.String(), "interface", ep.name, "error", err)
		s.memory.put(d)
		return
	}
	if len(omitted) > 0 {
		s.counters.shortened.Add(1)
		s.queryLog.Warn("options left out: the reply is full", "client", m.ClientHWAddr.String(), "interface", ep.name, "options", fmt.Sprint(omitted))
	}
	d.payload, d.typ = payload, m.MessageType()
	d.remote, d.local, d.ifindex = to.AddrPort, ep.local, ep.index
	d.hwLen = 0 // everybody
	out := ep.udp
	switch {
	case ep.raw != nil && (to.link || to.Addr() == limitedBroadcast()):
		out = ep.raw
		if to.link {
			d.hwLen = copy(d.hw[:], m.ClientHWAddr)
		}
	case to.link:
		d.remote = netip.AddrPortFrom(limitedBroadcast(), to.Port())
	case sock != ep.raw:
		// From the address it was asked at, which may be another one of the
		// interface.
		out, d.local = sock, r.local
	}
	if !out.outbox.put(d) {
		s.counters.unsent.Add(1)
		s.memory.put(d)
	}
}

// transmit writes what is put into a socket's outbox until that is closed.
func (s *Server) transmit(sock *socket) {
	batch := make([]*datagram, 0, outboxSize)
	for {
		batch = sock.outbox.take(batch)
		if len(batch) == 0 {
			return
		}
		unsent := 0
		var failure error
		for rest := batch; len(rest) > 0; {
			n, err := sock.write(rest)
			if err != nil {
				// The first is at fault; the others may be luckier.
				n, unsent, failure = 1, unsent+1, err
			} else {
				for _, d := range rest[:n] {
					s.counters.sentTypes[typeIndex(d.typ)].Add(1)
				}
			}
			rest = rest[n:]
		}
		if unsent > 0 {
			s.counters.unsent.Add(uint64(unsent))
			s.queryLog.Warn("replies not sent", "count", unsent, "error", failure)
		}
		for i, d := range batch {
			s.memory.put(d)
			batch[i] = nil
		}
	}
}
