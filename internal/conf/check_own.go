package conf

import "strings"

// Own checks what each server has for itself.
func (ck *Checker) Own(o *Own) {
	if d := o.LeaseDatabase; d != nil && !otherDatabase(d.Type) {
		if d.Type == "" {
			ck.Errorf("lease-database.type", `is missing; write "memfile"`)
		}
		ck.OneOf("lease-database.type", d.Type, "memfile", "mysql", "postgresql")
	}
	if e := o.ExpiredLeasesProcessing; e != nil {
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
	if s := o.SanityChecks; s != nil {
		ck.OneOf("sanity-checks.lease-checks", s.LeaseChecks, "none", "warn", "fix", "fix-del", "del")
		ck.OneOf("sanity-checks.extended-info-checks", s.ExtendedInfoChecks, "none", "fix", "strict", "pedantic")
	}
	for i, h := range o.HooksLibraries {
		path := Index("hooks-libraries", i)
		if h.Library == "" {
			ck.Errorf(At(path, "library"), "is missing")
		}
		if _, err := FlexIdentifier(o.HooksLibraries[i:i+1], ck.Defs); err != nil {
			ck.Errorf(At(path, "parameters"), "%s: %v", h.Name(), err)
		}
	}
	ck.loggers(o.Loggers)
	ck.sockets(o)
}

func (ck *Checker) loggers(loggers []Logger) {
	for i, l := range loggers {
		path := Index("loggers", i)
		switch strings.ToUpper(l.Severity) {
		case "", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE":
		default: // Kea, too, goes on
			ck.Warnf(At(path, "severity"), "%q is none of DEBUG, INFO, WARN, ERROR, FATAL and NONE; INFO is taken", l.Severity)
		}
		if l.DebugLevel > 99 {
			ck.Errorf(At(path, "debuglevel"), "%d is out of range, 0 to 99", l.DebugLevel)
		}
	}
}
