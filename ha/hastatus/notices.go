package hastatus

import (
	"fmt"
	"time"

	"github.com/dhcpha/dhcpha/ha"
)

// notice is something that matters beside the verdict.
type notice struct {
	Level level
	Text  string
	Todo  string // empty: nothing
}

// skewed is by how much clocks may differ before somebody should look: a Kea
// warns then, and gives up cooperation with twice that.
const skewed = 30 * time.Second

// noticesOf returns what else is wrong with a relationship.
func noticesOf(r *ha.RelationshipStatus) (all []notice) {
	add := func(l level, text, todo string) { all = append(all, notice{l, text, todo}) }
	if p := r.Partner; p != nil {
		if p.ConfigDiffers {
			add(wary, p.Name+" serves another configuration.", "Make the configurations of both servers alike, but for what must differ, and reload them.")
		}
		if p.ClockOffset.Abs() >= skewed {
			add(wary, fmt.Sprintf("The clock of %s is off by %s.", p.Name, span(p.ClockOffset.Abs())), "Set the clocks of both servers by NTP.")
		}
	}
	for _, peer := range r.Peers {
		if peer.Refused > 0 {
			add(wary, fmt.Sprintf("%s has refused %s since this server started.", peer.Name, plural(int(peer.Refused), "lease", "leases")),
				"Look in the log of "+peer.Name+" why; mostly its subnets are others.")
		}
		if r.Partner != nil && peer.Name == r.Partner.Name {
			continue // the verdict is about it
		}
		if peer.Error != "" {
			add(wary, peer.Name+" ("+string(peer.Role)+") cannot be reached: "+plain(peer.Error), "Look after "+peer.Name+". It catches up by itself.")
		}
	}
	return all
}

// subnetNotices tells of clients whose link has no subnet, where the pair is well
// and they get nothing all the same.
func subnetNotices(last, now time.Time) []notice {
	if last.IsZero() {
		return nil
	}
	return []notice{{wary, "Clients on a link without a subnet get nothing, the last at " + clock(last, now) + ".",
		"Configure a subnet for the interface or relay agent that the log names (no subnet for client)."}}
}

// listenerNotices tells of addresses at which the partner is not heard.
func listenerNotices(st *ha.Status) (all []notice) {
	for _, l := range st.Listeners {
		if l.Error != "" {
			all = append(all, notice{wary, "The partner cannot reach this server at " + plain(l.URL) + ": " + plain(l.Error),
				"Give this host that address, or free the port."})
		}
	}
	return all
}
