package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// leasesFrom runs failoverd leases on a host.
func leasesFrom(t testing.TB, ctx context.Context, host *testnet.Host, args ...string) (stdout string, status int) {
	t.Helper()
	cmd := host.Command(ctx, testBinary(t), append([]string{"leases"}, args...)...)
	cmd.Env = append(os.Environ(), runAsProgram+"=1")
	cmd.Stderr = new(strings.Builder)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	t.Logf("leases %q:\n%s%s", args, out, cmd.Stderr)
	return string(out), cmd.ProcessState.ExitCode()
}

// TestLeasesOfAPair compares the leases of two servers that run, as an operator
// of the first does: its own by its control socket, its partner's by the url of
// high availability.
func TestLeasesOfAPair(t *testing.T) { eachFamily(t, testLeasesOfAPair) }

func testLeasesOfAPair(t *testing.T, f *haFamily) {
	for _, kinds := range haPartners() {
		t.Run(kinds.String(), func(t *testing.T) {
			t.Parallel()
			r := newRelationship(t, "hot-standby", nil)
			w := newHAWorld(t, f, kinds, r)
			w.start()
			w.awaitBoth(r.normal())
			w.getMany(1, 30)
			w.awaitLeases(30)
			first, second := w.servers[0], w.servers[1]
			stdout, status := leasesFrom(t, w.ctx, first.host, "compare", first.socket, second.url)
			require.Zero(t, status)
			require.Contains(t, stdout, "\nalike\n")

			// One of them loses a lease.
			var page struct {
				Leases []struct {
					Addr string `json:"ip-address"`
					Type string `json:"type"`
				}
			}
			all := w.command(second, f.named("lease%d-get-all"), nil)
			require.NoError(t, json.Unmarshal(all, &page))
			lost := page.Leases[3]
			args := map[string]any{"ip-address": lost.Addr}
			if lost.Type != "" {
				args["type"] = lost.Type
			}
			quiet := w.sever(testnet.Dropped) // or it would tell its partner
			w.command(second, f.named("lease%d-del"), args)
			stdout, status = leasesFrom(t, w.ctx, second.host, "compare", "-json", first.socket, second.socket)
			require.Equal(t, 1, status)
			var result struct {
				Alike       bool
				OnlyA       int `json:"only-a"`
				Differences []struct {
					Addr string `json:"ip-address"`
					B    any
				}
			}
			require.NoError(t, json.Unmarshal([]byte(stdout), &result))
			require.Equal(t, 1, result.OnlyA)
			require.Len(t, result.Differences, 1)
			require.Equal(t, lost.Addr, result.Differences[0].Addr)
			require.Nil(t, result.Differences[0].B)
			quiet()
		})
	}
}

// TestLeasesBackToKea takes the leases of failoverd to a Kea, while it runs, and
// the Kea's to a failoverd that has none.
func TestLeasesBackToKea(t *testing.T) {
	t.Parallel()
	testnet.Require(t, "kea-dhcp4")
	l := newLAN(t, oneSubnet(""))
	ctx := within(t, time.Minute)
	clients := newStation(t, l.client("clients"), "eth0", l.server.HWAddr("eth0"))
	for i := range 20 {
		clients.lease(ctx, mac(i), text(12, "host"), opt(61, 0, 'a', byte(i)))
	}
	file := filepath.Join(t.TempDir(), "leases.csv")
	_, status := leasesFrom(t, ctx, l.server, "export", "-o", file, l.config)
	require.Zero(t, status)
	kea := l.client("kea").StartKea("kea-dhcp4", complete(t, oneSubnet(""), filepath.Join(filepath.Dir(file), "ctrl"), file))
	stdout, status := leasesFrom(t, ctx, l.server, "compare", "-all", l.socket, kea.Socket)
	require.Zero(t, status)
	require.Contains(t, stdout, "20 leases\n\nalike\n")

	db := filepath.Join(t.TempDir(), "new.db")
	stdout, status = leasesFrom(t, ctx, l.server, "import", kea.Socket, db)
	require.Zero(t, status)
	require.Contains(t, stdout, "20 leases imported")
	stdout, status = leasesFrom(t, ctx, l.server, "compare", "-all", db, l.socket)
	require.Zero(t, status)
	require.Contains(t, stdout, "alike")
}
