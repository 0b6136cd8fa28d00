package hastatus

import (
	"fmt"
	"strings"

	"github.com/dhcpha/dhcpha/ha"
)

// answer is one of the few things that a person asks first.
type answer struct {
	Question string
	Level    level
	Value    string
	Detail   string
}

// copies says where the leases are.
func copies(st *ha.Status, r *ha.RelationshipStatus) answer {
	a := answer{"Leases", fine, "On both servers", "Nothing waits to be sent."}
	say := func(l level, value, detail string) answer {
		a.Level, a.Value, a.Detail = l, value, detail
		return a
	}
	var waiting []string
	partner, backups := fine, fine // that cannot be reached
	for _, peer := range r.Peers {
		switch {
		case peer.Behind:
			waiting = append(waiting, "many changes for "+peer.Name)
		case peer.Pending > 0:
			waiting = append(waiting, plural(peer.Pending, "change", "changes")+" for "+peer.Name)
		default:
			continue
		}
		switch {
		case peer.Error == "":
		case r.Partner != nil && peer.Name == r.Partner.Name:
			partner = wary
		default:
			backups = wary
		}
	}
	pending := strings.Join(waiting, ", ")
	switch {
	case st.StoreFailed:
		return say(alarm, "Cannot be written", "Clients were told of nothing that is not on a disk.")
	case r.Sync != nil:
		return say(moving, "Being fetched", progress(r.Sync))
	case r.State == ha.StateTerminated:
		return say(alarm, "No longer shared", "The servers do not tell each other.")
	case r.State == ha.StateBackup:
		return say(fine, "Copied here", "As the other servers send them.")
	case r.Partner == nil && len(r.Peers) == 0:
		return say(fine, "Here", "There is no other server.")
	case r.Partner != nil && (r.State == ha.StateWaiting || r.State == ha.StateSyncing):
		return say(moving, "May be incomplete here", "The partner may have some that came while this server was away.")
	case pending != "" && (partner == wary || r.Partner != nil && silent(r.Partner)):
		return say(wary, "Latest only here", pending+", sent when it is back.")
	case backups == wary:
		return say(wary, "Not on all backups", pending+", sent when it is back.")
	case r.Partner != nil && silent(r.Partner):
		a.Detail = "None has changed since " + r.Partner.Name + " fell silent."
	case r.Partner == nil:
		a.Value = "Here and on backups"
	}
	if pending != "" {
		a.Detail = pending + " on the way."
	}
	return a
}

// progress says how far leases have been fetched.
func progress(s *ha.SyncStatus) string {
	if s.Of == 0 {
		return "From " + s.From + "."
	}
	return fmt.Sprintf("From %s, %d %% there.", s.From, min(100*s.Done/s.Of, 100))
}
