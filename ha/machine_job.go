package ha

import "time"

// job is what takes time and is under way.
type job uint8

const (
	jobNone job = iota
	jobSync
	jobBacklog
	jobReset
)

// blocked says whether something is under way that the rules wait for. Leases
// between two of ours flow beside the machine and hold up nothing.
func (m *machine) blocked() bool {
	return m.notify != notifyNone || m.job != jobNone && !m.jobStale && (m.job == jobReset || !m.partner.ours)
}

// begin starts a job, unless another is under way.
func (m *machine) begin(j job, a action) {
	if m.job != jobNone {
		return
	}
	m.job, m.jobStale = j, false
	if j == jobSync {
		m.partner.fetching = m.partner.unsent
		if !m.partner.ours {
			m.heartbeat.at = time.Time{}
		}
	}
	m.do(a)
}

// end is the end of a job: whether it was under way, and is still wanted. Of
// one that is not the rules may have been waiting for the end.
func (m *machine) end(now time.Time, j job) bool {
	if m.job != j {
		return false
	}
	stale := m.jobStale
	m.job, m.jobStale = jobNone, false
	if j == jobSync && m.heartbeat.at.IsZero() {
		m.schedule(now)
	}
	if stale {
		m.run(now)
	}
	return !stale
}
