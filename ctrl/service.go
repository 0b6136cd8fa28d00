package ctrl

import (
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Origin is who switches a service off, in Kea's numbers since 2.5.5. The
// service is on while nobody holds it off.
type Origin uint32

const (
	OriginUser    Origin = 1    // an administrator
	OriginLocal   Origin = 1000 // this server's HA; up to 999 more for further relationships
	OriginPartner Origin = 2000 // a partner's HA; up to 999 more for further relationships
	originEnd     Origin = 3000
)

// valid bounds how many origins there can be.
func (o Origin) valid() bool { return o == OriginUser || OriginLocal <= o && o < originEnd }

// Service is the switch of a DHCP service. Each origin holds it off by itself,
// for ever or for a time. The zero Service is on. It may be used by many
// goroutines at the same time.
type Service struct {
	disabled atomic.Bool // every query asks
	log      atomic.Pointer[slog.Logger]

	mu  sync.Mutex
	off map[Origin]*time.Timer // the timer is nil without a time limit
}

// Enabled says whether the service is on.
func (s *Service) Enabled() bool { return !s.disabled.Load() }

// unlock makes visible what was changed under the lock, and says whether the
// service is on.
func (s *Service) unlock() (on bool) {
	on = len(s.off) == 0
	s.disabled.Store(!on)
	s.mu.Unlock()
	return on
}

// Disable switches the service off for an origin, until Enable or, if period
// is not 0, until that has passed. A period given earlier no longer counts.
func (s *Service) Disable(origin Origin, period time.Duration) {
	s.mu.Lock()
	s.release(origin)
	var timer *time.Timer
	if period > 0 {
		timer = time.AfterFunc(period, func() {
			s.mu.Lock()
			held := s.off[origin] == timer // not if it fired just when replaced
			if held {
				delete(s.off, origin)
			}
			on := s.unlock()
			s.logEnd(origin, held, on)
		})
	}
	if s.off == nil {
		s.off = make(map[Origin]*time.Timer)
	}
	s.off[origin] = timer
	s.unlock()
	s.logBegin(origin, period)
}

// Enable takes back what the origin has disabled. Others may still hold the
// service off.
func (s *Service) Enable(origin Origin) {
	s.mu.Lock()
	held := s.release(origin)
	on := s.unlock()
	s.logEnd(origin, held, on)
}

// release forgets the origin, and says whether it held the service off. The lock
// is held.
func (s *Service) release(origin Origin) (held bool) {
	timer, held := s.off[origin]
	if timer != nil {
		timer.Stop()
	}
	delete(s.off, origin)
	return held
}

// EnableHA takes back what HA has disabled, here and by partners, as Kea does
// when a new configuration is applied.
func (s *Service) EnableHA() {
	s.mu.Lock()
	var released []Origin
	for origin := range s.off {
		if origin != OriginUser {
			s.release(origin)
			released = append(released, origin)
		}
	}
	on := s.unlock()
	for _, origin := range released {
		s.logEnd(origin, true, on)
	}
}

// ServiceState says who holds a service off: the member dhcp-state of the
// answer to status-get.
type ServiceState struct {
	ByDatabase []Origin `json:"disabled-by-db-connection"` // always empty: there is none
	ByLocal    []Origin `json:"disabled-by-local-command"`
	ByPartner  []Origin `json:"disabled-by-remote-command"`
	ByUser     bool     `json:"disabled-by-user"`
	Disabled   bool     `json:"globally-disabled"`
}

// State returns who holds the service off.
func (s *Service) State() ServiceState {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := ServiceState{
		ByDatabase: []Origin{}, ByLocal: []Origin{}, ByPartner: []Origin{}, // not null
		Disabled: len(s.off) > 0,
	}
	for origin := range s.off {
		switch {
		case origin == OriginUser:
			state.ByUser = true
		case origin < OriginPartner:
			state.ByLocal = append(state.ByLocal, origin)
		default:
			state.ByPartner = append(state.ByPartner, origin)
		}
	}
	slices.Sort(state.ByLocal)
	slices.Sort(state.ByPartner)
	return state
}
