package ha

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testcert"
	"github.com/dhcpha/dhcpha/internal/testnet"
)

type object map[string]any

// channelPair are a server of ours and a real Kea, on one host.
type channelPair struct {
	host *testnet.Host
	kea  *testnet.Kea
	ours *node
	log  heard
}

// heard is a log that is read while it is written.
type heard struct {
	mu   sync.Mutex
	text strings.Builder
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

const oursAt, keaAt = "127.0.0.1:8001", "127.0.0.2:8001"

// newChannelPair starts a hot-standby pair, of which we are the primary. change
// may alter what either reads; ours is server1.
func newChannelPair(t *testing.T, change func(name string, relationship object)) *channelPair {
	t.Helper()
	n := testnet.New(t)
	p := &channelPair{host: n.Host("pair")}
	text := func(name string) []byte {
		r := object{
			"this-server-name": name, "mode": "hot-standby", "heartbeat-delay": 200, "max-response-delay": 5000,
			"multi-threading": object{"enable-multi-threading": true, "http-dedicated-listener": true},
			"peers": []object{
				{"name": "server1", "role": "primary", "url": "http://" + oursAt + "/"},
				{"name": "server2", "role": "standby", "url": "http://" + keaAt + "/"},
			},
		}
		change(name, r)
		b, err := json.Marshal(object{"high-availability": []object{r}})
		require.NoError(t, err)
		return b
	}

	cfgs, err := ParseConfigs(text("server1"), nil)
	require.NoError(t, err)
	var opts Options // the sockets of this process are to be the host's
	opts.Listen = func(network, address string) (l net.Listener, err error) {
		p.host.Do(func() { l, err = net.Listen(network, address) })
		return l, err
	}
	opts.Dial = func(ctx context.Context, network, address string) (c net.Conn, err error) {
		p.host.Do(func() { c, err = new(net.Dialer).DialContext(ctx, network, address) })
		return c, err
	}
	opts.Logger = slog.New(slog.NewTextHandler(&p.log, nil))
	p.ours = newNode(t, nil, opts, cfgs...)
	p.ours.start()
	t.Cleanup(func() {
		p.ours.end()
		if t.Failed() {
			t.Log(p.log.String())
		}
	})

	config, err := json.Marshal(object{"Dhcp4": object{
		"interfaces-config": object{"interfaces": []string{}},
		"multi-threading":   object{"enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 64},
		"subnet4":           []object{{"id": 1, "subnet": "192.0.2.0/24"}},
		"hooks-libraries": []object{
			{"library": testnet.KeaHook(t, "libdhcp_lease_cmds.so")},
			{"library": testnet.KeaHook(t, "libdhcp_ha.so"), "parameters": json.RawMessage(text("server2"))},
		},
	}})
	require.NoError(t, err)
	p.kea = p.host.StartKea("kea-dhcp4", string(config))
	return p
}

func (p *channelPair) await(t *testing.T, what string, ok func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	testnet.Until(ctx, t, what, ok)
}

// normal waits until both are in their normal state, and gives a lease here
// that is there then.
func (p *channelPair) normal(t *testing.T) {
	t.Helper()
	p.await(t, "normal operation", func() error {
		if state := p.ours.state(); state != StateHotStandby {
			return fmt.Errorf("we are in %v", state)
		}
		answer, err := p.kea.Command(t.Context(), "ha-heartbeat", nil)
		if err == nil && !strings.Contains(string(answer.Arguments), "hot-standby") {
			err = fmt.Errorf("Kea says %s", answer.Arguments)
		}
		return err
	})
	require.NoError(t, p.ours.give("192.0.2.7", 7))
	answer, err := p.kea.Command(t.Context(), "lease4-get", object{"ip-address": "192.0.2.7"})
	require.NoError(t, err)
	require.Zero(t, answer.Result, answer.Text)
}

// With a real Kea the channel works, whichever way it is protected.
func TestKeaChannel(t *testing.T) {
	testnet.Require(t, "kea-dhcp4")
	ca := testcert.New(t)
	ca.Issue("server1")
	ca.Issue("server2")
	certificates := func(name string, r object) {
		r["trust-anchor"], r["cert-file"], r["key-file"] = ca.File("ca.crt"), ca.File(name+".crt"), ca.File(name+".key")
	}
	peers := func(r object, change func(peer object)) {
		for _, p := range r["peers"].([]object) {
			change(p)
		}
	}
	https := func(p object) { p["url"] = strings.Replace(p["url"].(string), "http:", "https:", 1) }
	for name, change := range map[string]func(name string, r object){
		"both have certificates": func(name string, r object) {
			certificates(name, r)
			peers(r, https)
		},
		"clients need no certificate": func(name string, r object) {
			certificates(name, r)
			peers(r, https)
			r["require-client-certs"] = false
		},
		"TLS though the urls are http": certificates,
		"certificates of peers": func(name string, r object) {
			peers(r, https)
			peers(r, func(p object) { certificates(name, p) })
		},
		"password": func(_ string, r object) {
			peers(r, func(p object) { p["basic-auth-user"], p["basic-auth-password"] = "hauser", "gehéim" })
		},
		"certificates and password": func(name string, r object) {
			certificates(name, r)
			peers(r, https)
			peers(r, func(p object) { p["basic-auth-user"], p["basic-auth-password"] = p["name"], "of "+p["name"].(string) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newChannelPair(t, change)
			p.normal(t)
		})
	}
}

// A Kea without listener of its own is reached through its control agent, with
// the password that the agent asks for.
func TestKeaBehindItsAgent(t *testing.T) {
	testnet.Require(t, "kea-dhcp4", "kea-ctrl-agent")
	p := newChannelPair(t, func(name string, r object) {
		if name == "server2" {
			delete(r, "multi-threading")
		}
		for _, p := range r["peers"].([]object) {
			p["basic-auth-user"], p["basic-auth-password"] = p["name"], "of "+p["name"].(string)
		}
	})
	config, err := json.Marshal(object{"Control-agent": object{
		"http-host": "127.0.0.2", "http-port": 8001,
		"control-sockets": object{"dhcp4": object{"socket-type": "unix", "socket-name": p.kea.Socket}},
		"authentication":  object{"type": "basic", "clients": []object{{"user": "server2", "password": "of server2"}}},
	}})
	require.NoError(t, err)
	file := filepath.Join(filepath.Dir(p.kea.Socket), "agent.conf")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	agent := p.host.Command(t.Context(), "kea-ctrl-agent", "-c", file)
	agent.Env = append(os.Environ(), "KEA_PIDFILE_DIR="+filepath.Dir(file), "KEA_LOCKFILE_DIR="+filepath.Dir(file))
	p.host.StartCommand(agent)
	p.normal(t)

	wrong := *p.ours.cfgs[0].peer("server2")
	wrong.BasicAuthPassword = "wrong"
	peer, err := newPeer(p.ours.cfgs[0], wrong, &p.ours.Service.opts)
	require.NoError(t, err)
	defer peer.client.Close()
	_, err = peer.call(t.Context(), "ha-heartbeat", nil)
	require.ErrorContains(t, err, "Unauthorized")
}

// A Kea with the wrong credential is refused, and can change nothing.
func TestKeaWithoutTheCredential(t *testing.T) {
	testnet.Require(t, "kea-dhcp4")
	ca, foreign := testcert.New(t), testcert.New(t)
	ca.Issue("server1")
	foreign.Issue("server2")
	for name, c := range map[string]struct {
		change func(name string, r object)
		log    string // of ours
	}{
		"wrong password": {
			func(name string, r object) {
				p := r["peers"].([]object)[0]
				p["basic-auth-user"], p["basic-auth-password"] = "hauser", "of "+name
			},
			"wrong user or password",
		},
		"certificate of another authority": {
			func(name string, r object) {
				r["cert-file"], r["key-file"] = ca.File("server1.crt"), ca.File("server1.key")
				if name == "server2" {
					r["cert-file"], r["key-file"] = foreign.File("server2.crt"), foreign.File("server2.key")
				}
				r["trust-anchor"] = ca.File("ca.crt")
			},
			"certificate signed by unknown authority",
		},
		"no TLS": {
			func(name string, r object) {
				if name == "server1" {
					r["trust-anchor"], r["cert-file"], r["key-file"] = ca.File("ca.crt"), ca.File("server1.crt"), ca.File("server1.key")
				}
			},
			"first record does not look like a TLS handshake",
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newChannelPair(t, c.change)
			p.await(t, "refused", func() error {
				if !strings.Contains(p.log.String(), c.log) {
					return fmt.Errorf("not in our log: %s", c.log)
				}
				if !strings.Contains(p.kea.Output(), "HA_HEARTBEAT_COMMUNICATIONS_FAILED") && !strings.Contains(p.kea.Output(), "HA_HEARTBEAT_FAILED") {
					return fmt.Errorf("not in Kea's log")
				}
				return nil
			})
			require.Empty(t, p.ours.Service.opts.Switch.State().ByPartner)
			require.Empty(t, p.ours.leases())
		})
	}
}
