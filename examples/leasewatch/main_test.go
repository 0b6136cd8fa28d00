package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// asProgram has the test's program be this one.
const asProgram = "TEST_AS_LEASEWATCH"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

type object map[string]any

// config is what the servers have, Keas or of this library.
func config(t *testing.T, mode, server string, peers ...object) string {
	t.Helper()
	text, err := json.Marshal(object{"Dhcp4": object{
		"interfaces-config": object{"interfaces": []string{"eth0"}},
		"multi-threading":   object{"enable-multi-threading": true},
		"valid-lifetime":    3600,
		"subnet4": []object{{
			"id": 1, "subnet": "192.0.2.0/24", "pools": []object{{"pool": "192.0.2.100 - 192.0.2.199"}},
		}},
		"hooks-libraries": []object{
			{"library": testnet.KeaHook(t, "libdhcp_lease_cmds.so")},
			{"library": testnet.KeaHook(t, "libdhcp_ha.so"), "parameters": object{"high-availability": []object{{
				"mode": mode, "this-server-name": server, "peers": peers,
				"heartbeat-delay": 300, "max-response-delay": 3000, "max-unacked-clients": 0,
				"multi-threading": object{"enable-multi-threading": true, "http-dedicated-listener": true},
			}}}},
		},
	}})
	require.NoError(t, err)
	return string(text)
}

func peer(name, role string, host int) object {
	return object{"name": name, "role": role, "url": fmt.Sprintf("http://192.0.2.%d:8000/", host)}
}

// A client gets a lease, renews it and gives it back; a line says each.
func TestWatch(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "kea-dhcp4", "udhcpc")
	hotstandby := filepath.Join(t.TempDir(), "hotstandby")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", hotstandby, "../hotstandby").CombinedOutput()
	require.NoError(t, err, "%s", out)
	one, two, watcher := peer("server1", "primary", 1), peer("server2", "standby", 2), peer("watch", "backup", 9)

	for _, tt := range []struct {
		name  string
		mode  string
		peers []object
		kea   bool
	}{
		{"two of this library", "hot-standby", []object{one, two, watcher}, false},
		{"two Keas", "hot-standby", []object{one, two, watcher}, true},
		{"a Kea", "passive-backup", []object{one, watcher}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			n := testnet.New(t)
			lan := n.LAN()
			file := func(name, text string) string {
				path := filepath.Join(t.TempDir(), name)
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
				return path
			}

			program, err := os.Executable()
			require.NoError(t, err)
			host := n.Host("watch")
			host.Join(lan, "eth0", "192.0.2.9/24")
			cmd := host.Command(ctx, program, "-c", file("watch.conf", config(t, tt.mode, "server1", tt.peers...)))
			cmd.Env = append(os.Environ(), asProgram+"=1")
			watch := host.StartCommand(cmd)

			for i, p := range tt.peers[:len(tt.peers)-1] {
				name := p["name"].(string)
				host := n.Host(name)
				host.Join(lan, "eth0", fmt.Sprintf("192.0.2.%d/24", i+1))
				text := config(t, tt.mode, name, tt.peers...)
				if tt.kea {
					host.StartKea("kea-dhcp4", text)
				} else {
					path := file(name, text)
					host.Start(hotstandby, "-c", path, "-db", path+".db")
				}
			}

			clientHost := n.Host("client")
			clientHost.Join(lan, "eth0")
			hw := clientHost.HWAddr("eth0").String()
			// It goes on asking until the servers are ready.
			client := clientHost.Udhcpc("eth0", "-t", "100")
			bound := client.Await(ctx, testnet.Bound)
			// says waits for a line, and does what is to lead to it until it is there.
			says := func(what string, do func()) {
				t.Helper()
				line := regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d  ` + regexp.QuoteMeta(bound.Addr.String()) + ` +` + what)
				testnet.Until(ctx, t, "it says "+what, func() error {
					if do(); !line.MatchString(watch.Output()) {
						return errors.New(watch.Output())
					}
					return nil
				})
			}
			says("new for "+hw+" until ", func() {})
			require.NotContains(t, watch.Output(), "renewed")
			says("renewed by "+hw+" until ", func() {
				client.Signal("USR1") // nothing changes by it within the same second
				client.Await(ctx, testnet.Renew, testnet.Bound)
			})
			client.Release(ctx)
			says("(removed|released)", func() {})

			watch.Signal("TERM")
			require.NoError(t, watch.Wait(ctx))
			t.Log(watch.Output())
		})
	}
}
