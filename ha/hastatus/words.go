package hastatus

import (
	"fmt"
	"math/big"
	"strings"
	"time"
	"unicode"

	"github.com/dhcpha/dhcpha/ha"
)

// span says how long something takes, in one or two units.
func span(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 10*time.Minute:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// clock says when something is, with the date if that is another.
func clock(t, now time.Time) string {
	t, now = t.Local(), now.Local()
	if y, m, d := t.Date(); y != now.Year() || m != now.Month() || d != now.Day() {
		return t.Format("2 Jan 15:04:05")
	}
	return t.Format(time.TimeOnly)
}

// count says a number, with spaces between thousands.
func count[N int | uint64 | int64](n N) string { return grouped(fmt.Sprint(n)) }

func grouped(digits string) string {
	var b strings.Builder
	for i, r := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// big10 says a number that may be very large.
func big10(n *big.Int) string {
	if digits := n.String(); len(digits) <= 9 {
		return grouped(digits)
	}
	return new(big.Float).SetInt(n).Text('e', 1)
}

// plural says how many there are of something.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// listed joins names as a sentence does.
func listed(names []string) string {
	if n := len(names); n > 2 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, " and ")
}

// sentence begins with a capital.
func sentence(s string) string {
	for i, r := range s {
		return string(unicode.ToUpper(r)) + s[i+len(string(r)):]
	}
	return s
}

// maxText bounds how much is shown of a text from elsewhere.
const maxText = 300

// plain makes a text from elsewhere one that only shows characters: it could
// have some that turn the direction of what follows, or hide.
func plain(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > maxText {
			b.WriteString("…")
			break
		}
		if unicode.IsGraphic(r) && r != unicode.ReplacementChar && !unicode.Is(unicode.Zs, r) || r == ' ' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "\\u%04x", r)
		}
	}
	return b.String()
}

// meaning says what a state is to people.
func meaning(s ha.State) string {
	switch s {
	case ha.StateBackup:
		return "keeps copies"
	case ha.StateCommunicationRecovery:
		return "out of touch, serves on"
	case ha.StateHotStandby, ha.StateLoadBalancing:
		return "normal operation"
	case ha.StateInMaintenance:
		return "in maintenance"
	case ha.StatePartnerDown:
		return "takes the partner for down"
	case ha.StatePartnerInMaintenance:
		return "alone during maintenance"
	case ha.StatePassiveBackup:
		return "alone, with backups"
	case ha.StateReady:
		return "has all leases, waits"
	case ha.StateSyncing:
		return "fetches leases"
	case ha.StateTerminated:
		return "has given up cooperation"
	case ha.StateWaiting:
		return "has started, waits"
	case ha.StateUnavailable:
		return "does not answer"
	}
	return "not heard yet"
}

// levelOf is how much a state matters.
func levelOf(s ha.State) level {
	switch s {
	case ha.StateBackup, ha.StateHotStandby, ha.StateLoadBalancing, ha.StatePassiveBackup:
		return fine
	case ha.StateTerminated, ha.StateUnavailable:
		return alarm
	case ha.StatePartnerDown, ha.StateCommunicationRecovery:
		return wary
	}
	return moving
}
