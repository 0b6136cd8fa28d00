package ha

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// member is another server of a relationship: how it is reached, what it has
// last said of itself, and what keeps its leases like those here.
type member struct {
	*peer
	r       *relationship
	replica *replica

	said   atomic.Pointer[account] // its last good answer; nil: there was none yet
	silent atomic.Pointer[silence] // why there is no newer one; nil: there is
	clock  clockOffset             // of its clock
}

// silence is why a server does not answer.
type silence struct{ err error }

// ask sends a heartbeat and notes the answer.
func (m *member) ask(ctx context.Context) (*account, error) {
	sent := m.r.now()
	args := map[string]any{"server-name": m.r.cfg.ThisServerName}
	if ours, _ := m.ours(); ours {
		args["state"] = m.r.view.Load().state.String()
	}
	reply, err := m.call(ctx, "ha-heartbeat", args)
	var h *account
	if err == nil {
		h, err = parseHeartbeat(reply.Arguments)
		err = named(m.Name, err)
	}
	if err != nil {
		level := slog.LevelDebug
		if m.silent.Swap(&silence{err}) == nil && ctx.Err() == nil {
			level = slog.LevelWarn // once: heartbeats are many
		}
		m.r.log.Log(ctx, level, "the peer does not answer", "peer", m.Name, "error", err)
		return nil, err
	}
	received := m.r.now()
	if h.now.IsZero() {
		m.clock.answered(sent, received, h.Time, time.Second)
	} else {
		m.clock.answered(sent, received, h.now, time.Millisecond)
	}
	// What is not replicated by revision is nothing this kind has more of.
	h.Ours = h.Ours && m.r.cfg.sendLeaseUpdates()
	h.at = received
	m.said.Store(h)
	if m.silent.Swap(nil) != nil {
		m.r.log.Info("the peer answers again", "peer", m.Name)
	}
	m.replica.greet(h.Ours)
	return h, nil
}

// greet asks a server that is no partner, at the pace of heartbeats, to find
// out of which kind it is.
func (m *member) greet(ctx context.Context) {
	delay := m.r.cfg.heartbeatDelay()
	if delay == 0 {
		return
	}
	for {
		m.ask(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(delay):
		}
	}
}

// ours says whether the server is of this kind, as it last said; known is
// false if it has not been heard.
func (m *member) ours() (ours, known bool) {
	h := m.said.Load()
	return h != nil && h.Ours, h != nil
}

// clockOffset is the server's clock minus this one's, 0 if that is too little
// to matter for leases, whose times are in whole seconds.
func (m *member) clockOffset() time.Duration {
	return time.Duration(m.clock.seconds()) * time.Second
}
