package conf

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/keajson"
	"github.com/dhcpha/dhcpha/internal/option"
)

// What the families' own tests do not come upon: they compare verdicts with a
// real Kea, which has no opinion on these, or accepts them.
func TestChecker(t *testing.T) {
	const known = "known"
	unix := ctrl.SocketConfig{Type: "unix", Name: "/run/kea/x"}
	own := func(o Own) func(*Checker) { return func(ck *Checker) { ck.Own(&o) } }
	guard := func(g Guard) func(*Checker) { return func(ck *Checker) { ck.Guard("x", &g) } }
	for want, do := range map[string]func(*Checker){
		`error: x.only-if-required: cannot be given together with only-in-additional-list, which replaces it`: func(ck *Checker) {
			ck.Class("x", ClassTest{Name: known}, true, true)
		},
		`warning: x.client-classes[1]: there is no class "a"`:              guard(Guard{ClientClasses: []string{known, "a", "HA_a"}}),
		`error: x.client-classes[0]: the name of a class is empty`:         guard(Guard{ClientClasses: []string{""}}),
		`warning: x.client-class: there is no class "a"`:                   guard(Guard{ClientClass: "a"}),
		`warning: x.evaluate-additional-classes[0]: there is no class "a"`: guard(Guard{EvaluateAdditionalClasses: []string{"a", known}}),
		`warning: x.require-client-classes[0]: there is no class "a"`:      guard(Guard{RequireClientClasses: []string{"a"}}),
		`warning: x.option-data[0].client-classes[0]: there is no class "a"`: func(ck *Checker) {
			ck.OptionData("x", []option.Data{{Name: "dns-servers", Data: "2001:db8::1", ClientClasses: []string{"a"}}}, ck.Defs)
		},
		`error: x.option-data: option: space b: options encapsulate others more than 8 levels deep`: func(ck *Checker) {
			ck.OptionDef("d", option.Def{Name: "a", Code: 5000, Type: option.Empty, Encapsulate: "a"}, ck.Defs)
			ck.OptionDef("d", option.Def{Name: "a", Code: 1, Type: option.Empty, Space: "a", Encapsulate: "b"}, ck.Defs)
			ck.OptionDef("d", option.Def{Name: "b", Code: 1, Type: option.Empty, Space: "b", Encapsulate: "a"}, ck.Defs)
			ck.OptionData("x", []option.Data{{Name: "a"}, {Name: "a", Space: "a"}, {Name: "b", Space: "b"}}, ck.Defs)
		},
		`error: lease-database.type: is missing; write "memfile"`: own(Own{LeaseDatabase: &LeaseDatabase{}}),
		`error: sanity-checks.extended-info-checks: must be none, fix, strict or pedantic, not "lax"`: own(Own{
			SanityChecks: &SanityChecks{ExtendedInfoChecks: "lax"}}),
		`error: loggers[0].debuglevel: 100 is out of range, 0 to 99`: own(Own{Loggers: []Logger{{Name: "a", DebugLevel: 100}}}),
		`error: interfaces-config.interfaces[1]: "eth0.very.long.name" is not the name of an interface`: func(ck *Checker) {
			ck.Interfaces([]string{"eth0", "eth0.very.long.name"}, nil)
		},
		`error: interfaces-config.interfaces[0]: "*/2001:db8::1": an address cannot be given with "*"`: func(ck *Checker) {
			ck.Interfaces([]string{"*/2001:db8::1"}, nil)
		},
		`error: control-socket: cannot be given together with control-sockets, which replaces it`: own(Own{ControlSocket: &unix, ControlSockets: []ctrl.SocketConfig{unix}}),
		`error: control-socket.socket-name: is missing; it is the socket's path`:                  own(Own{ControlSocket: &ctrl.SocketConfig{Type: "unix"}}),
		`error: control-sockets[0].socket-name: has 108 bytes; the path of a socket has at most 107`: own(Own{
			ControlSockets: []ctrl.SocketConfig{{Type: "unix", Name: strings.Repeat("x", 108)}}}),
		`error: control-sockets[0].authentication: is for http and https; who may use a unix socket is decided by the permissions of its directory`: own(Own{
			ControlSockets: []ctrl.SocketConfig{{Type: "unix", Name: "x", Authentication: &ctrl.Authentication{Type: "basic"}}}}),
		`error: x.t2-percent: 1 must be greater than 0 and less than 1`: func(ck *Checker) {
			p := Params{CalculateTeeTimes: new(true), T1Percent: new(0.5), T2Percent: new(1.0)}
			ck.Params("x", p, p)
		},
	} {
		var report keajson.Report
		do(NewChecker(option.V6, &report, []string{known}))
		var got []string
		for _, p := range report.Problems {
			got = append(got, "error: "+p.String())
		}
		for _, p := range report.Warnings {
			got = append(got, "warning: "+p.String())
		}
		require.Equal(t, []string{want}, got)
	}
}

// Warnings come in the order of the file, those of its syntax among them.
func TestWarningsAreInOrder(t *testing.T) {
	type config struct {
		A int `json:"a"`
		B int `json:"b"`
	}
	f := Form[config]{
		Package: "test", Root: "Root",
		Normalize: func(_ *config, r *keajson.Report) {
			r.Warnf("b", "second")
			r.Warnf("a", "first")
		},
		DropUnsupported: func(*config, *keajson.Report) {},
		Check:           func(*config, *keajson.Report) {},
		Hooks:           func(*config) *[]HookLibrary { return new([]HookLibrary) },
	}
	var log bytes.Buffer
	c, err := f.Parse(strings.NewReader(`{"Root": {"a": 1, "b": 2,}}`), &ParseOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	require.Equal(t, &config{1, 2}, c)
	var paths []string
	for line := range strings.Lines(log.String()) {
		paths = append(paths, line[strings.Index(line, "path="):strings.Index(line, " at=")])
	}
	require.Equal(t, []string{"path=a", "path=b", `path=""`}, paths, "the last: a comma behind the last element of the root")
}

// A number in a user-context or elsewhere counts in full.
func TestDigest(t *testing.T) {
	digest := func(id uint64) string { return Digest(map[string]uint64{"id": id}) }
	require.Len(t, digest(1), 64)
	require.NotEqual(t, digest(1<<60), digest(1<<60+1))
	require.Empty(t, Digest(func() {}))
}
