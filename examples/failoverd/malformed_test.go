package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/internal/testnet"
)

// Whatever is sent to it, failoverd goes on serving, and needs no more memory
// for it.
func TestMalformed(t *testing.T) {
	t.Parallel()
	const rounds, packets = 5, 20_000
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	good := net.HardwareAddr{2, 0xaa, 0, 0, 0, 1}
	// Some of what is sent is well-formed and gets leases, but only so many.
	// With GOGC=10 a heap takes little more than what is in use.
	p, server := startLocal(t, fmt.Sprintf(`"valid-lifetime": 3600,
		"subnet4": [{"id": 1, "subnet": "10.0.0.0/8", "relay": {"ip-addresses": ["127.0.0.1"]},
			"pools": [{"pool": "10.0.0.1 - 10.0.0.200"}],
			"reservations": [{"hw-address": %q, "ip-address": "10.0.1.1"}]}],`, good), "GOGC=10")
	ctx := within(t, 3*time.Minute)

	served := testnet.NewRelayed(t, server)
	ack, err := served.Lease(ctx, good)
	require.NoError(t, err)
	require.Equal(t, "10.0.1.1", ack.YourIPAddr.String())
	spoiler := testnet.NewRelayed(t, server)
	queries := recorded(t)
	commands := badCommands(ctx, p)
	limit := usage{memory: 1 << 30, files: p.usage().files}
	for round := range rounds {
		before := statistic(ctx, t, p.socket, "pkt4-received")
		for n := range packets {
			spoiler.Send(malformed(r, queries))
			if n%25 > 0 {
				continue // so few wait that none is lost for want of room
			}
			ack, err = served.Renew(ctx, ack)
			require.NoError(t, err, "round %d, packet %d", round, n)
		}
		require.Greater(t, statistic(ctx, t, p.socket, "pkt4-received")-before, packets*99/100, "they have not arrived")
		for _, c := range commands {
			p.misuse(c, r)
			p.command(ctx, "version-get", nil)
		}
		p.crowd(ctx, 200)
		// Memory that is no longer in use is given back after a while.
		testnet.Until(within(t, 30*time.Second), t, "memory and files are as before", func() error {
			if now := p.usage(); now.memory > limit.memory || now.files > limit.files {
				return fmt.Errorf("%v instead of at most %v after round %d", now, limit, round+1)
			}
			ack, err = served.Renew(ctx, ack) // collects garbage
			return err
		})
		now := p.usage()
		t.Logf("after round %d: %v", round+1, now)
		if round == 1 {
			limit.memory = now.memory + growth()
		}
	}
	ack, err = served.Lease(ctx, good)
	require.NoError(t, err)
	require.Equal(t, "10.0.1.1", ack.YourIPAddr.String())

	// It ends with a list of what it is doing: little more than the workers
	// that stay for the next query.
	p.Signal("QUIT")
	_ = p.Wait(ctx)
	goroutines := strings.Count(p.Output(), "\ngoroutine ")
	t.Logf("%d goroutines in the end", goroutines)
	require.NotZero(t, goroutines)
	require.Less(t, goroutines, 120, p.Output())
}

// growth is how much more memory a process may take in the long run, in bytes.
func growth() int64 {
	const room = 8 << 20
	info, _ := debug.ReadBuildInfo()
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		return 5 * room // the race detector keeps four bytes for each that was ever used
	}
	return room
}

// usage is what a process holds.
type usage struct {
	memory int64 // bytes that are not in a file
	files  int
}

func (p *program) usage() usage {
	p.t.Helper()
	if runtime.GOOS != "linux" {
		return usage{}
	}
	proc := fmt.Sprintf("/proc/%d/", p.PID())
	open, err := os.ReadDir(filepath.Join(proc, "fd"))
	require.NoError(p.t, err)
	u := usage{files: len(open)}
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	require.NoError(p.t, err)
	_, rest, _ := strings.Cut(string(status), "\nRssAnon:")
	_, err = fmt.Sscan(rest, &u.memory)
	require.NoError(p.t, err, string(status))
	u.memory <<= 10
	return u
}

func (u usage) String() string {
	return fmt.Sprintf("%.1f MB, %d files", float64(u.memory)/1e6, u.files)
}

// badCommands returns what a control socket should not be sent.
func badCommands(ctx context.Context, p *program) [][]byte {
	p.t.Helper()
	bad := [][]byte{
		nil, []byte("{"), []byte("}"), []byte("null"), []byte("5"), []byte(`"list-commands"`), {0}, {0xff, 0xfe, 0xfd},
		[]byte(`{"command": "version-get"`), []byte(`{"command": "version-get",}`), []byte(`{"command": 'version-get'}`),
		[]byte(`{"command": 5}`), []byte(`{"command": ["version-get"]}`), []byte(`{"command": ""}`), []byte(`{"command": null}`),
		[]byte(`{"command": "` + strings.Repeat("x", 1<<20) + `"}`), []byte(`{"command": "version-get", "service": 7}`),
		[]byte("{\"command\": \"lease4-get\", \"arguments\": {\"ip-address\": \"\xff\xfe\"}}"),
		bytes.Repeat([]byte("["), 1<<20), bytes.Repeat([]byte(`{"a":`), 1<<18), bytes.Repeat([]byte(" "), 17<<20),
		[]byte(`{"command": "` + strings.Repeat("x", 17<<20)), []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
	}
	var known []string
	require.NoError(p.t, json.Unmarshal(p.command(ctx, "list-commands", nil), &known))
	for _, command := range known {
		switch command {
		case "shutdown", "dhcp-disable", "lease4-wipe", "statistic-remove", "statistic-remove-all":
			continue // some run whatever their arguments, and would end the test
		}
		for _, arguments := range []string{
			`5`, `"x"`, `[]`, `[[[1]]]`, `{"": {}}`, `{"ip-address": []}`, `{"ip-address": "10.0.0.300", "hw-address": "x"}`,
			`{"subnet-id": -1}`, `{"subnet-id": 1e300}`, `{"subnets": [true]}`, `{"name": {}, "value": []}`,
			`{"identifier-type": 5, "identifier": "zz"}`, `{"from": 0, "limit": -1}`, `{"from": "start", "limit": 18446744073709551616}`,
		} {
			bad = append(bad, fmt.Appendf(nil, `{"command": %q, "arguments": %s}`, command, arguments))
		}
	}
	return bad
}

// misuse sends a command over a connection of its own, which it may close
// early, wholly or half. The answer is of no interest.
func (p *program) misuse(command []byte, r *rand.Rand) {
	conn, err := net.Dial("unix", p.socket)
	require.NoError(p.t, err)
	defer conn.Close()
	_, _ = conn.Write(command) // may be cut off: it need not all be read
	switch r.IntN(3) {
	case 0: // it may never come to an answer
	case 1:
		_ = conn.(*net.UnixConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
	case 2:
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) // it may wait for more
		_, _ = io.Copy(io.Discard, conn)
	}
}

// crowd runs a command while many others have begun one and do not go on.
func (p *program) crowd(ctx context.Context, n int) {
	p.t.Helper()
	for i := range n {
		conn, err := net.Dial("unix", p.socket)
		require.NoError(p.t, err)
		defer conn.Close()
		_, err = conn.Write([]byte(`{"command": "version-get", "arguments": `)[:i%40])
		require.NoError(p.t, err)
	}
	p.command(ctx, "version-get", nil)
}
