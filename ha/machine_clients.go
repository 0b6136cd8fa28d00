package ha

import (
	"encoding/binary"
	"time"

	"github.com/dhcpha/dhcpha/lease"
)

// maxClients bounds what is remembered of clients, which anybody can invent.
const maxClients = 1 << 16

// clients are those that have asked the partner since it fell silent.
type clients struct {
	seen     map[string]client
	unacked  int
	analyzed uint64 // queries
}

type client struct {
	first   time.Time
	unacked bool // it has asked for so long that the partner cannot have answered
}

// clientKey tells clients apart; empty: not known.
func clientKey(c lease.Client) string {
	if len(c.ID) == 0 && len(c.HWAddr) == 0 {
		return ""
	}
	b := binary.AppendUvarint(nil, uint64(len(c.ID)))
	return string(append(append(b, c.ID...), c.HWAddr...))
}

// queryLeft watches a client of the partner.
func (m *machine) queryLeft(now time.Time, ev queryLeft) {
	if m.partnerName == "" || !m.interrupted(now) {
		return
	}
	m.clients.analyzed++
	key := clientKey(ev.Client)
	if key == "" {
		return
	}
	c, known := m.clients.seen[key]
	if !known {
		if len(m.clients.seen) >= maxClients {
			return
		}
		c.first = now
	}
	delay := m.cfg.maxAckDelay()
	late := ev.Waited > delay ||
		known && m.partner.ours && now.Sub(c.first) > delay // clients that always say 0
	if late && !c.unacked {
		c.unacked = true
		m.clients.unacked++
	}
	if m.clients.seen == nil {
		m.clients.seen = make(map[string]client)
	}
	m.clients.seen[key] = c
	if late && m.partner.state == StateUnavailable && m.failureDetected(now) {
		m.run(now) // Kea notices with the next heartbeat
	}
}

// failureDetected says whether enough clients are without an answer. At a
// small site there may never be so many: between two of ours one is enough
// after a long silence.
func (m *machine) failureDetected(now time.Time) bool {
	limit := min(m.cfg.maxUnackedClients(), maxClients-1)
	return limit == 0 || m.clients.unacked > limit ||
		m.partner.ours && m.clients.unacked > 0 && !now.Before(m.longInterruptedAt())
}

func (m *machine) longInterruptedAt() time.Time {
	return m.partner.contact.Add(2*m.cfg.maxResponseDelay() + time.Millisecond)
}
