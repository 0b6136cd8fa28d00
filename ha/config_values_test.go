package ha

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// values are all that is in force.
func values(c *Config) map[string]any {
	return map[string]any{
		"heartbeat-delay": c.heartbeatDelay(), "max-response-delay": c.maxResponseDelay(), "max-ack-delay": c.maxAckDelay(),
		"sync-timeout": c.syncTimeout(), "sync-page-limit": c.syncPageLimit(), "delayed-updates-limit": c.delayedUpdatesLimit(),
		"max-unacked-clients": c.maxUnackedClients(), "max-rejected-lease-updates": c.maxRejectedLeaseUpdates(),
		"send-lease-updates": c.sendLeaseUpdates(), "sync-leases": c.syncLeases(), "wait-backup-ack": c.WaitBackupAck,
		"restrict-commands": c.restrictCommands(), "require-client-certs": c.requireClientCerts(),
		"http-dedicated-listener": c.dedicatedListener(), "http-client-threads": c.clientThreads(),
		"tls": c.tlsFiles(&c.Peers[1]), "auto-failover": c.Peers[1].autoFailover(), "pause": c.pause(StateReady),
	}
}

func TestValuesInForce(t *testing.T) {
	threads := max(4, runtime.GOMAXPROCS(0))
	defaults := map[string]any{
		"heartbeat-delay": 10 * time.Second, "max-response-delay": time.Minute, "max-ack-delay": 10 * time.Second,
		"sync-timeout": time.Minute, "sync-page-limit": 10000, "delayed-updates-limit": 100,
		"max-unacked-clients": 10, "max-rejected-lease-updates": 10,
		"send-lease-updates": true, "sync-leases": true, "wait-backup-ack": false,
		"restrict-commands": true, "require-client-certs": true,
		"http-dedicated-listener": true, "http-client-threads": threads,
		"tls": tlsFiles{}, "auto-failover": true, "pause": PauseNever,
	}
	parse := func(members string) *Config {
		c := &Config{}
		require.NoError(t, json.Unmarshal([]byte(`{"mode": "load-balancing", "peers": [{}, {}]`+members+`}`), c))
		return c
	}
	require.Equal(t, defaults, values(parse("")))
	for _, c := range []struct {
		members, key string
		want         any
	}{
		{`"heartbeat-delay": 1`, "heartbeat-delay", time.Millisecond},
		{`"max-response-delay": 4294967295`, "max-response-delay", 4294967295 * time.Millisecond},
		{`"max-ack-delay": 0`, "max-ack-delay", time.Duration(0)},
		{`"sync-timeout": 2`, "sync-timeout", 2 * time.Millisecond},
		{`"sync-page-limit": 3`, "sync-page-limit", 3},
		{`"delayed-updates-limit": 0`, "delayed-updates-limit", 0},
		{`"mode": "hot-standby"`, "delayed-updates-limit", 0},
		{`"max-unacked-clients": 0`, "max-unacked-clients", 0},
		{`"max-rejected-lease-updates": 0`, "max-rejected-lease-updates", 0},
		{`"send-lease-updates": false`, "send-lease-updates", false},
		{`"sync-leases": false`, "sync-leases", false},
		{`"wait-backup-ack": true`, "wait-backup-ack", true},
		{`"restrict-commands": false`, "restrict-commands", false},
		{`"require-client-certs": false`, "require-client-certs", false},
		{`"multi-threading": {"http-dedicated-listener": false}`, "http-dedicated-listener", false},
		{`"multi-threading": {"http-client-threads": 2}`, "http-client-threads", 2},
		{`"multi-threading": {"http-client-threads": 4294967295}`, "http-client-threads", maxThreads},
		{`"multi-threading": {"http-listener-threads": 2}`, "", nil},
		{`"multi-threading": {"http-client-threads": 0}`, "", nil},
		{`"peers": [{}, {"auto-failover": false}]`, "auto-failover", false},
		{`"trust-anchor": "t", "cert-file": "c", "key-file": "k"`, "tls", tlsFiles{"t", "c", "k"}},
		{`"peers": [{}, {"trust-anchor": "p", "key-file": ""}], "trust-anchor": "t", "cert-file": "c", "key-file": "k"`, "tls", tlsFiles{"p", "c", ""}},
		{`"state-machine": {"states": [{"state": "ready", "pause": "once"}]}`, "pause", PauseOnce},
		{`"state-machine": {"states": [{"state": "ready"}, {"state": "syncing", "pause": "always"}]}`, "", nil},
	} {
		want := map[string]any{}
		for k, v := range defaults {
			want[k] = v
		}
		if c.key != "" {
			want[c.key] = c.want
		}
		require.Equal(t, want, values(parse(", "+c.members)), c.members)
	}

	off := parse(`, "multi-threading": {"enable-multi-threading": false, "http-client-threads": 8}`)
	require.Equal(t, 1, off.clientThreads())
	require.Positive(t, unackedLeft(parse(`, "max-unacked-clients": 4294967295`), 0))
	require.False(t, off.dedicatedListener())
}

// Every parameter of Kea has its member.
func TestConfigHasAllParameters(t *testing.T) {
	const all = `{
		"this-server-name": "a", "mode": "load-balancing", "send-lease-updates": false, "sync-leases": false, "sync-timeout": 1,
		"sync-page-limit": 2, "delayed-updates-limit": 3, "heartbeat-delay": 4, "max-response-delay": 5, "max-ack-delay": 6,
		"max-unacked-clients": 7, "max-rejected-lease-updates": 8, "wait-backup-ack": false, "trust-anchor": "", "cert-file": "",
		"key-file": "", "require-client-certs": false, "restrict-commands": false, "comment": "x", "user-context": {"a":1},
		"multi-threading": {"enable-multi-threading": false, "http-dedicated-listener": false, "http-listener-threads": 9,
			"http-client-threads": 10, "comment": "x", "user-context": {"a":1}},
		"state-machine": {"states": [{"state": "ready", "pause": "once", "comment": "x", "user-context": {"a":1}}], "comment": "x", "user-context": {"a":1}},
		"peers": [
			{"name": "a", "url": "http://a/", "role": "primary", "auto-failover": false, "basic-auth-user": "u", "basic-auth-password": "p",
				"comment": "x", "user-context": {"a":1}},
			{"name": "b", "url": "http://b/", "role": "secondary", "basic-auth-user-file": "", "basic-auth-password-file": "",
				"trust-anchor": "", "cert-file": "", "key-file": ""}]}`
	cfgs, err := ParseConfigs([]byte(`{"high-availability": [`+all+`]}`), &ParseOptions{Warn: func(p ConfigProblem) {
		require.NotContains(t, p.Text, "unknown")
	}})
	require.NoError(t, err)
	written, err := json.Marshal(cfgs[0])
	require.NoError(t, err)
	var want, got Config
	require.NoError(t, json.Unmarshal([]byte(all), &want))
	require.NoError(t, json.Unmarshal(written, &got))
	require.Equal(t, want, got)
}

func TestCredentials(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(dir, "secret")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for _, c := range []struct {
		peer           Peer
		user, password string
	}{
		{Peer{}, "", ""},
		{Peer{BasicAuthUser: "u"}, "u", ""},
		{Peer{BasicAuthUser: "u", BasicAuthPassword: " p\n"}, "u", " p\n"},
		{Peer{BasicAuthPassword: "p"}, "", ""},
		{Peer{BasicAuthUser: "u", BasicAuthPasswordFile: file(" s ecret\r\n")}, "u", " s ecret"},
	} {
		user, password, err := c.peer.credentials()
		require.NoError(t, err)
		require.Equal(t, c.user, user)
		require.Equal(t, c.password, password)
	}
	both := Peer{BasicAuthUserFile: file("both"), BasicAuthPasswordFile: file("both")}
	user, password, err := both.credentials()
	require.NoError(t, err)
	require.Equal(t, "both both", user+" "+password)

	_, _, err = (&Peer{BasicAuthUserFile: file("a:b")}).credentials()
	require.EqualError(t, err, `user "a:b": there must be no colon in it`)
	_, _, err = (&Peer{BasicAuthUser: "u", BasicAuthPasswordFile: dir}).credentials()
	require.ErrorContains(t, err, dir)
}

func TestEndpoint(t *testing.T) {
	for url, want := range map[string]struct{ sent, address string }{
		"http://192.0.2.1:8000/":           {"http://192.0.2.1:8000/", "192.0.2.1:8000"},
		"http://192.0.2.1":                 {"http://192.0.2.1:80/", "192.0.2.1:80"},
		"https://server-1.example.:8443/x": {"https://server-1.example.:8443/", "server-1.example.:8443"},
		"HTTPS://[2001:db8::1]?x=1#y":      {"https://[2001:db8::1]:443/", "[2001:db8::1]:443"},
		"http://[fe80::1%25Eth0]:1/":       {"http://[fe80::1%25Eth0]:1/", "[fe80::1%Eth0]:1"},
		"http://[2001:DB8:0::1]:80/":       {"http://[2001:db8::1]:80/", "[2001:db8::1]:80"},
		"http://Kea_2:8000/ ":              {"http://kea_2:8000/", "kea_2:8000"},
	} {
		e, err := (&Peer{URL: url}).endpoint()
		require.NoError(t, err, url)
		require.Equal(t, want.sent, e.String())
		require.Equal(t, want.address, e.address())
		again, err := (&Peer{URL: e.String()}).endpoint()
		require.NoError(t, err)
		require.Equal(t, e, again)
	}
}

// The partner of an active server, and what a backup takes for it.
func TestPartner(t *testing.T) {
	c := &Config{ThisServerName: "s2", Peers: []Peer{{Name: "s3", Role: Backup}, {Name: "s2", Role: Primary}, {Name: "s1", Role: Standby}}}
	require.Equal(t, "s1", c.partner().Name)
	require.Equal(t, Primary, c.this().Role)
	c.ThisServerName = "s1"
	require.Equal(t, "s2", c.partner().Name)
	c.ThisServerName = "s3"
	require.Equal(t, "s1", c.partner().Name)
	require.Nil(t, (&Config{ThisServerName: "a", Peers: []Peer{{Name: "a"}, {Name: "b", Role: Backup}}}).partner())
}
