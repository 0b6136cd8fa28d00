package hastatus

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
)

// verdict is what a person has to know of a relationship first.
type verdict struct {
	Level    level
	Headline string // does not change by the time that passes: it is read out when it does
	Detail   string
	Due      string // when what Next says happens, if that is known
	Next     string // what is about to happen; empty: nothing
	Todo     []string
}

// judged is what a verdict is made of.
type judged struct {
	st      *ha.Status
	r       *ha.RelationshipStatus
	serving serving
	silence time.Duration // how long the partner has not answered; 0: it never did, or does
}

// judge finds what matters most. The first that applies is said; what stands
// beside it is in notices.
func judge(st *ha.Status, r *ha.RelationshipStatus, now time.Time) verdict {
	j := &judged{st: st, r: r, serving: whoServes(shares(r))}
	if p := r.Partner; p != nil && silent(p) && !p.Heard.IsZero() {
		j.silence = now.Sub(p.Heard)
	}
	v := j.find()
	if r.Partner != nil && r.Partner.Takeover != nil {
		v.Due, v.Next = j.takeover(r.Partner.Takeover)
	}
	return v
}

func (j *judged) find() verdict {
	r := j.r
	switch {
	case j.st.StoreFailed:
		return verdict{Level: alarm, Headline: "This server cannot write leases.",
			Detail: "It answers no client until it can. " + j.who(),
			Todo:   []string{"Look at the disk of the lease file: is it full, read-only or broken? Service goes on by itself once it can be written."}}
	case len(r.Unguarded) > 0:
		return verdict{Level: alarm, Headline: "This server answers nobody: pools are not divided.",
			Detail: "The partner is a Kea, and both would give out addresses from " + plain(listed(r.Unguarded)) + ".",
			Todo:   []string{"Guard every pool by the class of one server, HA_" + r.Server + " or the partner's, in the configuration of both."}}
	case j.st.Service.ByUser:
		return verdict{Level: alarm, Headline: "The DHCP service is switched off here.",
			Detail: "An administrator has done so by dhcp-disable. " + j.who(),
			Todo:   []string{"Send dhcp-enable to this server when it shall serve again."}}
	case r.Paused:
		return verdict{Level: wary, Headline: "This server waits for an administrator.",
			Detail: "Its configuration has it pause in state " + r.State.String() + ". " + j.who(),
			Todo:   []string{"Send ha-continue to this server when it shall go on."}}
	case r.Partner == nil:
		return j.alone()
	}
	switch r.State {
	case ha.StateTerminated:
		return verdict{Level: alarm, Headline: "The servers have stopped working together.",
			Detail: "Each serves its own clients, and neither is told of the other's leases.",
			Todo: []string{"Find the reason in the log: clocks more than a minute apart, or leases that were refused.",
				"Mend it, then restart both servers."}}
	case ha.StateInMaintenance:
		return verdict{Level: moving, Headline: "This server is in maintenance.", Detail: j.who(),
			Todo: []string{"It may be shut down now.", "To call it off, send ha-maintenance-cancel to " + r.Partner.Name + "."}}
	case ha.StatePartnerInMaintenance:
		return verdict{Level: moving, Headline: r.Partner.Name + " is in maintenance.", Detail: j.who(),
			Todo: []string{"Start " + r.Partner.Name + " again when the work on it is done; it catches up by itself.",
				"To call it off, send ha-maintenance-cancel to this server."}}
	case ha.StatePartnerDown:
		return j.partnerDown()
	case ha.StateWaiting, ha.StateSyncing, ha.StateReady:
		return j.starting()
	}
	return j.together()
}

// who is the sentence that says who serves.
func (j *judged) who() string { return j.serving.Text + "." }

// alone is a server without a partner that could take over.
func (j *judged) alone() verdict {
	r := j.r
	switch {
	case r.State == ha.StateBackup:
		return verdict{Level: fine, Headline: "This server keeps copies of the leases.", Detail: "It is a backup and serves nobody."}
	case r.State == ha.StatePassiveBackup && r.Idle == "":
		return verdict{Level: fine, Headline: j.who(), Detail: "Backups get its leases. None of them takes over by itself."}
	case r.State == ha.StateWaiting:
		return verdict{Level: moving, Headline: "This server is starting.", Detail: j.who()}
	}
	return j.idle()
}

// partnerDown is a server that takes its partner for down.
func (j *judged) partnerDown() verdict {
	p := j.r.Partner
	switch {
	case !silent(p) && j.serving.Level < alarm:
		return verdict{Level: moving, Headline: p.Name + " is back and catches up.", Detail: j.who() + " Nothing has to be done."}
	case !silent(p):
		return verdict{Level: alarm, Headline: "Not all clients are served.", Detail: j.who(), Todo: j.scopes()}
	case !j.servesAll():
		return verdict{Level: alarm, Headline: "Not all clients are served: " + p.Name + " is down.",
			Detail: j.who() + " This server must not take over by itself (auto-failover is false).", Todo: append(j.revive(), j.scopes()...)}
	}
	return verdict{Level: wary, Headline: j.r.Server + " serves all clients alone.",
		Detail: j.lost() + " Leases that change meanwhile are kept for it.", Todo: j.revive()}
}

// lost says that the partner does not answer.
func (j *judged) lost() string {
	name := j.r.Partner.Name
	if j.silence > 0 {
		return name + " has not answered for " + span(j.silence) + "."
	}
	return name + " does not answer."
}

// revive is what to do about a partner that does not answer.
func (j *judged) revive() []string {
	name := j.r.Partner.Name
	if e := j.trouble(); strings.Contains(e, "refused") {
		return []string{"Start " + name + ": its host answers, but no server does. It then catches up by itself."}
	}
	return []string{"Is " + name + " running, and is the network between the two whole? It catches up by itself when it is back."}
}

// trouble is why the partner cannot be reached.
func (j *judged) trouble() string {
	for _, peer := range j.r.Peers {
		if peer.Name == j.r.Partner.Name {
			return peer.Error
		}
	}
	return ""
}

// scopes is how an administrator has this server serve everybody.
func (j *judged) scopes() []string {
	var names []string
	for _, name := range owners(j.r) {
		names = append(names, fmt.Sprintf("%q", name))
	}
	return []string{"Only if " + j.r.Partner.Name + " is certain to be off: send ha-scopes with [" + strings.Join(names, ", ") + "] to this server."}
}

// starting is a server that does not take part yet.
func (j *judged) starting() verdict {
	p := j.r.Partner
	v := verdict{Level: moving, Detail: j.who()}
	switch {
	case p.State == ha.StateNone:
		v.Headline = "This server is starting."
	case silent(p):
		v.Level, v.Headline = wary, "This server has started, and "+p.Name+" does not answer."
		v.Detail = j.who() + " This server waits before it serves, since " + p.Name + " may know more leases."
		v.Todo = j.revive()
	case p.State == ha.StateTerminated:
		v.Level, v.Headline = wary, p.Name+" has stopped working together with this server."
		v.Todo = []string{"Restart " + p.Name + "."}
	case p.StoreFailed:
		v.Level, v.Headline = wary, p.Name+" cannot write leases."
		v.Todo = []string{"Look at the disk of the lease file on " + p.Name + "."}
	case j.r.State == ha.StateWaiting && p.State == ha.StateWaiting:
		v.Headline = "Both servers are starting."
	default:
		v.Headline = "This server is catching up."
	}
	return v
}

// together is a server in normal operation, or one that has just lost touch.
func (j *judged) together() verdict {
	r, p := j.r, j.r.Partner
	switch {
	case silent(p):
		v := verdict{Level: wary, Headline: p.Name + " does not answer.", Detail: j.who(), Todo: j.revive()}
		if j.silence > 0 {
			v.Detail = "For " + span(j.silence) + " now. " + v.Detail
		}
		return v
	case j.st.Service.Disabled:
		v := j.idle()
		if len(j.st.Service.ByPartner) > 0 {
			v.Level, v.Headline = moving, "The service is held off while "+p.Name+" fetches leases."
		}
		return v
	case p.StoreFailed:
		return verdict{Level: wary, Headline: p.Name + " cannot write leases.", Detail: j.who(),
			Todo: []string{"Look at the disk of the lease file on " + p.Name + "."}}
	case j.serving.Level == alarm:
		return j.idle()
	case r.State == ha.StateCommunicationRecovery:
		return verdict{Level: moving, Headline: "The servers are in touch again.", Detail: j.who() + " What each has missed is being sent."}
	case p.State != r.State:
		return verdict{Level: moving, Headline: p.Name + " is " + p.State.String() + ": it " + meaning(p.State) + ".", Detail: j.who()}
	}
	v := verdict{Level: j.serving.Level, Headline: j.who()}
	if r.Mode == ha.HotStandby {
		standby := r.Server
		if r.Role == ha.Primary {
			standby = p.Name
		}
		v.Detail = standby + " stands by with the same leases."
	} else {
		v.Detail = "Both have all leases."
	}
	if !r.AutoFailover && (r.Mode == ha.LoadBalancing || r.Role == ha.Standby) {
		v.Detail += " This server does not take over by itself: auto-failover is false."
	}
	return v
}

// idle is a server that serves nobody, for the reason that it says itself.
func (j *judged) idle() verdict {
	v := verdict{Level: alarm, Headline: j.who()}
	if j.r.Idle != "" {
		v.Detail = "This server serves nobody: " + plain(j.r.Idle) + "."
	}
	if slices.Equal(j.st.Service.ByLocal, []ctrl.Origin{ctrl.OriginLocal}) {
		v.Level = moving
	}
	return v
}

// takeover says when the partner is taken for down, and what that means.
func (j *judged) takeover(t *ha.Takeover) (due, what string) {
	p := j.r.Partner.Name
	switch {
	case t.In > 0 && t.Clients > 0:
		due = "in " + span(t.In) + " at the earliest"
		what = "once " + plural(t.Clients, "client has", "clients have") + " waited in vain for an answer"
	case t.In > 0:
		due = "in " + span(t.In)
	case t.Clients > 0:
		due = "after " + plural(t.Clients, "more client", "more clients")
		what = "once so many have waited in vain for an answer"
		if t.OneIn > 0 && t.Clients > 1 {
			what += "; in " + span(t.OneIn) + " one is enough"
		}
	default:
		due = "now"
	}
	then := p + " is taken for down"
	switch {
	case j.servesAll():
	case j.r.AutoFailover:
		then = j.r.Server + " takes over"
	default:
		then += ", but not taken over from (auto-failover is false)"
	}
	if what != "" {
		then += " " + what
	}
	return due, then
}

// servesAll says whether this server already serves all clients.
func (j *judged) servesAll() bool {
	for _, s := range shares(j.r) {
		if !slices.Contains(s.by, j.r.Server) {
			return false
		}
	}
	return true
}
