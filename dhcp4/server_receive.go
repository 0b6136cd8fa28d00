package dhcp4

import (
	"cmp"
	"errors"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
)

const defaultInFlight = 4096

// receive reads a socket until it is told to stop or the socket fails.
func (s *Server) receive(sock *socket) {
	var batch [batchSize]*datagram
	for {
		for i := range batch {
			if batch[i] == nil {
				batch[i] = s.memory.get()
			}
		}
		n, err := sock.read(batch[:])
		if err != nil {
			if !errors.Is(err, os.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
				sock.failed.Store(&err)
			}
			return
		}
		now := time.Now()
		for i, d := range batch[:n] {
			if s.admit(sock, d, now) {
				batch[i] = nil
			}
		}
	}
}

// admit gives a datagram to a goroutine that answers it, or says false after
// having counted why it is not answered.
func (s *Server) admit(sock *socket, d *datagram, now time.Time) bool {
	s.counters.received.Add(1)
	if d.refused != 0 {
		return s.refuse(d, d.refused)
	}
	typ, why := accept(d.payload)
	if typ != dhcpv4.MessageTypeNone {
		s.counters.receivedTypes[typeIndex(typ)].Add(1)
	}
	if why != 0 {
		return s.refuse(d, why)
	}
	ep, unicast := s.endpoints.Load().find(d)
	switch {
	case ep == nil:
		return s.refuse(d, RefusedElsewhere)
	case ep.isBroadcast(d.payload[offsetCIAddr:]):
		return s.refuse(d, RefusedClientAddr)
	case ep.isBroadcast(d.payload[offsetGIAddr:]):
		return s.refuse(d, RefusedRelayAddr)
	}
	bound := int64(cmp.Or(s.MaxInFlight, defaultInFlight))
	if typ == dhcpv4.MessageTypeDiscover {
		bound = (bound + 1) / 2
	}
	if s.counters.inFlight.Add(1) > bound {
		s.counters.inFlight.Add(-1)
		s.counters.shed.Add(1)
		return false
	}
	s.employ(job{sock, ep, unicast, d, now})
	return true
}

func (s *Server) refuse(d *datagram, why Refusal) bool {
	s.counters.refused[why].Add(1)
	d.refused = 0
	if s.logger.Enabled(s.queries, slog.LevelDebug) {
		s.logger.Debug("query refused", "from", d.remote, "reason", why)
	}
	return false
}

// answer decodes a query, asks the handler, and hands the reply to the writer
// of a socket.
func (s *Server) answer(j job) {
	d := j.query
	q := &Query{
		Received:  j.received,
		Interface: j.endpoint.name,
		Local:     j.endpoint.local,
		Source:    d.remote,
		Unicast:   j.unicast,
		Length:    len(d.payload),
	}
	if j.unicast {
		q.Local = d.local
	}
	var err error
	q.Message, err = decode(d.payload)
	if err != nil {
		s.refuse(d, RefusedOptions)
		s.memory.put(d)
		return
	}
	s.memory.put(d)
	route := routeOf(q)
	if reply := s.handle(q); reply != nil {
		s.reply(j.socket, j.endpoint, route, reply)
	}
}

// handle asks the handler, counts the outcome, and contains a panic.
func (s *Server) handle(q *Query) (reply *dhcpv4.DHCPv4) {
	client := q.Message.ClientHWAddr
	defer func() {
		if p := recover(); p != nil {
			s.counters.panicked.Add(1)
			s.queryLog.Error("handler panicked", "client", client, "interface", q.Interface, "panic", p, "stack", string(debug.Stack()))
			reply = nil
		}
	}()
	r, err := s.Handler.ServeDHCP(s.queries, q)
	switch {
	case err != nil:
		s.counters.failed.Add(1)
		if s.queries.Err() == nil { // else it failed because it was told to stop
			s.queryLog.Error("query failed", "client", client, "interface", q.Interface, "error", err)
		}
		return nil
	case r == nil || r.Message == nil:
		s.counters.silent.Add(1)
		return nil
	default:
		s.counters.answered.Add(1)
		return r.Message
	}
}
