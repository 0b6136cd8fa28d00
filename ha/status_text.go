package ha

import (
	"fmt"
	"strings"
	"time"
)

// String says it in words, a few lines for each relationship.
func (s Status) String() string {
	var b strings.Builder
	for i, r := range s.Relationships {
		if i > 0 {
			b.WriteString("\n")
		}
		r.write(&b)
	}
	for _, l := range s.Listeners {
		l.write(&b)
	}
	if s.StoreFailed {
		b.WriteString("LEASES CANNOT BE MADE DURABLE HERE\n")
	}
	return b.String()
}

func (r *RelationshipStatus) write(b *strings.Builder) {
	fmt.Fprintf(b, "%s (%s, %s): %s", r.Server, r.Mode, r.Role, r.State)
	if r.Paused {
		b.WriteString(", paused until ha-continue")
	}
	if r.Idle != "" {
		fmt.Fprintf(b, ", serves nobody: %s\n", r.Idle)
	} else {
		fmt.Fprintf(b, ", serves the clients of %s", strings.Join(r.Serves, " and "))
		if r.Waits != "" {
			fmt.Fprintf(b, ", waits for %s", r.Waits)
		}
		b.WriteString("\n")
	}
	if len(r.Unguarded) > 0 {
		fmt.Fprintf(b, "  pools not guarded: %s\n", strings.Join(r.Unguarded, ", "))
	}
	if r.Partner != nil {
		r.Partner.write(b)
	}
	if r.Sync != nil {
		fmt.Fprintf(b, "  fetching leases from %s since %s", r.Sync.From, r.Sync.Since.Format(time.TimeOnly))
		if r.Sync.Of > 0 {
			fmt.Fprintf(b, ", %d of %d", r.Sync.Done, r.Sync.Of)
		}
		b.WriteString("\n")
	}
	for _, p := range r.Peers {
		p.write(b)
	}
	if r.Conflicts != (Conflicts{}) {
		r.Conflicts.write(b)
	}
}

func (p *PartnerStatus) write(b *strings.Builder) {
	fmt.Fprintf(b, "  partner %s (%s): ", p.Name, p.Role)
	switch p.State {
	case StateNone:
		b.WriteString("not heard yet")
	case StateUnavailable:
		b.WriteString("does not answer")
	default:
		b.WriteString(p.State.String())
	}
	if !p.Heard.IsZero() {
		fmt.Fprintf(b, ", last answer %s", p.Heard.Format(time.DateTime))
	}
	if p.Takeover != nil {
		b.WriteString(", is taken for dead " + p.Takeover.String())
	}
	if p.ClockOffset.Abs() >= time.Second {
		fmt.Fprintf(b, ", its clock is off by %s", p.ClockOffset.Round(time.Second))
	}
	if p.ConfigDiffers {
		b.WriteString(", ITS CONFIGURATION DIFFERS")
	}
	if p.StoreFailed {
		b.WriteString(", it cannot make leases durable")
	}
	b.WriteString("\n")
}

// String says it in words, such as "in 3s after 2 more unanswered clients".
func (t Takeover) String() string {
	var when []string
	if t.In > 0 {
		when = append(when, "in "+t.In.Round(time.Second/10).String())
	}
	switch {
	case t.Clients == 1:
		when = append(when, "after one more unanswered client")
	case t.Clients > 1:
		when = append(when, fmt.Sprintf("after %d more unanswered clients", t.Clients))
	}
	if t.Clients > 1 && t.OneIn > 0 {
		when = append(when, fmt.Sprintf("(or one in %s)", t.OneIn.Round(time.Second/10)))
	}
	if len(when) == 0 {
		return "now"
	}
	return strings.Join(when, " ")
}

func (p *PeerStatus) write(b *strings.Builder) {
	fmt.Fprintf(b, "  %s (%s, %s): ", p.Name, p.Role, p.Kind)
	switch {
	case p.Behind:
		fmt.Fprintf(b, "many updates not yet acknowledged, in %d revisions", p.Lag)
	case p.Pending == 1:
		b.WriteString("1 update not yet acknowledged")
	case p.Pending > 1:
		fmt.Fprintf(b, "%d updates not yet acknowledged", p.Pending)
	default:
		b.WriteString("has all updates")
	}
	if p.Refused > 0 {
		fmt.Fprintf(b, ", has refused %d", p.Refused)
	}
	if p.Error != "" {
		fmt.Fprintf(b, "; %s", p.Error)
	}
	b.WriteString("\n")
}

func (c *Conflicts) write(b *strings.Builder) {
	fmt.Fprintf(b, "  conflicts: %d decided for what was here, %d for what came", c.Kept, c.Taken)
	if c.Shared > 0 {
		fmt.Fprintf(b, ", TWO CLIENTS HAD %d OF THESE LEASES", c.Shared)
	}
	if c.Outdated > 0 {
		fmt.Fprintf(b, ", %d updates came too late", c.Outdated)
	}
	b.WriteString("\n")
}
