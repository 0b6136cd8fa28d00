package hastatus

import (
	"slices"

	"github.com/dhcpha/dhcpha/ha"
)

// share is some of the clients, and who serves them.
type share struct {
	of string   // the server whose clients they are
	by []string // this server's name first; empty: nobody is known to
	// may is the partner if it served them when it was last heard.
	may string
}

// shares says who serves which clients, of all active servers.
func shares(r *ha.RelationshipStatus) []share {
	var all []share
	for _, owner := range owners(r) {
		s := share{of: owner}
		if r.Idle == "" && slices.Contains(r.Serves, owner) {
			s.by = append(s.by, r.Server)
		}
		if p := r.Partner; p != nil && slices.Contains(p.Serves, owner) {
			if silent(p) {
				s.may = p.Name
			} else {
				s.by = append(s.by, p.Name)
			}
		}
		all = append(all, s)
	}
	return all
}

// owners are the servers that have clients of their own: in load-balancing both,
// otherwise the primary.
func owners(r *ha.RelationshipStatus) []string {
	var primary, secondary []string
	add := func(name string, role ha.Role) {
		switch role {
		case ha.Primary:
			primary = append(primary, name)
		case ha.Secondary:
			secondary = append(secondary, name)
		}
	}
	add(r.Server, r.Role)
	for _, p := range r.Peers {
		add(p.Name, p.Role)
	}
	return append(primary, secondary...)
}

// silent says whether the partner does not answer.
func silent(p *ha.PartnerStatus) bool { return p.State == ha.StateUnavailable || p.Interrupted }

// serving is who serves, in words.
type serving struct {
	Level level
	Who   string // such as "server1"
	Whom  string // such as "All clients."
	Text  string // both, as a sentence without its full stop
}

// whoServes puts shares into words.
func whoServes(all []share) serving {
	var unserved, twice int
	var names []string
	may := ""
	for _, s := range all {
		if len(s.by) == 0 {
			may = s.may
		}
		switch len(s.by) {
		case 0:
			unserved++
		case 1:
		default:
			twice++
		}
		for _, name := range s.by {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	who := listed(names)
	switch {
	case unserved == len(all) && may != "":
		return serving{wary, "Not known", may + " may still serve all clients.", may + " may still serve its clients"}
	case unserved > 0 && may != "":
		return serving{wary, who, "Half of the clients; " + may + " may still serve the others.",
			who + " serves half of the clients, " + may + " may still serve the others"}
	case len(all) == 0 || unserved == len(all):
		return serving{alarm, "Nobody", "No client is known to be served.", "No client is known to be served"}
	case unserved > 0:
		return serving{alarm, who, "Half of the clients; the others are not known to be served.",
			who + " serves half of the clients, the others are not known to be served"}
	case twice > 0:
		return serving{moving, who, "The same clients, for a moment.", who + " serve the same clients for a moment"}
	case len(names) == 1:
		return serving{fine, who, "All clients.", who + " serves all clients"}
	}
	return serving{fine, who, "Half of the clients each.", who + " serve half of the clients each"}
}
