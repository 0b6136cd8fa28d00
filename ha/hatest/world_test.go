package hatest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/ha"
)

// In each kind of world a lease that a server gives is with those that are to
// have it.
func TestWorlds(t *testing.T) {
	for name, tt := range map[string]struct {
		cfg  Config
		mode ha.Mode
		has  string // the servers that have what server1 gives, with spaces
	}{
		"nothing said":   {Config{}, ha.HotStandby, "server1 server2"},
		"DHCPv6":         {Config{Family: ctrl.V6}, ha.HotStandby, "server1 server2"},
		"load-balancing": {Config{Relationships: []*ha.Config{Pair(ha.LoadBalancing, 0)}}, ha.LoadBalancing, "server1 server2"},
		"backups":        {Config{Relationships: []*ha.Config{Pair(ha.HotStandby, 2)}}, ha.HotStandby, "server1 server2 backup1 backup2"},
		"passive":        {Config{Relationships: []*ha.Config{Pair(ha.PassiveBackup, 1)}}, ha.PassiveBackup, "server1 backup1"},
	} {
		t.Run(name, func(t *testing.T) {
			keepers(t, tt.cfg, func(t *testing.T, w *World) {
				names := strings.Fields(tt.has)
				require.Len(t, w.Nodes(), len(names))
				for i, n := range w.Nodes() {
					require.Equal(t, names[i], n.Name)
					require.Equal(t, ha.StateNone, n.State())
					require.False(t, n.Running())
				}
				w.Start()
				w.UntilState(20*time.Second, normalIn(tt.mode))
				given := 1
				for w.gives("server1", given) != nil { // not every client is its
					given++
					require.Less(t, given, 50)
				}
				for _, name := range names {
					w.Until(name+" has it", 10*time.Second, func() bool { return w.has(name, given) })
					if strings.HasPrefix(name, "backup") {
						require.Equal(t, ha.StateBackup, w.Node(name).State())
					}
				}
			})
		})
	}
}

// A hub is one node with a name in each relationship.
func TestHub(t *testing.T) {
	keepers(t, hub(), func(t *testing.T, w *World) {
		require.Len(t, w.Nodes(), 3)
		require.Same(t, w.Node("hub1"), w.Node("hub2"))
		require.Equal(t, "hub1", w.Node("hub2").Name)
		w.Start()
		w.UntilState(20*time.Second, ha.StateHotStandby)
		require.NoError(t, w.gives("spoke1", 7))
		require.Error(t, w.gives("hub1", 8))
		require.True(t, w.has("hub1", 7))
		require.False(t, w.has("spoke2", 7))
		w.CutBoth("hub2", "spoke1")
		w.UntilState(20*time.Second, ha.StatePartnerDown, "spoke1")
		require.Equal(t, ha.StateHotStandby, w.Node("spoke2").State())
		require.NoError(t, w.gives("hub1", 8))
	})
}

// What is found wrong is told with the trace, and Fatalf and a condition that
// does not come true end the test.
func TestRunTells(t *testing.T) {
	cfg := Config{Start: keep}
	for name, tt := range map[string]struct {
		test func(w *World)
		want string
	}{
		"nothing": {func(w *World) {}, ""},
		"error":   {func(w *World) { w.Sleep(time.Second); w.Errorf("bad %d", 1); w.Note("goes on") }, "1.000000: bad 1"},
		"fatal":   {func(w *World) { w.Fatalf("bad"); w.Errorf("never") }, "0.000000: bad"},
		"until": {func(w *World) { w.Until("pigs fly", time.Minute, func() bool { return false }); w.Errorf("never") },
			`60.000000: not within 1m0s: pigs fly; server1 is in ""; server2 is in ""`},
		"node": {func(w *World) { w.Node("server3") }, "0.000000: there is no node server3"},
		"ends": {func(w *World) { w.Cut("server1", "server1") }, "0.000000: there is no way from server1 to server1"},
		"start": {func(w *World) {
			w.cfg.Start = func(*Node) (Program, error) { return nil, errOff }
			w.Node("server1").Start()
		}, "0.000000: server1 does not start: the machine is off"},
	} {
		t.Run(name, func(t *testing.T) {
			o := run(t, cfg, tt.test)
			require.Equal(t, tt.want, strings.Join(o.failures, "\n"))
			if name == "error" {
				require.Equal(t, "     1.000000          WRONG: bad 1\n     1.000000          goes on\n", o.trace.String())
			}
		})
	}
}

// An Until that holds already takes no time, another not much longer than what
// it waits for.
func TestUntil(t *testing.T) {
	keepers(t, Config{}, func(t *testing.T, w *World) {
		began := time.Now()
		w.Until("it is so", time.Minute, func() bool { return true })
		require.Zero(t, time.Since(began))
		w.Until("2 s have passed", 2*time.Second, func() bool { return time.Since(began) >= 2*time.Second })
		require.Equal(t, 2*time.Second, time.Since(began))
	})
}

func TestMistakesInConfig(t *testing.T) {
	pair := Pair(ha.HotStandby, 0)
	pair.Peers[0].URL = "http://server1:8000/"
	_, err := newWorld(t, Config{Start: keep, Relationships: []*ha.Config{pair}}, t.TempDir())
	require.ErrorContains(t, err, "peer server1: its url must have an address")
	pair.Peers[0].URL, pair.Peers[1].Name = "http://192.0.2.1:8000/", "server1"
	_, err = newWorld(t, Config{Start: keep, Relationships: []*ha.Config{pair}}, t.TempDir())
	require.ErrorContains(t, err, "two peers are named server1")
	cfg := hub()
	cfg.Subnets[1].Server = "spoke3"
	_, err = newWorld(t, cfg, t.TempDir())
	require.ErrorContains(t, err, `ha-server-name "spoke3"`)
	cfg.Subnets[1].Server = ""
	_, err = newWorld(t, cfg, t.TempDir())
	require.EqualError(t, err, "subnet 2 has no Server: with several relationships nobody would serve it")
}

// Each server has half of a subnet's addresses in load-balancing.
func TestPools(t *testing.T) {
	all := func(c Config) (text []string) {
		for _, p := range c.withDefaults().Subnets[0].Pools {
			text = append(text, p.First.String()+"-"+p.Last.String()+" "+p.Class)
		}
		return text
	}
	require.Equal(t, []string{"198.51.100.10-198.51.100.249 "}, all(Config{}))
	require.Equal(t, []string{"198.51.100.10-198.51.100.129 HA_server1", "198.51.100.130-198.51.100.249 HA_server2"},
		all(Config{Relationships: []*ha.Config{Pair(ha.LoadBalancing, 1)}}))
	require.Equal(t, []string{"2001:db8:1::a-2001:db8:1::f9 "}, all(Config{Family: ctrl.V6}))
	two := hub()
	two.Relationships[0].Mode, two.Relationships[0].Peers[1].Role = ha.LoadBalancing, ha.Secondary
	two.Subnets = two.Subnets[1:]
	require.Equal(t, []string{"10.1.0.10-10.1.0.249 "}, all(two), "is the other relationship's")
}
