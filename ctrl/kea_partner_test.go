package ctrl

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/lease"
)

// A real server whose HA partner we are: it reads our answers to heartbeats,
// switches our service off, fetches our leases page by page, and takes our
// requests on its dedicated listener.
func TestRealPartner(t *testing.T) {
	needKea(t, "/usr/sbin/kea-dhcp4", keaHooks+"/libdhcp_ha.so")
	t.Parallel()

	store := openStore(t)
	defer store.Close()
	const leases = 5
	for i := range leases {
		l := keaLease()
		l.Addr = addressOf(i)
		l.ClientID = append(l.ClientID, byte(i))
		require.NoError(t, store.Commit(t.Context(), lease.Change{Lease: *l}))
	}
	mux := NewMux()
	var service Service
	HandleService(mux, V4, &service)
	HandleLeases(mux, V4, store, store, subnetList{subnet(1, "10.77.0.0/16")})
	mux.Handle("ha-heartbeat", func(context.Context, json.RawMessage) Response {
		return Response{Text: "HA peer status returned.", Arguments: map[string]any{
			"state": "hot-standby", "date-time": time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"), "scopes": []string{},
		}}
	})
	synchronized := make(chan struct{})
	var once sync.Once
	mux.Handle("ha-sync-complete-notify", func(context.Context, json.RawMessage) Response {
		once.Do(func() { close(synchronized) })
		return Response{Text: "Server successfully notified about the synchronization completion."}
	})
	ours := serveTCP(t, &HTTPServer{Mux: mux})

	dir := shortDir(t)
	theirs := fmt.Sprintf("http://127.0.0.1:%d/", freePort(t))
	client, err := NewClient(theirs, &ClientOptions{Service: []string{"dhcp4"}})
	require.NoError(t, err)
	defer client.Close()
	startKea(t, dir, "/usr/sbin/kea-dhcp4", fmt.Sprintf(`{"Dhcp4": {
		"interfaces-config": {"interfaces": []},
		"lease-database": {"type": "memfile", "persist": false},
		"control-socket": {"socket-type": "unix", "socket-name": %q},
		"multi-threading": {"enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 64},
		"hooks-libraries": [{"library": "%[2]s/libdhcp_lease_cmds.so"}, {"library": "%[2]s/libdhcp_ha.so", "parameters": {
			"high-availability": [{
				"this-server-name": "server1", "mode": "hot-standby", "heartbeat-delay": 100, "sync-page-limit": 2,
				"multi-threading": {"enable-multi-threading": true, "http-dedicated-listener": true},
				"peers": [
					{"name": "server1", "url": %[3]q, "role": "primary"},
					{"name": "server2", "url": "http://%[4]s/", "role": "standby"}
				]}]}}],
		"subnet4": [{"id": 1, "subnet": "10.77.0.0/16"}],
		"loggers": [{"name": "kea-dhcp4", "severity": "WARN", "output_options": [{"output": "stderr"}]}]
	}}`, filepath.Join(dir, "kea4"), keaHooks, theirs, ours), func() error {
		_, err := client.Call(context.Background(), "ha-heartbeat", nil)
		return err
	})
	select {
	case <-synchronized:
	case <-time.After(30 * time.Second):
		t.Fatal("not synchronized")
	}
	require.False(t, service.Enabled())
	require.Equal(t, []Origin{OriginPartner}, service.State().ByPartner)
	for i := range leases {
		reply, err := client.Call(t.Context(), "lease4-get", map[string]any{"ip-address": addressOf(i)})
		require.NoError(t, err)
		var got lease.Lease
		require.NoError(t, json.Unmarshal(reply.Arguments, &got))
		want, _ := store.Lookup(lease.Key{Type: lease.V4, Addr: addressOf(i)})
		want.Revision = 0
		require.Equal(t, want, got)
	}
}
