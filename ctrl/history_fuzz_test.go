package ctrl_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/engine/enginetest"
	"github.com/dhcpha/dhcpha/lease"
)

// FuzzLeaseCommands plays histories of lease commands of either family, of which
// the first byte tells, with a store that is restarted and may crash. Commands
// are those of a model, which knows what has to come of them, and others as they
// are: those must not do anything when they say that they have failed, or when
// they only read.
func FuzzLeaseCommands(f *testing.F) {
	step := func(b ...byte) []byte { return append([]byte{enginetest.StepCommand}, b...) }
	pause := func(n byte) []byte { return []byte{enginetest.StepSleep, n} }
	restart, crash := []byte{enginetest.StepRestart, 0}, []byte{enginetest.StepRestart, 1}
	for family := range byte(2) {
		f.Add(slices.Concat([]byte{family}, step(0, 0x10, 0), step(0, 0x10, 0), step(6, 0), step(2, 0, 1), step(3, 1, 0x51), step(7, 0), crash, step(8, 2), step(10, 0x10), step(4, 0), step(4, 0)))
		f.Add(slices.Concat([]byte{family}, step(3, 0, 0x80), step(3, 1, 0x41), step(11, 1), step(11, 2), step(0, 3, 0x20), step(14, 0), pause(9), restart, pause(12), step(9, 1), step(9, 0), step(7, 0)))
		f.Add(slices.Concat([]byte{family}, step(13, 0, 1), step(13, 0, 1), step(13, 7, 2), step(0, 0x16, 0), step(13, 6, 0), step(15, 6), step(15, 0), pause(14), step(7, 0)))
	}
	for _, name := range []string{"kea-admin4.jsonl", "kea-admin6.jsonl"} {
		text, err := os.ReadFile("testdata/" + name)
		require.NoError(f, err)
		var history []byte
		for line := range bytes.Lines(text) {
			var rec struct{ Request json.RawMessage }
			require.NoError(f, json.Unmarshal(line, &rec))
			if len(rec.Request) > 1<<12 || len(history) > 1<<13 {
				continue
			}
			history = append(history, 0, byte(len(rec.Request)>>8), byte(len(rec.Request)))
			history = append(history, rec.Request...)
		}
		f.Add(append([]byte{strings.TrimPrefix(name, "kea-admin")[0] / '6'}, history...))
	}
	worlds := []enginetest.World{commandWorld(f, ctrl.V4), commandWorld(f, ctrl.V6)}
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 0 {
			worlds[input[0]%2].Play(t, input[1:])
		}
	})
}

func commandWorld(f *testing.F, family ctrl.Family) enginetest.World {
	w := enginetest.World{
		Family: family, Dir: enginetest.MemoryDir(f), Packet: anyCommand,
		Reclaim: lease.ReclaimParams{
			ReclaimTimerWaitTime: 100 * time.Second, FlushReclaimedTimerWaitTime: 250 * time.Second, HoldReclaimedTime: 500 * time.Second,
			MaxReclaimLeases: 100,
		},
	}
	addrs, prefix := []string{"10.77.0.1", "10.77.0.2", "10.77.255.255", "10.77.30.1", "10.88.0.1"}, "10.77.0.0/16"
	if family == ctrl.V6 {
		addrs, prefix = []string{"fd77::1", "fd77::2", "fd77::ffff", "fd88::1"}, "fd77::/64"
	}
	w.Subnets = enginetest.Subnets{{ID: 1, Prefix: netip.MustParsePrefix(prefix), ValidLft: 3600}}
	for i, text := range addrs {
		l := lease.Lease{Type: lease.V4, Addr: netip.MustParseAddr(text), SubnetID: 1}
		if family == ctrl.V6 {
			l.Type = lease.NA
		}
		w.Subjects = append(w.Subjects, l)
		if i == 1 {
			l.SubnetID = 9 // which there is not
			w.Subjects = append(w.Subjects, l)
		}
		if family == ctrl.V6 && i < 2 { // a prefix at the same address
			l.SubnetID, l.Type, l.PrefixLen = 1, lease.PD, 128
			w.Subjects = append(w.Subjects, l)
		}
	}
	for n := range byte(5) {
		who := lease.Client{HWAddr: []byte{2, 0, 0, 0, 0, n}, ID: []byte{1, 'x', n}}
		if family == ctrl.V6 {
			who = lease.Client{ID: []byte{0, 3, 0, 1, 2, 0, 0, 0, 0, n / 2}}
		}
		w.Clients = append(w.Clients, enginetest.Client{Client: who, IAID: uint32(n % 2)})
	}
	if family == ctrl.V4 {
		for i := range w.Clients {
			w.Clients[i].IAID = 0
		}
	}
	w.Start = func(h *enginetest.History) *enginetest.Server {
		mux := ctrl.NewMux()
		ctrl.HandleLeases(mux, family, h.Store, h.Store, w.Subnets)
		ctrl.HandleService(mux, family, new(ctrl.Service))
		ctrl.HandleLeaseStats(mux, family, h.Store, new(ctrl.Stats), w.Subnets)
		r := &lease.Reclaimer{Store: h.Store, Params: w.Reclaim}
		return &enginetest.Server{Mux: mux, Run: r.Run}
	}
	return w
}

// anyCommand runs a command as it stands in the input, behind its length.
func anyCommand(h *enginetest.History) {
	n := int(h.Byte())<<8 | int(h.Byte())
	req, err := ctrl.ParseRequest(h.Bytes(n))
	if err != nil {
		return
	}
	if req.Command == "dhcp-disable" || req.Command == "dhcp-enable" {
		return // the model would have to know
	}
	r := h.Mux.Run(h.T.Context(), req)
	h.Note("%s %s: %d %s", req.Command, req.Arguments, r.Result, r.Text)
	changes := false
	for _, verb := range []string{"-add", "-update", "-del", "-wipe", "-bulk-apply"} {
		changes = changes || strings.HasSuffix(req.Command, verb)
	}
	if !changes || r.Result != ctrl.Success {
		h.Judge(req.Command, nil)
		return
	}
	many := strings.HasSuffix(req.Command, "-wipe") || strings.HasSuffix(req.Command, "-bulk-apply")
	changed := 0
	h.Judge(req.Command, func(c *enginetest.Change) string {
		if changed++; changed > 1 && !many {
			return "it is about one lease"
		}
		if c.Is == nil && strings.HasSuffix(req.Command, "-add") || c.Is != nil && strings.HasSuffix(req.Command, "-del") {
			return "the command is for something else"
		}
		return ""
	})
}
