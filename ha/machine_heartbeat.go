package ha

import "time"

// heartbeat is when the next one is due and whether one is under way.
type heartbeat struct {
	at    time.Time // zero: none is due
	sent  time.Time // the last one
	out   bool
	late  bool          // the one under way may fail for what is over
	stale bool          // the one under way may tell of a maintenance that is over
	dated bool          // the one under way was sent in another state
	soon  bool          // ask the partner as soon as one may be sent
	delay time.Duration // grows in terminated
}

// schedule has the next heartbeat sent after the usual time, unless one is
// under way, or leases are being fetched from a Kea.
func (m *machine) schedule(now time.Time) {
	m.heartbeat.at = time.Time{}
	if m.heartbeat.delay > 0 && !m.heartbeat.out && (m.job != jobSync || m.jobStale || m.partner.ours) {
		m.heartbeat.at = now.Add(m.heartbeat.delay)
	}
}

// hurry has a heartbeat sent at once, after a command: Kea lets what the
// command has begun wait for the next one in turn.
func (m *machine) hurry(now time.Time) {
	if !m.heartbeat.at.IsZero() {
		m.heartbeat.at = now
	}
}

// hurried is how far apart heartbeats between two of ours are at least.
const hurried = 100 * time.Millisecond

// askSoon has a heartbeat sent as soon as possible if one of two of ours has
// changed its state: each step of their return to normal operation waits for
// the other to notice the one before, which with Kea takes a heartbeat-delay.
func (m *machine) askSoon(now time.Time) {
	h := &m.heartbeat
	if !h.soon || h.at.IsZero() {
		return
	}
	h.soon = false
	if at := h.sent.Add(hurried); at.Before(h.at) {
		h.at = at
	}
	if h.at.Before(now) {
		h.at = now
	}
}
