package ha_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
)

// text is parameters with the relationships.
func text(t testing.TB, relationships ...object) []byte {
	b, err := json.Marshal(object{"high-availability": relationships})
	require.NoError(t, err)
	return b
}

// lines are the problems of an error, each as path and text.
func lines(t testing.TB, err error) (found []string) {
	if err == nil {
		return nil
	}
	var e *ha.ConfigError
	require.ErrorAs(t, err, &e)
	for _, p := range e.Problems {
		found = append(found, p.Path+": "+p.Text)
	}
	return found
}

func TestParseConfigsTellsAllMistakesAndTheirPlaces(t *testing.T) {
	_, err := ha.ParseConfigs([]byte(`{"high-availability": [{
	"this-server-name": "nobody", "mode": "hot-standby", "wait-backup-ack": true,
	"heartbeat-delay": -1,
	"peers": [
		{"name": "a", "url": "http://192.0.2.1:8000/", "role": "primary"},
		{"name": "a", "url": "192.0.2.2:8000", "role": "secondary", "auto-failover": "yes"}, 1]}]}`), nil)
	require.EqualError(t, err, "ha: configuration: "+
		`2:22: high-availability[0].this-server-name: there is no peer "nobody"; there are a, a
2:74: high-availability[0].wait-backup-ack: must be false in mode hot-standby, it is for passive-backup
3:21: high-availability[0].heartbeat-delay: -1 is out of range, 0 to 4294967295
6:12: high-availability[0].peers[1].name: "a" is already the name of high-availability[0].peers[0]
6:24: high-availability[0].peers[1].url: it must begin with http:// or https://
6:50: high-availability[0].peers[1].role: there is no secondary in mode hot-standby
6:80: high-availability[0].peers[1].auto-failover: must be a boolean, not a string
6:88: high-availability[0].peers[2]: must be an object, not an integer`)
}

func TestRefused(t *testing.T) {
	server := func(members object) object { return secondPeer(members) }
	tls := object{"trust-anchor": "/x", "cert-file": "/x", "key-file": "/x"}
	for problem, r := range map[string]object{
		`mode: is missing; it is load-balancing, hot-standby or passive-backup`:                                                        loadBalancing(object{"mode": ""}),
		`mode: must be load-balancing, hot-standby or passive-backup, not "both"`:                                                      loadBalancing(object{"mode": "both"}),
		`this-server-name: there is no peer "x"; there are a, b`:                                                                       loadBalancing(object{"this-server-name": "x"}),
		`peers: is missing or empty; it has all servers of the relationship, this one, too`:                                            loadBalancing(object{"peers": []any{}}),
		`peers: there is no secondary, which mode load-balancing needs`:                                                                relationshipOf("load-balancing", "primary"),
		`peers: there is no primary, which mode load-balancing needs`:                                                                  relationshipOf("load-balancing", "secondary"),
		`peers: there is no standby, which mode hot-standby needs`:                                                                     relationshipOf("hot-standby", "primary", "backup"),
		`peers: there is no primary, which mode passive-backup needs`:                                                                  relationshipOf("passive-backup", "backup"),
		`peers[2].role: there is no standby in mode load-balancing`:                                                                    relationshipOf("load-balancing", "primary", "secondary", "standby"),
		`peers[2].role: there is no secondary in mode hot-standby`:                                                                     relationshipOf("hot-standby", "primary", "standby", "secondary"),
		`peers[1].role: there is no standby in mode passive-backup`:                                                                    relationshipOf("passive-backup", "primary", "standby"),
		`peers[2].role: high-availability[0].peers[0] is already the primary`:                                                          relationshipOf("load-balancing", "primary", "secondary", "primary"),
		`peers[1].role: must be primary, secondary, standby or backup, not "boss"`:                                                     relationshipOf("load-balancing", "primary", "boss"),
		`peers[1].role: is missing; it is primary, secondary, standby or backup`:                                                       relationshipOf("passive-backup", "primary", ""),
		`peers[1].name: is missing`:                                                                                                    server(object{"name": "  "}),
		`peers[1].name: "a" is already the name of high-availability[0].peers[0]`:                                                      server(object{"name": " a"}),
		`peers[1].url: is missing; it is like http://192.0.2.1:8000/`:                                                                  server(object{"url": ""}),
		`peers[1].url: it must begin with http:// or https://`:                                                                         server(object{"url": "ftp://192.0.2.2/"}),
		`peers[1].url: it has no host`:                                                                                                 server(object{"url": "http://"}),
		`peers[1].url: "1.2.3" is neither an address nor the name of a host`:                                                           server(object{"url": "http://1.2.3:80/"}),
		`peers[1].url: "a_b.-" is neither an address nor the name of a host`:                                                           server(object{"url": "http://a_b.-:80/"}),
		`peers[1].url: port 0 is out of range, 1 to 65535`:                                                                             server(object{"url": "http://[::1]:0/"}),
		`peers[1].url: port 65536 is out of range, 1 to 65535`:                                                                         server(object{"url": "http://b:65536/"}),
		`peers[1].url: there is no port behind the colon`:                                                                              server(object{"url": "http://b:/"}),
		`peers[1].url: user and password belong into "basic-auth-user" and "basic-auth-password"`:                                      server(object{"url": "http://u:p@b/"}),
		`peers[1].url: invalid IP-literal`:                                                                                             server(object{"url": "http://[192.0.2.2]/"}),
		`peers[1].url: is already the url of high-availability[0].peers[0]`:                                                            server(object{"url": "http://192.0.2.1:8000"}),
		`peers[1].url: https needs trust-anchor, cert-file and key-file, here or for the relationship`:                                 server(object{"url": "https://b/"}),
		`peers[1].cert-file: is missing, here and for the relationship; of trust-anchor, cert-file and key-file there are all or none`: server(tls.with(object{"cert-file": ""})),
		`peers[1].basic-auth-user: "u:x": there must be no colon in it`:                                                                server(object{"basic-auth-user": "u:x"}),
		`peers[1].basic-auth-user-file: user "u:x": there must be no colon in it`:                                                      server(object{"basic-auth-user-file": file(t, "u:x\n")}),
		`peers[1].basic-auth-user-file: open /x: no such file or directory`:                                                            server(object{"basic-auth-user-file": "/x"}),
		`peers[1].basic-auth-password-file: open /x: no such file or directory`:                                                        server(object{"basic-auth-password-file": "/x"}),
		`peers[1].basic-auth-password-file: read /dev/zero: it has more than 4096 bytes`:                                               server(object{"basic-auth-password-file": "/dev/zero"}),
		`peers[1].basic-auth-user-file: cannot be given together with basic-auth-user`:                                                 server(object{"basic-auth-user": "u", "basic-auth-user-file": file(t, "u")}),
		`peers[1].basic-auth-password-file: cannot be given together with basic-auth-password`:                                         server(object{"basic-auth-password": "p", "basic-auth-password-file": file(t, "p")}),
		`sync-page-limit: 0 is out of range, 1 to 4294967295`:                                                                          loadBalancing(object{"sync-page-limit": 0}),
		`delayed-updates-limit: must be 0 in mode hot-standby, it is for load-balancing`:                                               hotStandby(object{"delayed-updates-limit": 5}),
		`wait-backup-ack: must be false in mode load-balancing, it is for passive-backup`:                                              loadBalancing(object{"wait-backup-ack": true}),
		`state-machine.states[0].state: is missing`:                                                                                    loadBalancing(object{"state-machine": json.RawMessage(`{"states": [{}]}`)}),
		`state-machine.states[0].state: there is no state "x"`:                                                                         loadBalancing(object{"state-machine": json.RawMessage(`{"states": [{"state": "x"}]}`)}),
		`state-machine.states[0].pause: must be never, once or always, not "x"`:                                                        loadBalancing(object{"state-machine": json.RawMessage(`{"states": [{"state": "ready", "pause": "x"}]}`)}),
		`state-machine.states[1].state: "ready" is already in high-availability[0].state-machine.states[0]`:                            loadBalancing(object{"state-machine": json.RawMessage(`{"states": [{"state": "ready"}, {"state": "ready"}]}`)}),
		`multi-threading.http-client-threads: -1 is out of range, 0 to 4294967295`:                                                     loadBalancing(object{"multi-threading": object{"http-client-threads": -1}}),
	} {
		t.Run(problem, func(t *testing.T) {
			_, err := ha.ParseConfigs(text(t, r), nil)
			require.Equal(t, []string{"high-availability[0]." + problem}, lines(t, err))
		})
	}
}

func TestSeveralRelationships(t *testing.T) {
	other := hotStandby(nil)
	renamed := []object{}
	for i, p := range other["peers"].([]object) {
		renamed = append(renamed, p.with(object{"name": []string{"x", "y"}[i]}))
	}
	second := hotStandby(object{"this-server-name": "y", "peers": renamed})
	cfgs, err := ha.ParseConfigs(text(t, hotStandby(nil), second), nil)
	require.NoError(t, err, "the same places may be in several")
	require.Equal(t, "a", cfgs[0].ThisServerName)
	require.Equal(t, "y", cfgs[1].ThisServerName)

	_, err = ha.ParseConfigs(text(t, hotStandby(nil), passiveBackup(nil)), nil)
	require.Equal(t, []string{
		`high-availability[1].mode: must be hot-standby, not passive-backup, because there are several relationships`,
		`high-availability[1].peers[0].name: "a" is already the name of high-availability[0].peers[0].name`,
		`high-availability[1].peers[1].name: "b" is already the name of high-availability[0].peers[1].name`,
	}, lines(t, err))

	nameless := object{"peers": []object{{"name": "", "url": "http://a/", "role": "primary"}, {"name": "b", "url": "http://b/", "role": "standby"}}}
	_, err = ha.ParseConfigs(text(t, hotStandby(nameless.with(object{"this-server-name": "b"})), second.with(object{"peers": []object{
		{"name": "", "url": "http://a/", "role": "primary"}, {"name": "y", "url": "http://b/", "role": "standby"}}})), nil)
	require.Equal(t, []string{"high-availability[0].peers[0].name: is missing", "high-availability[1].peers[0].name: is missing"}, lines(t, err))
}

func TestParametersWithoutList(t *testing.T) {
	for text, problem := range map[string]string{
		`{}`:                          `high-availability: is missing or empty`,
		`{"high-availability": []}`:   `high-availability: is missing or empty`,
		`{"high-availability": null}`: `high-availability: must be a list, not null`,
		`{"high-availability": [[]]}`: `high-availability[0]: must be an object, not a list`,
		`[]`:                          `: must be an object, not a list`,
		``:                            `: there is no configuration, only white space and comments`,
		`{"a": 1, "a": 2}`:            `a: the key is there twice, first at 1:2`,
	} {
		_, err := ha.ParseConfigs([]byte(text), nil)
		require.Equal(t, []string{problem}, lines(t, err), text)
	}
}

func TestWarnings(t *testing.T) {
	for warning, r := range map[string]object{
		`max-unacked-client: unknown key; is "max-unacked-clients" meant?`:                                                    loadBalancing(object{"max-unacked-client": 1}),
		`peers[1].port: unknown key`:                                                                                          secondPeer(object{"port": 1}),
		`send-lease-updates: is false, as is sync-leases: leases are not replicated`:                                          loadBalancing(object{"send-lease-updates": false, "sync-leases": false}),
		`send-lease-updates: is false, but sync-leases true: leases are only replicated when a server starts`:                 loadBalancing(object{"send-lease-updates": false}),
		`sync-leases: is false, but send-lease-updates true: a server that starts lacks the leases of the meantime`:           loadBalancing(object{"sync-leases": false}),
		`heartbeat-delay: is 0: without heartbeats the servers do not begin to cooperate`:                                     loadBalancing(object{"heartbeat-delay": 0}),
		`max-response-delay: is not greater than heartbeat-delay: the partner is held for unreachable between two heartbeats`: loadBalancing(object{"heartbeat-delay": 60000}),
		`peers[1].auto-failover: is false: this server never takes over for its partner`:                                      secondPeer(object{"auto-failover": false}).with(object{"this-server-name": "b"}),
	} {
		require.Equal(t, []string{"high-availability[0]." + warning}, warnings(t, r))
	}
	require.Empty(t, warnings(t, hotStandby(object{"comment": "x", "user-context": object{"a": 1}})))
	require.Empty(t, warnings(t, secondPeer(object{"auto-failover": false, "comment": "the other"})))
	require.Empty(t, warnings(t, hotStandby(object{"this-server-name": "c", "peers": []object{
		{"name": "a", "url": "http://a/", "role": "primary"}, {"name": "b", "url": "http://b/", "role": "standby"},
		{"name": "c", "url": "http://c/", "role": "backup", "auto-failover": false}}})))
}

// warnings are those about a relationship, each as path and text.
func warnings(t *testing.T, r object) (found []string) {
	_, err := ha.ParseConfigs(text(t, r), &ha.ParseOptions{Warn: func(p ha.ConfigProblem) { found = append(found, p.Path+": "+p.Text) }})
	require.NoError(t, err)
	return found
}

func TestThisServer(t *testing.T) {
	local := func(hosts ...string) func(string) (bool, error) {
		return func(host string) (bool, error) {
			for _, h := range hosts {
				if h == host {
					return true, nil
				}
			}
			if host == "lost" {
				return false, errors.New("lookup lost: no such host")
			}
			return false, nil
		}
	}
	unnamed := object{"this-server-name": removed{}}
	named := secondPeer(object{"url": "http://server2:8000/"}).with(unnamed)
	lost := secondPeer(object{"url": "http://lost/"}).with(unnamed)
	for _, c := range []struct {
		says    string
		r       object
		opts    ha.ParseOptions
		name    string
		problem string
	}{
		{"by address", loadBalancing(unnamed), ha.ParseOptions{IsLocal: local("192.0.2.2")}, "b", ""},
		{"by name of host", named, ha.ParseOptions{IsLocal: local("server2")}, "b", ""},
		{"though another is not known", lost, ha.ParseOptions{IsLocal: local("192.0.2.1")}, "a", ""},
		{"as the file says", loadBalancing(nil), ha.ParseOptions{IsLocal: local("192.0.2.2")}, "a", ""},
		{"as the program says", loadBalancing(unnamed), ha.ParseOptions{ThisServer: "b", IsLocal: local("192.0.2.1")}, "b", ""},
		{"the program rather than the file", loadBalancing(nil), ha.ParseOptions{ThisServer: "b"}, "b", ""},
		{"two", loadBalancing(unnamed), ha.ParseOptions{IsLocal: local("192.0.2.1", "192.0.2.2")}, "", "is missing, and a, b all have a url with an address of this machine; write the name of this server here"},
		{"none", loadBalancing(unnamed), ha.ParseOptions{IsLocal: local()}, "", "is missing, and no peer has a url with an address of this machine; write the name of this server here"},
		{"not known", lost, ha.ParseOptions{IsLocal: local()}, "", "is missing, and which peer it is cannot be told: lookup lost: no such host; write the name of this server here"},
		{"no such peer", loadBalancing(nil), ha.ParseOptions{ThisServer: "x"}, "", `is to be "x", but there is no such peer; there are a, b`},
	} {
		cfgs, err := ha.ParseConfigs(text(t, c.r), &c.opts)
		if c.problem != "" {
			require.Equal(t, []string{"high-availability[0].this-server-name: " + c.problem}, lines(t, err), c.says)
			continue
		}
		require.NoError(t, err, c.says)
		require.Equal(t, c.name, cfgs[0].ThisServerName, c.says)
	}
}

// By default the addresses of the machine decide.
func TestThisServerOfThisMachine(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1:8000/", "http://127.0.1.1:8000/", "http://[::1]:8000/", "http://localhost:8000/"} {
		r := secondPeer(object{"url": url}).with(object{"this-server-name": removed{}})
		cfgs, err := ha.ParseConfigs(text(t, r), nil)
		require.NoError(t, err, url)
		require.Equal(t, "b", cfgs[0].ThisServerName)
	}
}

// In a hub the name that the program gives is that of one relationship's peer.
func TestThisServerOfSeveralRelationships(t *testing.T) {
	peers := []object{
		{"name": "x", "url": "http://192.0.2.3:8000/", "role": "primary"},
		{"name": "y", "url": "http://192.0.2.1:8000/", "role": "standby"},
	}
	second := hotStandby(object{"this-server-name": removed{}, "peers": peers})
	opts := &ha.ParseOptions{ThisServer: "b", IsLocal: func(host string) (bool, error) { return host == "192.0.2.1", nil }}
	cfgs, err := ha.ParseConfigs(text(t, hotStandby(nil), second), opts)
	require.NoError(t, err)
	require.Equal(t, "b", cfgs[0].ThisServerName)
	require.Equal(t, "y", cfgs[1].ThisServerName)
}

// A program's own configuration is checked alike.
func TestValidate(t *testing.T) {
	cfg := &ha.Config{Mode: ha.HotStandby, Peers: []ha.Peer{
		{Name: "a", URL: "http://192.0.2.1:8000/", Role: ha.Primary}, {Name: "b ", URL: "http://b/", Role: ha.Standby}}}
	require.EqualError(t, cfg.Validate(), "ha: configuration: "+
		"this-server-name: is missing; it is the name of this server among the peers\n"+
		`peers[1].name: "b " has blanks around it`)
	cfg.ThisServerName, cfg.Peers[1].Name = "a", "b"
	require.NoError(t, cfg.Validate())

	cfg.Peers[1].URL = "https://192.0.2.1:8000/"
	require.EqualError(t, cfg.Validate(), "ha: configuration: "+
		"peers[1].url: https needs trust-anchor, cert-file and key-file, here or for the relationship\n"+
		"peers[1].url: is already the url of peers[0]", "one port is for one of http and https")
}

func FuzzParseConfigs(f *testing.F) {
	f.Add(text(f, loadBalancing(nil)))
	f.Add(text(f, hotStandby(object{"max-unacked-clients": 0, "state-machine": json.RawMessage(`{"states": [{"state": "ready", "pause": "once"}]}`)})))
	f.Add(text(f, passiveBackup(object{"wait-backup-ack": true, "comment": "x"}), hotStandby(nil)))
	f.Add(text(f, loadBalancing(object{"state-machine": object{}, "multi-threading": object{}, "trust-anchor": "", "user-context": object{}})))
	f.Add([]byte(`{"high-availability": [{"peers": [{"url": "http://[::1%25x]:80", "name": 1}, 2], "mode": null}, []]}`))
	opts := &ha.ParseOptions{IsLocal: func(host string) (bool, error) { return len(host)%2 == 0, nil }}
	f.Fuzz(func(t *testing.T, text []byte) {
		cfgs, err := ha.ParseConfigs(text, opts)
		if err != nil {
			require.NotEmpty(t, lines(t, err))
			return
		}
		for _, c := range cfgs {
			require.NoError(t, c.Validate())
		}
		again, err := json.Marshal(map[string]any{"high-availability": cfgs})
		require.NoError(t, err)
		same, err := ha.ParseConfigs(again, opts)
		require.NoError(t, err)
		require.Equal(t, cfgs, same)
	})
}
