package ha

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// What is no message of lease changes, or not the next one of another server,
// changes nothing, and does not come in the way of those that are.
func TestHostileMessages(t *testing.T) {
	t.Parallel()
	pairTest(t, HotStandby, func(a, b *node) {
		a.start()
		b.start()
		a.until(StateHotStandby)
		b.until(StateHotStandby)
		require.NoError(t, a.give("192.0.2.10", 1))

		client, err := ctrl.NewClient("http://192.0.2.2:8000/", &ctrl.ClientOptions{Dial: a.net.Dial})
		require.NoError(t, err)
		defer client.Close()
		evil := changeOf(9, time.Now().Unix()+1000)
		at := lease.Position{Epoch: 77, Revision: 5}
		next := lease.Position{Epoch: 77, Revision: 6}
		many := make([]lease.Change, maxChanges+1)
		for i := range many {
			many[i] = changeOf(i, time.Now().Unix())
		}
		for name, message := range map[string][]byte{
			"nothing":           {},
			"garbage":           []byte("\x00\xff\x16\x03\x01"),
			"JSON":              []byte(`{"command":"ha-heartbeat"}`),
			"endless numbers":   bytes.Repeat([]byte{0xff}, 1<<20),
			"a stranger's":      messageOf(&changesHead{server: "server3", from: at, to: next}, evil),
			"its own":           messageOf(&changesHead{server: "server2", from: at, to: next}, evil),
			"somewhere":         messageOf(&changesHead{server: "server1", from: at, to: next}, evil),
			"the beginning":     messageOf(&changesHead{server: "server1", to: next}, evil),
			"too many":          messageOf(&changesHead{server: "server1", to: next}, many...),
			"a rewind":          messageOf(&changesHead{server: "server1", from: at, to: next, rewind: true}),
			"all leases":        messageOf(&changesHead{server: "server1", from: at, to: next, full: &span{prune: true}}),
			"half a transfer":   messageOf(&changesHead{server: "server1", from: at, to: next, full: &span{after: evil.Lease.Addr}}, evil),
			"half a message":    messageOf(&changesHead{server: "server1", from: at, to: next}, evil)[:40],
			"far in the future": messageOf(&changesHead{server: "server1", from: at, to: next, offset: maxSeconds, now: time.UnixMilli(maxMillis)}, evil),
		} {
			p, err := client.Pipeline(a.t.Context(), changesType)
			require.NoError(t, err)
			require.NoError(t, p.Send(message))
			raw, err := p.Receive(time.Minute)
			require.NoError(t, err, name)
			answer, err := parseAnswer(raw)
			require.NoError(t, err, name)
			require.NotZero(t, answer.result, name)
			require.NotEmpty(t, answer.text, name)
			p.Close()
		}
		// What does not come to an end, and what is longer than may be.
		head := "POST / HTTP/1.1\r\nContent-Type: " + changesType + "\r\nContent-Length: "
		var conns []net.Conn
		for _, text := range []string{
			head, head + "100\r\n\r\n", head + "100\r\n\r\nhalf", head + "-1\r\n\r\n", head + "99999999\r\n\r\n",
			head + "1000000\r\n\r\n" + string(bytes.Repeat([]byte{0xff}, 999_999)),
			"POST / HTTP/1.1\r\nContent-Type: " + changesType + "\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
		} {
			conn, err := a.net.Dial(a.t.Context(), "tcp", "192.0.2.2:8000")
			require.NoError(t, err)
			conns = append(conns, conn)
			_, err = io.WriteString(conn, text)
			require.NoError(t, err)
		}
		synctest.Wait()
		_, there := b.store.Lookup(evil.Lease.Key())
		require.False(t, there)
		for n := range 20 {
			addr := fmt.Sprintf("192.0.2.%d", 20+n)
			require.NoError(t, a.give(addr, byte(n)))
			client, there := b.has(addr)
			require.True(t, there)
			require.Equal(t, byte(n), client)
		}
		require.Equal(t, 21, b.store.Count(0, lease.Assigned, lease.V4))
		require.Equal(t, a.leases(), b.leases())
		require.Equal(t, StateHotStandby, b.state())
		for _, conn := range conns {
			conn.Close()
		}
	})
}

// A partner that answers, but with nonsense, is one that does not answer: its
// clients are taken over.
func TestPartnerThatTalksNonsense(t *testing.T) {
	t.Parallel()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	answer := func(body string) string { return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(body), body) }
	for name, says := range map[string]string{
		"nothing":           "",
		"garbage":           "\x00\xff\x16\x03\x01",
		"half a head":       head,
		"half a body":       head + "Content-Length: 100\r\n\r\n[ {",
		"no JSON":           answer("hello"),
		"half of it":        answer(`[ { "result": 0, "arguments": {`),
		"a number":          answer("7"),
		"a list of numbers": answer("[ 0 ]"),
		"an empty list":     answer("[ ]"),
		"a text for result": answer(`[ { "result": "0" } ]`),
		"no state":          answer(`[ { "result": 0, "arguments": { "date-time": "Sun, 22 Nov 2026 19:00:00 GMT" } } ]`),
		"an unknown state":  answer(`[ { "result": 0, "arguments": { "state": "evil", "date-time": "Sun, 22 Nov 2026 19:00:00 GMT" } } ]`),
		"a state of type":   answer(`[ { "result": 0, "arguments": { "state": 7, "date-time": "Sun, 22 Nov 2026 19:00:00 GMT" } } ]`),
		"no date":           answer(`[ { "result": 0, "arguments": { "state": "hot-standby", "date-time": "yesterday" } } ]`),
		"an error":          answer(`[ { "result": 1, "text": "no" } ]`),
		"too much":          head + "\r\n" + string(bytes.Repeat([]byte(" "), ctrl.DefaultMaxReply+1)),
	} {
		t.Run(name, func(t *testing.T) {
			pairTest(t, HotStandby, func(a, _ *node) {
				listener, err := a.net.Listen("tcp", "192.0.2.2:8000")
				require.NoError(t, err)
				defer listener.Close()
				go func() {
					for {
						conn, err := listener.Accept()
						if err != nil {
							return
						}
						go func() {
							defer conn.Close()
							var some [4096]byte
							if _, err := conn.Read(some[:]); err == nil {
								io.WriteString(conn, says)
								io.Copy(io.Discard, conn) // until it has had enough
							}
						}()
					}
				}()
				a.start()
				a.until(StatePartnerDown)
				require.NoError(t, a.give("192.0.2.10", 1))
				require.Equal(t, 256, a.serves())
				a.end() // and with it all its connections
			})
		})
	}
}
