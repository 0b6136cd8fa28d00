package ctrl

import (
	"log/slog"
	"time"
)

// LogTo has a logger told from now on when administrators and partners switch the
// service off and on. Of this server's HA nothing is logged here: it says itself
// why it does not serve.
func (s *Service) LogTo(log *slog.Logger) { s.log.Store(log) }

// logBegin tells that an origin holds the service off: for ever, or for a time.
func (s *Service) logBegin(origin Origin, period time.Duration) {
	log := s.loggerFor(origin)
	switch {
	case log == nil:
	case period > 0:
		log.Warn("the DHCP service is switched off", "seconds", int64(period/time.Second))
	default:
		log.Warn("the DHCP service is switched off")
	}
}

// logEnd tells that an origin no longer does, if it did.
func (s *Service) logEnd(origin Origin, held, on bool) {
	log := s.loggerFor(origin)
	switch {
	case log == nil || !held:
	case on:
		log.Info("the DHCP service is switched on again")
	default:
		log.Info("the DHCP service stays off: it is held off for another reason, too")
	}
}

// loggerFor returns what is told of an origin; nil: nothing is.
func (s *Service) loggerFor(origin Origin) *slog.Logger {
	log := s.log.Load()
	switch {
	case log == nil || OriginLocal <= origin && origin < OriginPartner:
		return nil
	case origin == OriginUser:
		return log.With("origin", "user")
	default:
		return log.With("origin", "ha-partner")
	}
}
