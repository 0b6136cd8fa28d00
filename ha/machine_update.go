package ha

import "time"

// rejectionCounts is how long a refused update counts.
const rejectionCounts = 24 * time.Hour

// updates is what becomes of lease updates for the partner in a state.
type updates uint8

// What becomes of them.
const (
	updatesOff     updates = iota // there is no partner, or send-lease-updates is false
	updatesUnsent                 // the state does not let them be sent; they are counted (updateUnsent)
	updatesQueued                 // they are kept for the partner's return
	updatesSent                   // they are sent, and clients do not wait for the partner
	updatesAwaited                // clients are answered when the partner has acknowledged
)

// Updates returns what becomes of lease updates for the partner now. A
// partner of this kind is always sent all changes, since it tells what it has.
func (m *machine) Updates() updates {
	p := &m.partner
	switch {
	case m.partnerName == "" || !m.cfg.sendLeaseUpdates():
		return updatesOff
	case m.state == StatePartnerInMaintenance:
		return updatesAwaited
	case m.state == m.normal:
		if p.ours && (p.storeFailed || p.state == StateWaiting || p.state == StateSyncing) {
			return updatesSent // it may be busy with what it has missed
		}
		return updatesAwaited
	case p.ours:
		return updatesSent
	case m.state == StateCommunicationRecovery:
		return updatesQueued
	}
	return updatesUnsent
}

// updateAnswered is the end of an update. A backup's failure or refusal has no
// consequence (Kea counts its refusals, so a backup can end the cooperation of
// the two others).
func (m *machine) updateAnswered(now time.Time, ev updateAnswered) {
	if m.partnerName == "" || ev.Peer != m.partnerName {
		return
	}
	key := clientKey(ev.Client)
	switch ev.Outcome {
	case accepted:
		delete(m.rejected, key)
	case rejected:
		m.reject(now, key)
	case failed:
		m.found(now, StateUnavailable)
	}
	m.run(now)
}

func (m *machine) reject(now time.Time, key string) {
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
func (m *machine) rejections(now time.Time) int {
	n := 0
	for _, until := range m.rejected {
		if now.Before(until) {
			n++
		}
	}
	return n
}
