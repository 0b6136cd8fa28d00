package hastatus

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/lease"
)

// view is what is drawn of how things are at a moment.
type view struct {
	Title         string
	Name          string // of this server
	Family        int
	Level         level // the highest of all
	At            time.Time
	Zone          string
	Single        bool     // there is no high availability
	Notices       []notice // of a single server
	Relationships []relationship
	Pools         pools
	Totals        []total
	Leases        *leaseView // nil: they are not shown
	Refreshes     bool       // without scripts it is to be loaded again
	Open          string     // the address that anybody may read it at; empty: only this host
}

// relationship is a part of a view.
type relationship struct {
	Server string
	Mode   ha.Mode
	Level  level
	verdict
	Answers []answer
	Notices []notice
	Servers []server
	Link    link
	Backups []backup
	Lanes   timeline
	Changes []change // the latest
	Earlier []change
}

// server is one of the servers that serve.
type server struct {
	Name    string
	This    bool
	Role    ha.Role
	State   string
	Meaning string
	Level   level
	Since   string // for how long; empty: not known
	Facts   []fact
}

// fact is a line about a server.
type fact struct {
	Name, Value string
	Level       level
}

// link is what is between the two servers.
type link struct {
	Level level
	Text  string
}

// backup is a server that keeps copies.
type backup struct {
	Name, Kind, Text string
	Level            level
}

// total is how many leases there are in a state.
type total struct {
	Name  string
	Count string
}

// see makes the view of this moment, without leases.
func (p *Page) see() *view {
	status, now := p.status(), p.opts.Now()
	v := &view{Family: int(p.opts.Family), Level: fine, At: now, Zone: now.Local().Format("MST"), Single: len(status.Relationships) == 0}
	if p.opts.Pools != nil {
		v.Pools = poolsOf(p.opts.Pools())
	}
	notices := append(listenerNotices(&status), v.Pools.notices()...)
	if p.opts.NoSubnet != nil {
		notices = append(notices, subnetNotices(p.opts.NoSubnet(), now)...)
	}
	for i := range status.Relationships {
		r := p.relationship(&status, &status.Relationships[i], now)
		if i == 0 {
			v.Name = r.Server
			r.notice(notices...)
		}
		v.Level = max(v.Level, r.Level)
		v.Relationships = append(v.Relationships, r)
	}
	if v.Single {
		v.Notices = notices
		for _, n := range notices {
			v.Level = max(v.Level, n.Level)
		}
	}
	v.Totals = p.totals()
	v.Title = v.Level.Word()
	if v.Name != "" {
		v.Title += " · " + v.Name
	}
	return v
}

func (p *Page) relationship(st *ha.Status, r *ha.RelationshipStatus, now time.Time) relationship {
	rel := relationship{Server: r.Server, Mode: r.Mode, verdict: judge(st, r, now)}
	rel.Level = rel.verdict.Level
	rel.notice(noticesOf(r)...)
	serving := whoServes(shares(r))
	rel.Answers = []answer{{"Who serves", serving.Level, serving.Who, serving.Whom}}
	if r.Partner != nil {
		rel.Answers = append(rel.Answers, p.partnerAnswer(r.Partner, now))
	}
	rel.Answers = append(rel.Answers, copies(st, r), rel.nextAnswer(r))
	rel.Servers = append(rel.Servers, p.thisServer(st, r, now))
	names := []string{r.Server}
	if r.Partner != nil {
		rel.Servers = append(rel.Servers, p.partner(r, now))
		rel.Link = linkTo(r.Partner, now)
		names = append(names, r.Partner.Name)
	}
	for _, peer := range r.Peers {
		if r.Partner == nil || peer.Name != r.Partner.Name {
			rel.Backups = append(rel.Backups, backupOf(peer))
		}
	}
	rel.Lanes = p.history.timeline(names, now)
	list := p.history.changes(names, now)
	n := min(len(list), latest)
	rel.Changes, rel.Earlier = list[:n], list[n:]
	return rel
}

// notice adds what is wrong besides.
func (rel *relationship) notice(notices ...notice) {
	for _, n := range notices {
		rel.Level = max(rel.Level, n.Level)
		rel.Notices = append(rel.Notices, n)
		if n.Todo != "" {
			rel.Todo = append(rel.Todo, n.Todo)
		}
	}
}

// partnerAnswer says whether the partner is well.
func (p *Page) partnerAnswer(partner *ha.PartnerStatus, now time.Time) answer {
	a := answer{"Partner", fine, "Well", partner.Name + " answers."}
	switch {
	case partner.State == ha.StateNone:
		a.Level, a.Value, a.Detail = moving, "Not heard yet", "This server has just begun to ask "+partner.Name+"."
	case silent(partner):
		a.Level, a.Value, a.Detail = alarm, "Does not answer", partner.Name+" was never heard since this server started."
		if !partner.Heard.IsZero() {
			a.Detail = fmt.Sprintf("%s, for %s.", partner.Name, span(now.Sub(partner.Heard)))
		}
	case partner.StoreFailed:
		a.Level, a.Value, a.Detail = wary, "Cannot write", "The disk of "+partner.Name+" fails."
	case levelOf(partner.State) != fine:
		a.Level, a.Value = max(levelOf(partner.State), moving), sentence(partner.State.String())
		a.Detail = partner.Name + " " + meaning(partner.State) + "."
	}
	return a
}

// nextAnswer says what is about to happen.
func (rel *relationship) nextAnswer(r *ha.RelationshipStatus) answer {
	switch {
	case rel.Next != "":
		return answer{"Next", wary, sentence(rel.Due), rel.Next + "."}
	case r.Waits != "":
		return answer{"Next", moving, "Waits", "For " + plain(r.Waits) + "."}
	}
	return answer{"Next", fine, "Nothing", "This is where it belongs."}
}

func (p *Page) thisServer(st *ha.Status, r *ha.RelationshipStatus, now time.Time) server {
	s := server{Name: r.Server, This: true, Role: r.Role, State: r.State.String(), Meaning: meaning(r.State), Level: levelOf(r.State), Since: p.sinceOf(r.Server, r.State, now)}
	if r.Idle == "" {
		s.Facts = append(s.Facts, fact{"Serves", "clients of " + listed(r.Serves), fine})
	} else {
		s.Facts = append(s.Facts, fact{"Serves", "nobody: " + plain(r.Idle), fine})
	}
	if r.Waits != "" {
		s.Facts = append(s.Facts, fact{"Waits for", plain(r.Waits), moving})
	}
	if r.Sync != nil {
		s.Facts = append(s.Facts, fact{"Fetches", fmt.Sprintf("%s For %s now.", progress(r.Sync), span(now.Sub(r.Sync.Since))), moving})
	}
	for _, l := range st.Listeners {
		if l.Error == "" {
			s.Facts = append(s.Facts, fact{"Hears at", plain(l.URL), fine})
		}
	}
	return s
}

func (p *Page) partner(r *ha.RelationshipStatus, now time.Time) server {
	o := r.Partner
	s := server{Name: o.Name, Role: o.Role, State: o.State.String(), Meaning: meaning(o.State), Level: levelOf(o.State), Since: p.sinceOf(o.Name, o.State, now)}
	switch {
	case o.State == ha.StateNone:
		s.State = "unknown"
	case silent(o):
		s.Facts = append(s.Facts, fact{"Serves", "not known", fine})
	case len(o.Serves) == 0:
		s.Facts = append(s.Facts, fact{"Serves", "nobody", fine})
	default:
		s.Facts = append(s.Facts, fact{"Serves", "clients of " + plain(listed(o.Serves)), fine})
	}
	for _, peer := range r.Peers {
		if peer.Name != o.Name {
			continue
		}
		if peer.Error != "" {
			s.Facts = append(s.Facts, fact{"Trouble", plain(strings.TrimPrefix(peer.Error, "ha: "+peer.Name+": ")), wary})
		}
		s.Facts = append(s.Facts, fact{"Has", pendingText(peer), fine})
		if peer.Kind != ha.KindUnknown {
			s.Facts = append(s.Facts, fact{"Kind", peer.Kind.String(), fine})
		}
	}
	if !o.Heard.IsZero() && !silent(o) {
		s.Facts = append(s.Facts, fact{"Clock", offset(o.ClockOffset), fine})
	}
	return s
}

// pendingText says how much of the leases another server has.
func pendingText(peer ha.PeerStatus) string {
	switch {
	case peer.Behind:
		return "not the latest changes, which are many"
	case peer.Pending > 0:
		return "all but " + plural(peer.Pending, "change", "changes")
	}
	return "all leases"
}

func backupOf(peer ha.PeerStatus) backup {
	b := backup{Name: peer.Name, Kind: string(peer.Role), Level: fine, Text: "has " + pendingText(peer)}
	if peer.Error != "" {
		b.Level, b.Text = wary, "cannot be reached; "+b.Text
	}
	return b
}

// offset says by how much a clock differs.
func offset(d time.Duration) string {
	switch {
	case d.Abs() < time.Second:
		return "right"
	case d > 0:
		return span(d) + " ahead"
	}
	return span(-d) + " behind"
}

func linkTo(p *ha.PartnerStatus, now time.Time) link {
	switch {
	case silent(p) && p.Heard.IsZero():
		return link{alarm, "no answer"}
	case silent(p):
		return link{alarm, "silent for " + span(now.Sub(p.Heard))}
	case p.State == ha.StateNone:
		return link{moving, "not heard yet"}
	}
	return link{fine, "answered " + span(now.Sub(p.Heard)) + " ago"}
}

func (p *Page) sinceOf(name string, s ha.State, now time.Time) string {
	at := p.history.since(name, s)
	if at.IsZero() {
		return ""
	}
	return span(now.Sub(at))
}

// totals counts leases by their states.
func (p *Page) totals() (all []total) {
	if p.opts.Leases == nil {
		return nil
	}
	types := []lease.Type{lease.V4}
	if p.opts.Family == 6 {
		types = []lease.Type{lease.NA, lease.PD}
	}
	for _, s := range []lease.State{lease.Assigned, lease.Registered, lease.Declined, lease.Released, lease.ExpiredReclaimed} {
		n := 0
		for _, t := range types {
			n += p.opts.Leases.Count(0, s, t)
		}
		if n > 0 || s == lease.Assigned {
			all = append(all, total{s.String(), count(n)})
		}
	}
	return all
}

// exposed returns the address that a request came to, if others than this host
// can reach it.
func exposed(r *http.Request) string {
	if onLoopback(r) {
		return ""
	}
	return fmt.Sprint(r.Context().Value(http.LocalAddrContextKey))
}
