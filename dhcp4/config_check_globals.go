package dhcp4

import "strings"

// globals checks what there is only once.
func (ck *checker) globals() {
	c := ck.cfg
	if d := c.LeaseDatabase; d != nil && d.Type != "mysql" && d.Type != "postgresql" && d.Type != "cql" { // which are reported as unsupported
		if d.Type == "" {
			ck.Errorf("lease-database.type", `is missing; write "memfile"`)
		}
		ck.oneOf("lease-database.type", d.Type, "memfile", "mysql", "postgresql")
	}
	seen := map[string]bool{}
	for i, id := range c.HostReservationIdentifiers {
		path := index("host-reservation-identifiers", i)
		ck.oneOf(path, id, "hw-address", "duid", "circuit-id", "client-id", "flex-id")
		if seen[id] {
			ck.Errorf(path, "%q is there twice", id)
		}
		seen[id] = true
	}
	if e := c.ExpiredLeasesProcessing; e != nil {
		for _, limited := range []struct {
			key   string
			value *uint32
		}{
			{"reclaim-timer-wait-time", e.ReclaimTimerWaitTime},
			{"flush-reclaimed-timer-wait-time", e.FlushReclaimedTimerWaitTime},
			{"max-reclaim-time", e.MaxReclaimTime},
			{"unwarned-reclaim-cycles", e.UnwarnedReclaimCycles},
		} {
			if limited.value != nil && *limited.value > 65535 {
				ck.Errorf("expired-leases-processing."+limited.key, "%d is out of range, 0 to 65535", *limited.value)
			}
		}
	}
	if s := c.SanityChecks; s != nil {
		ck.oneOf("sanity-checks.lease-checks", s.LeaseChecks, "none", "warn", "fix", "fix-del", "del")
		ck.oneOf("sanity-checks.extended-info-checks", s.ExtendedInfoChecks, "none", "fix", "strict", "pedantic")
	}
	for i, h := range c.HooksLibraries {
		if h.Library == "" {
			ck.Errorf(at(index("hooks-libraries", i), "library"), "is missing")
		}
	}
	for i, l := range c.Loggers {
		path := index("loggers", i)
		switch strings.ToUpper(l.Severity) {
		case "", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE":
		default: // Kea, too, goes on
			ck.Warnf(at(path, "severity"), "%q is none of DEBUG, INFO, WARN, ERROR, FATAL and NONE; INFO is taken", l.Severity)
		}
		if l.DebugLevel > 99 {
			ck.Errorf(at(path, "debuglevel"), "%d is out of range, 0 to 99", l.DebugLevel)
		}
	}
}
