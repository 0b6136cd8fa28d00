package ha

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// What a real Kea told its partner is told to ours, who answers the same and
// has the same leases then.
func TestReceivedAsRecorded(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"hs-leases", "hs-leases-change", "lb-backlog"} {
		for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
			file := fmt.Sprintf("v%d-%s.updates.jsonl", family, name)
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				servers := map[string]*ctrl.Mux{}
				stores := map[string]*lease.Store{}
				want := map[string]map[lease.Key]lease.Lease{}
				for _, name := range []string{"server1", "server2"} {
					servers[name], stores[name], want[name] = ctrl.NewMux(), openStore(t), map[lease.Key]lease.Lease{}
					r := &received{store: stores[name], log: slog.New(slog.DiscardHandler)}
					r.handle(servers[name], family, twoSubnets{recordedSubnets[family]})
				}
				answered := 0
				for _, line := range recorded(t, file) {
					var e struct {
						To       string
						Request  json.RawMessage
						Response json.RawMessage
					}
					require.NoError(t, json.Unmarshal(line, &e))
					request, err := ctrl.ParseRequest(e.Request)
					require.NoError(t, err)
					got := plainResponse(t, servers[e.To].Run(t.Context(), request))
					if string(e.Response) != "null" { // it came too late
						var list []any
						require.NoError(t, json.Unmarshal(e.Response, &list))
						require.Equal(t, list[0], got, "%s", e.Request)
						answered++
					}
					for _, c := range changesOf(t, request.Command, request.Arguments) {
						if c.Delete {
							delete(want[e.To], c.Lease.Key())
						} else {
							want[e.To][c.Lease.Key()] = c.Lease
						}
					}
				}
				require.Greater(t, answered, 5)
				for name, store := range stores {
					all := map[lease.Key]lease.Lease{}
					for _, l := range leases(store) {
						all[l.Key()] = l
					}
					require.Equal(t, want[name], all, name)
				}
			})
		}
	}
}

// recordedSubnets are those of the recorded servers.
var recordedSubnets = map[ctrl.Family]ctrl.Subnet{
	ctrl.V4: {ID: 1, Prefix: netip.MustParsePrefix("10.77.0.0/16"), ValidLft: 3600},
	ctrl.V6: {ID: 1, Prefix: netip.MustParsePrefix("fd77::/64"), ValidLft: 3600},
}
