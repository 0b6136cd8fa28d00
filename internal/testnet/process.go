package testnet

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Process is a program that runs, usually in a host. It is killed when the test ends;
// if the test failed, what it wrote is in the test's log.
type Process struct {
	t    testing.TB
	name string
	cmd  *exec.Cmd
	out  output
	done chan struct{}
	err  error // how it ended, once done is closed
}

// Start starts a program.
func (h *Host) Start(name string, args ...string) *Process {
	h.net.t.Helper()
	return h.StartCommand(h.Command(context.Background(), name, args...))
}

// StartCommand starts a command that [Host.Command] returned and that may have
// been given an environment or a working directory since.
func (h *Host) StartCommand(cmd *exec.Cmd) *Process {
	h.net.t.Helper()
	return start(h.net.t, h.Name+": ", cmd)
}

// StartCommand starts a command in no host, with the machine's own network.
func StartCommand(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	return start(t, "", cmd)
}

func start(t testing.TB, host string, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, name: host + strings.Join(cmd.Args, " "), cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	cmd.WaitDelay = time.Second // a child that was left behind may hold the output open
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s (%v) wrote:\n%s", p.name, p.err, p.Output())
		}
	})
	return p
}

// Output returns what the program has written so far, stdout and stderr.
func (p *Process) Output() string { return p.out.String() }

// Signal sends the program a signal such as "HUP", unless it has ended. The
// signal has a name because not every system that compiles this has a number.
func (p *Process) Signal(name string) {
	p.t.Helper()
	if p.ended() {
		return
	}
	kill := exec.CommandContext(context.Background(), "sh", "-c", `kill -s "$0" "$1"`, name, strconv.Itoa(p.PID()))
	if out, err := kill.CombinedOutput(); err != nil && !p.ended() {
		p.t.Fatalf("%s: signal %s: %v\n%s", p.name, name, err, out)
	}
}

// Kill kills the program and waits for its end. It may come twice.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.done
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

func (p *Process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Wait waits for the program's end and returns how it ended, nil for success.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return fmt.Errorf("%s still runs: %w", p.name, context.Cause(ctx))
	}
}

// PID returns the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// output is a buffer that is written by a program and read meanwhile.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
