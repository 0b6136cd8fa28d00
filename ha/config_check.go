package ha

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dhcpha/dhcpha/internal/keajson"
)

// Validate checks a configuration that a program has put together. Those of
// [ParseConfigs] are already checked. Files are not looked at. The error is a
// [*ConfigError].
func (c *Config) Validate() error {
	var report keajson.Report
	c.check("", &report)
	if err := report.Err(); err != nil {
		return fmt.Errorf("ha: configuration: %w", err)
	}
	return nil
}

// validateConfigs checks the relationships of one server.
func validateConfigs(cfgs []*Config) error {
	var report keajson.Report
	checkConfigs(cfgs, &report)
	if err := report.Err(); err != nil {
		return fmt.Errorf("ha: configuration: %w", err)
	}
	return nil
}

// checkConfigs checks each relationship, and that they go together.
func checkConfigs(cfgs []*Config, report *keajson.Report) {
	elsewhere := map[string]string{}
	for i, c := range cfgs {
		path := listPath(i)
		c.check(path, report)
		if len(cfgs) > 1 && c.Mode != HotStandby && c.Mode.known() {
			report.Errorf(at(path, "mode"), "must be %s, not %s, because there are several relationships", HotStandby, c.Mode)
		}
		names := map[string]string{}
		for j, p := range c.Peers {
			namePath := fmt.Sprintf("%s.peers[%d].name", path, j)
			if first, twice := elsewhere[p.Name]; twice && p.Name != "" {
				report.Errorf(namePath, "%q is already the name of %s", p.Name, first)
			}
			names[p.Name] = namePath
		}
		maps.Copy(elsewhere, names)
	}
}

// rule is what a mode asks of the relationship.
type rule struct{ required, forbidden []Role }

var rules = map[Mode]rule{
	LoadBalancing: {required: []Role{Primary, Secondary}, forbidden: []Role{Standby}},
	HotStandby:    {required: []Role{Primary, Standby}, forbidden: []Role{Secondary}},
	PassiveBackup: {required: []Role{Primary}, forbidden: []Role{Secondary, Standby}},
}

func (m Mode) known() bool { return rules[m].required != nil }

// check reports all mistakes in the relationship.
func (c *Config) check(path string, report *keajson.Report) {
	ck := configChecker{report, c, path}
	ck.mode()
	ck.peers()
	ck.roles()
	ck.limits()
	ck.pauses()
	ck.doubts()
}

type configChecker struct {
	*keajson.Report
	*Config
	path string
}

func (ck *configChecker) errorf(key, format string, args ...any) {
	ck.Errorf(at(ck.path, key), format, args...)
}

func (ck *configChecker) mode() {
	switch {
	case ck.Mode == "":
		ck.errorf("mode", "is missing; it is %s, %s or %s", LoadBalancing, HotStandby, PassiveBackup)
	case !ck.Mode.known():
		ck.errorf("mode", "must be %s, %s or %s, not %q", LoadBalancing, HotStandby, PassiveBackup, ck.Mode)
	}
	switch {
	case ck.ThisServerName == "":
		ck.errorf("this-server-name", "is missing; it is the name of this server among the peers")
	case ck.this() == nil && len(ck.Peers) > 0:
		ck.errorf("this-server-name", "there is no peer %q; there are %s", ck.ThisServerName, peerNames(ck.Config))
	}
}

// peers checks each peer by itself, and that names and places are different.
func (ck *configChecker) peers() {
	if len(ck.Peers) == 0 {
		ck.errorf("peers", "is missing or empty; it has all servers of the relationship, this one, too")
	}
	names, places := map[string]string{}, map[endpoint]string{}
	for i := range ck.Peers {
		p := &ck.Peers[i]
		path := fmt.Sprintf("peers[%d]", i)
		first, twice := names[p.Name]
		switch {
		case p.Name == "":
			ck.errorf(path+".name", "is missing")
		case p.Name != strings.TrimSpace(p.Name):
			ck.errorf(path+".name", "%q has blanks around it", p.Name)
		case twice:
			ck.errorf(path+".name", "%q is already the name of %s", p.Name, at(ck.path, first))
		default:
			names[p.Name] = path
		}
		if place, ok := ck.place(path, p); ok {
			if first, twice := places[place]; twice {
				ck.errorf(path+".url", "is already the url of %s", at(ck.path, first))
			} else {
				places[place] = path
			}
		}
		ck.auth(path, p)
	}
}

// place checks the url of a peer and what it needs.
func (ck *configChecker) place(path string, p *Peer) (endpoint, bool) {
	files := ck.tlsFiles(p)
	needed := files != tlsFiles{}
	if needed {
		for _, f := range []struct{ key, value string }{
			{"trust-anchor", files.trustAnchor}, {"cert-file", files.cert}, {"key-file", files.key},
		} {
			if f.value == "" {
				ck.errorf(path+"."+f.key, "is missing, here and for the relationship; of trust-anchor, cert-file and key-file there are all or none")
			}
		}
	}
	if p.URL == "" {
		ck.errorf(path+".url", "is missing; it is like http://192.0.2.1:8000/")
		return endpoint{}, false
	}
	place, err := p.endpoint()
	if err != nil {
		ck.errorf(path+".url", "%v", err) // without the URL, which may have a password
		return endpoint{}, false
	}
	if place.secure && !needed {
		ck.errorf(path+".url", "https needs trust-anchor, cert-file and key-file, here or for the relationship")
	}
	place.secure = false // one port is for one of them
	return place, true
}

func (ck *configChecker) auth(path string, p *Peer) {
	if strings.Contains(p.BasicAuthUser, ":") {
		ck.errorf(path+".basic-auth-user", "%q: there must be no colon in it", p.BasicAuthUser)
	}
	if p.BasicAuthUser != "" && p.BasicAuthUserFile != "" {
		ck.errorf(path+".basic-auth-user-file", "cannot be given together with basic-auth-user")
	}
	if p.BasicAuthPassword != "" && p.BasicAuthPasswordFile != "" {
		ck.errorf(path+".basic-auth-password-file", "cannot be given together with basic-auth-password")
	}
}

// roles checks that the servers that the mode needs are there, once each.
func (ck *configChecker) roles() {
	known := []Role{Primary, Secondary, Standby, Backup}
	rule := rules[ck.Mode]
	first := map[Role]string{}
	told := true // which role each peer has
	for i, p := range ck.Peers {
		path := fmt.Sprintf("peers[%d].role", i)
		switch {
		case p.Role == "":
			told = false
			ck.errorf(path, "is missing; it is %s, %s, %s or %s", Primary, Secondary, Standby, Backup)
		case !slices.Contains(known, p.Role):
			told = false
			ck.errorf(path, "must be %s, %s, %s or %s, not %q", Primary, Secondary, Standby, Backup, p.Role)
		case slices.Contains(rule.forbidden, p.Role):
			ck.errorf(path, "there is no %s in mode %s", p.Role, ck.Mode)
		case p.Role != Backup && first[p.Role] != "":
			ck.errorf(path, "%s is already the %s", first[p.Role], p.Role)
		default:
			first[p.Role] = at(ck.path, fmt.Sprintf("peers[%d]", i))
		}
	}
	for _, r := range rule.required {
		if first[r] == "" && told && len(ck.Peers) > 0 {
			ck.errorf("peers", "there is no %s, which mode %s needs", r, ck.Mode)
		}
	}
}

// limits checks the members that are numbers or go with a mode.
func (ck *configChecker) limits() {
	if ck.SyncPageLimit != nil && *ck.SyncPageLimit == 0 {
		ck.errorf("sync-page-limit", "0 is out of range, 1 to 4294967295")
	}
	if ck.Mode != LoadBalancing && ck.Mode.known() && ck.delayedUpdatesLimit() > 0 {
		ck.errorf("delayed-updates-limit", "must be 0 in mode %s, it is for %s", ck.Mode, LoadBalancing)
	}
	if ck.Mode != PassiveBackup && ck.Mode.known() && ck.WaitBackupAck {
		ck.errorf("wait-backup-ack", "must be false in mode %s, it is for %s", ck.Mode, PassiveBackup)
	}
}

func (ck *configChecker) pauses() {
	if ck.StateMachine == nil {
		return
	}
	seen := map[string]string{}
	for i, s := range ck.StateMachine.States {
		path := fmt.Sprintf("state-machine.states[%d]", i)
		_, known := ParseState(s.State)
		first, twice := seen[s.State]
		switch {
		case s.State == "":
			ck.errorf(path+".state", "is missing")
		case !known:
			ck.errorf(path+".state", "there is no state %q", s.State)
		case twice:
			ck.errorf(path+".state", "%q is already in %s", s.State, at(ck.path, first))
		}
		seen[s.State] = path
		switch s.Pause {
		case "", PauseNever, PauseOnce, PauseAlways:
		default:
			ck.errorf(path+".pause", "must be %s, %s or %s, not %q", PauseNever, PauseOnce, PauseAlways, s.Pause)
		}
	}
}

// doubts warns of what is right, but hardly meant.
func (ck *configChecker) doubts() {
	warn := func(key, format string, args ...any) { ck.Warnf(at(ck.path, key), format, args...) }
	switch send, sync := ck.sendLeaseUpdates(), ck.syncLeases(); {
	case !send && !sync:
		warn("send-lease-updates", "is false, as is sync-leases: leases are not replicated")
	case !send:
		warn("send-lease-updates", "is false, but sync-leases true: leases are only replicated when a server starts")
	case !sync:
		warn("sync-leases", "is false, but send-lease-updates true: a server that starts lacks the leases of the meantime")
	}
	if ck.Mode == PassiveBackup {
		return
	}
	for i, p := range ck.Peers {
		if p.Name == ck.ThisServerName && p.Role != Backup && !p.autoFailover() {
			warn(fmt.Sprintf("peers[%d].auto-failover", i), "is false: this server never takes over for its partner")
		}
	}
	switch {
	case ck.heartbeatDelay() == 0:
		warn("heartbeat-delay", "is 0: without heartbeats the servers do not begin to cooperate")
	case ck.maxResponseDelay() <= ck.heartbeatDelay():
		warn("max-response-delay", "is not greater than heartbeat-delay: the partner is held for unreachable between two heartbeats")
	}
}
