package hatest_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha/hatest"
)

// failing are tests that fail, each in another way.
var failing = map[string]struct {
	program func(hatest.Program) hatest.Program
	test    func(w *hatest.World)
	says    []string
}{
	"a client is not served": {
		test: func(w *hatest.World) {
			w.UntilServed(time.Minute, w.Crowd(2)...)
			w.Node("server1").Kill()
			w.Node("server2").Kill()
			w.UntilServed(time.Minute, w.Crowd(3)...)
		},
		says: []string{"3 clients have addresses, but not client2;", "(tells_test.go:"},
	},
	"by the test's own T": {
		test: func(w *hatest.World) { require.Fail(w.T(), "not so") },
		says: []string{"not so"},
	},
	"a query panics": {
		program: func(p hatest.Program) hatest.Program { return panics{p} },
		test:    func(w *hatest.World) { w.Crowd(1); w.Sleep(15 * time.Second) },
		says:    []string{"server1 panics: out of range (tells_test.go:", "client0  discover"},
	},
	"a goroutine is left": {
		program: func(p hatest.Program) hatest.Program { return leaves{p} },
		test:    func(w *hatest.World) { w.Node("server1").Stop() },
		says:    []string{"blocked goroutines remain", "hatest_test.leaves.Close"},
	},
}

type (
	panics struct{ hatest.Program }
	leaves struct{ hatest.Program }
)

func (panics) Query(context.Context, hatest.Query) (hatest.Answer, bool) {
	panic("out of range")
}

func (l leaves) Close() error {
	go func() { select {} }()
	return l.Program.Close()
}

// failNow names the test of these that TestThatFails is.
const failNow = "HATEST_FAIL"

func TestThatFails(t *testing.T) {
	f, ok := failing[os.Getenv(failNow)]
	if !ok {
		t.Skip("is run by TestFailuresAreTold")
	}
	cfg := hatest.Config{Seed: 4711}
	if f.program != nil {
		cfg.Start = func(n *hatest.Node) (hatest.Program, error) {
			p, err := hatest.NewServer(n)
			return f.program(p), err
		}
	}
	hatest.Run(t, cfg, func(w *hatest.World) {
		w.Start()
		f.test(w)
	})
}

// Whichever way a test fails, seed and trace are told.
func TestFailuresAreTold(t *testing.T) {
	for name, f := range failing {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestThatFails$")
			cmd.Env = append(os.Environ(), failNow+"="+name)
			out, err := cmd.CombinedOutput()
			require.Error(t, err)
			for _, want := range append(f.says, "with seed 4711:", "server2  starts\n") {
				require.Contains(t, string(out), want)
			}
		})
	}
}
