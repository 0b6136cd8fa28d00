package testnet

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestHostsReachEachOther(t *testing.T) {
	t.Parallel()
	n := New(t)
	lan := n.LAN()
	a, b := n.Host("a"), n.Host("b")
	a.Join(lan, "eth0", "192.0.2.1/24", "2001:db8::1/64")
	b.Join(lan, "eth0", "192.0.2.2/24", "2001:db8::2/64")

	for _, addr := range []string{"192.0.2.1", "2001:db8::1"} {
		var server net.PacketConn
		a.Do(func() {
			var err error
			server, err = net.ListenPacket("udp", net.JoinHostPort(addr, "67"))
			require.NoError(t, err)
		})
		defer server.Close()
		var client net.Conn
		b.Do(func() {
			var err error
			client, err = net.Dial("udp", server.LocalAddr().String())
			require.NoError(t, err)
		})
		defer client.Close()
		// Here, outside of Do: the sockets stay where they were opened.
		_, err := client.Write([]byte("hello"))
		require.NoError(t, err)
		buf := make([]byte, 9)
		require.NoError(t, server.SetReadDeadline(time.Now().Add(5*time.Second)))
		k, _, err := server.ReadFrom(buf)
		require.NoError(t, err)
		require.Equal(t, "hello", string(buf[:k]))
	}
}

func TestDoLeavesTheCallerWhereItWas(t *testing.T) {
	t.Parallel()
	n := New(t)
	h := n.Host("h")
	h.Join(n.LAN(), "veryown0")
	h.Do(func() {
		_, err := net.InterfaceByName("veryown0")
		require.NoError(t, err)
	})
	for range 4 * runtime.GOMAXPROCS(0) { // goroutines of many threads
		done := make(chan error)
		go func() {
			_, err := net.InterfaceByName("veryown0")
			done <- err
		}()
		require.Error(t, <-done)
	}
}

func TestLinksAndAddressesComeAndGo(t *testing.T) {
	t.Parallel()
	n := New(t)
	h, lan := n.Host("h"), n.LAN()
	h.Join(lan, "eth0")
	require.Empty(t, h.Addrs("eth0"))
	h.AddAddr("eth0", "192.0.2.7/24")
	h.AddAddr("eth0", "2001:db8::7/64")
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("192.0.2.7/24"), netip.MustParsePrefix("2001:db8::7/64")}, h.Addrs("eth0"))
	h.DelAddr("eth0", "192.0.2.7/24")
	require.Len(t, h.Addrs("eth0"), 1)
	require.Len(t, h.HWAddr("eth0"), 6)

	up := func() (up bool) {
		h.Do(func() {
			ifi, err := net.InterfaceByName("eth0")
			require.NoError(t, err)
			up = ifi.Flags&net.FlagUp != 0
		})
		return up
	}
	require.True(t, up())
	h.Down("eth0")
	require.False(t, up())
	h.Up("eth0")
	require.True(t, up())
	h.Leave("eth0")
	h.Join(lan, "eth0")
}

func TestNothingIsLeftBehind(t *testing.T) {
	var prefix, dir string
	var sleeper *Process
	t.Run("user", func(t *testing.T) {
		n := New(t)
		prefix, dir = n.prefix, n.Dir()
		h := n.Host("h")
		h.Join(n.LAN(), "eth0")
		sleeper = h.Start("sleep", "1000")
	})
	if prefix == "" {
		t.Skip("no network namespaces")
	}
	list, err := ip("netns", "list")
	require.NoError(t, err)
	require.NotContains(t, list, prefix)
	require.NoDirExists(t, dir)
	require.Error(t, sleeper.Wait(t.Context()))
}

func TestSweepRemovesWhatAKilledTestLeft(t *testing.T) {
	Require(t, "ip")
	ended := exec.Command("true")
	require.NoError(t, ended.Run())
	name := namespaces + strconv.Itoa(ended.Process.Pid) + "-1-left"
	mine := namespaces + strconv.Itoa(os.Getpid()) + "-0-kept"
	for _, ns := range []string{name, mine} {
		_, err := ip("netns", "add", ns)
		require.NoError(t, err)
		t.Cleanup(func() { _, _ = ip("netns", "del", ns) })
	}
	New(t)
	list, err := ip("netns", "list")
	require.NoError(t, err)
	require.NotContains(t, list, name)
	require.Contains(t, list, mine)
}

func TestProcess(t *testing.T) {
	t.Parallel()
	h := New(t).Host("h")
	ok := h.Start("sh", "-c", "echo out; echo err >&2")
	require.NoError(t, ok.Wait(within(t, 10*time.Second)))
	require.Contains(t, ok.Output(), "out\n")
	require.Contains(t, ok.Output(), "err\n")
	require.ErrorContains(t, h.Start("sh", "-c", "exit 3").Wait(within(t, 10*time.Second)), "exit status 3")

	forever := h.Start("sleep", "1000")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, forever.Wait(ended), context.Canceled)
	forever.Kill()
	forever.Kill()
	require.ErrorContains(t, forever.Wait(t.Context()), "killed")
}

func TestUntil(t *testing.T) {
	t.Parallel()
	asked := 0
	Until(t.Context(), t, "asked three times", func() error {
		if asked++; asked < 3 {
			return os.ErrNotExist
		}
		return nil
	})
	require.Equal(t, 3, asked)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := poll(ctx, func() error { return os.ErrNotExist })
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, os.ErrNotExist) // the reason it was not so
}

// Not parallel: CI is for the whole process.
func TestRequire(t *testing.T) {
	if testing.Short() {
		t.Skip("-short skips whatever is missing")
	}
	for _, ci := range []string{"", "true"} {
		t.Setenv("CI", ci)
		r := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			Require(r, "no-such-program")
		}()
		<-done
		require.NotEmpty(t, r.text)
		require.Equal(t, ci == "true", r.failed)
		require.Equal(t, ci == "", r.skipped)
	}
}

// recorder takes down how a test would have ended.
type recorder struct {
	testing.TB
	text            string
	failed, skipped bool
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failed, r.text = true, fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Skip(args ...any) {
	r.skipped, r.text = true, fmt.Sprint(args...)
	runtime.Goexit()
}

func TestRequireSaysWhatToInstall(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		require.NotEmpty(t, lacking(nil))
		return
	}
	require.Empty(t, lacking([]string{"sh"}))
	require.Equal(t, "not installed: no-such-program", lacking([]string{"sh", "no-such-program"}))
	for program, pkg := range packages {
		if _, err := lookPath(program); err != nil {
			require.Contains(t, lacking([]string{program}), "apt-get install "+pkg)
		}
	}
}
