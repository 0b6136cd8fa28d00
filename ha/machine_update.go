package ha

import "time"

// rejectionCounts is how long a refused update counts.
const rejectionCounts = 24 * time.Hour

// Updates is what becomes of lease updates for the partner in a state.
type Updates uint8

// What becomes of them.
const (
	UpdatesOff     Updates = iota // there is no partner, or send-lease-updates is false
	UpdatesUnsent                 // the state does not let them be sent; they are counted (UpdateUnsent)
	UpdatesQueued                 // they are kept for the partner's return
	UpdatesSent                   // they are sent, and clients do not wait for the partner
	UpdatesAwaited                // clients are answered when the partner has acknowledged
)

// Updates returns what becomes of lease updates for the partner now. A
// partner of this kind is always sent all changes, since it tells what it has.
func (m *Machine) Updates() Updates {
	p := &m.partner
	switch {
	case m.partnerName == "" || !m.cfg.sendLeaseUpdates():
		return UpdatesOff
	case m.state == StatePartnerInMaintenance:
		return UpdatesAwaited
	case m.state == m.normal:
		if p.ours && (p.storeFailed || p.state == StateWaiting || p.state == StateSyncing) {
			return UpdatesSent // it may be busy with what it has missed
		}
		return UpdatesAwaited
	case p.ours:
		return UpdatesSent
	case m.state == StateCommunicationRecovery:
		return UpdatesQueued
	}
	return UpdatesUnsent
}

// updateAnswered is the end of an update. A backup's failure or refusal has no
// consequence (Kea counts its refusals, so a backup can end the cooperation of
// the two others).
func (m *Machine) updateAnswered(now time.Time, ev UpdateAnswered) {
	if m.partnerName == "" || ev.Peer != m.partnerName {
		return
	}
	key := clientKey(ev.Client)
	switch ev.Outcome {
	case Accepted:
		delete(m.rejected, key)
	case Rejected:
		m.reject(now, key)
	case Failed:
		m.found(now, StateUnavailable)
	}
	m.run(now)
}

func (m *Machine) reject(now time.Time, key string) {
	if _, known := m.rejected[key]; key == "" || !known && len(m.rejected) >= maxClients {
		return
	}
	if m.rejected == nil {
		m.rejected = make(map[string]time.Time)
	}
	m.rejected[key] = now.Add(rejectionCounts)
}

// rejections returns how many clients' updates were refused lately. Kea
// counts older ones too if there are no others.
func (m *Machine) rejections(now time.Time) int {
	n := 0
	for _, until := range m.rejected {
		if now.Before(until) {
			n++
		}
	}
	return n
}
