package ctrl

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// What is still on its way of a request that was given up does not arrive
// after that: its receiver reads nothing for a long time, as if there were a
// partition, and then what there is.
func TestAbandonedRequestDoesNotArrive(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	client, err := NewClient("http://"+listener.Addr().String(), nil)
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	body := strings.Repeat("x", 32<<20) // more than the system's buffers take
	go func() {
		_, err := client.Call(ctx, "lease4-update", body)
		result <- err
	}()
	conn, err := listener.Accept()
	require.NoError(t, err)
	defer conn.Close()
	_, err = http.ReadRequest(bufio.NewReader(conn))
	require.NoError(t, err)
	cancel()
	require.ErrorIs(t, <-result, context.Canceled)
	_, err = io.Copy(io.Discard, conn)
	require.ErrorIs(t, err, syscall.ECONNRESET) // not its end
}

// closingServer gives each connection that many answers and closes it without
// saying so.
func closingServer(t *testing.T, listener net.Listener, answers int) (conns *atomic.Int32) {
	t.Helper()
	conns = new(atomic.Int32)
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Add(1)
			open.Go(func() {
				defer conn.Close()
				buf := bufio.NewReader(conn)
				for range answers {
					req, err := http.ReadRequest(buf)
					if err != nil {
						return
					}
					io.Copy(io.Discard, req.Body)
					io.WriteString(conn, withLength(`[{"result":0}]`))
				}
			})
		}
	})
	t.Cleanup(func() { listener.Close(); open.Wait() })
	return conns
}

// A server may close a connection that nobody uses, as Kea does after 30 s.
// The next call takes another one.
func TestServerClosesKeptConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	conns := closingServer(t, listener, 1)
	client, err := NewClient("http://"+listener.Addr().String(), nil)
	require.NoError(t, err)
	defer client.Close()
	for range 5 {
		_, err := client.Call(t.Context(), "ha-heartbeat", nil)
		require.NoError(t, err)
		kept := client.conns.kept
		require.Len(t, kept, 1)
		require.Eventually(t, func() bool { return !quiet(kept[0].raw) }, 10*time.Second, time.Millisecond)
	}
	require.Equal(t, int32(5), conns.Load())
}

// The same for connections in memory, by a clock that stands still.
func TestKeptConnections(t *testing.T) {
	for name, c := range map[string]struct {
		answers int
		pause   time.Duration
		conns   int32
	}{
		"used again":       {answers: 10, conns: 1},
		"between beats":    {answers: 10, pause: 19 * time.Second, conns: 1},
		"too old":          {answers: 10, pause: 21 * time.Second, conns: 4},
		"closed by server": {answers: 1, pause: time.Second, conns: 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := newPipeListener()
				conns := closingServer(t, listener, c.answers)
				client, err := NewClient("http://server", &ClientOptions{
					Dial: func(_ context.Context, network, address string) (net.Conn, error) {
						require.Equal(t, "tcp server:80", network+" "+address)
						return listener.dial(), nil
					},
				})
				require.NoError(t, err)
				for range 4 {
					_, err := client.Call(t.Context(), "ha-heartbeat", nil)
					require.NoError(t, err)
					time.Sleep(c.pause)
					synctest.Wait()
				}
				client.Close()
				require.Equal(t, c.conns, conns.Load())
			})
		})
	}
}

// What comes late, or unasked, is not taken for the answer to the next.
func TestUnaskedAnswer(t *testing.T) {
	t.Parallel()
	url, _ := standIn(t, withLength(`[{"result":0}]`)+withLength(`[{"result":1,"text":"unasked"}]`))
	client, err := NewClient(url, nil)
	require.NoError(t, err)
	defer client.Close()
	for range 3 {
		_, err := client.Call(t.Context(), "ha-heartbeat", nil)
		require.NoError(t, err)
	}
}

// There are no more connections than allowed, and a call that waits for one
// can be given up.
func TestMaxConns(t *testing.T) {
	t.Parallel()
	mux := NewMux()
	entered, leave := make(chan struct{}), make(chan struct{})
	mux.Handle("block", func(context.Context, json.RawMessage) Response {
		entered <- struct{}{}
		<-leave
		return Response{}
	})
	client, err := NewClient("http://"+serveTCP(t, &HTTPServer{Mux: mux}), &ClientOptions{MaxConns: 2})
	require.NoError(t, err)
	defer client.Close()
	var calls sync.WaitGroup
	for range 2 {
		calls.Go(func() { client.Call(context.Background(), "block", nil) })
	}
	<-entered
	<-entered
	timeUp := errors.New("time is up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(timeUp)
	_, err = client.Call(ctx, "list-commands", nil)
	require.ErrorIs(t, err, timeUp)
	close(leave)
	calls.Wait()
	_, err = client.Call(t.Context(), "list-commands", nil)
	require.NoError(t, err)
	require.LessOrEqual(t, len(client.conns.kept), 2)
}

// The bytes that a real Kea sends.
func TestRequestBytes(t *testing.T) {
	t.Parallel()
	const body = `{ "command": "ha-heartbeat", "service": [ "dhcp4" ] }`
	for address, want := range map[string]string{
		"http://10.77.0.2:8001":            "POST / HTTP/1.1\r\nHost: 10.77.0.2\r\n",
		"http://10.77.0.2:8001/":           "POST / HTTP/1.1\r\nHost: 10.77.0.2\r\n",
		"https://[fd77::1]:8001/":          "POST / HTTP/1.1\r\nHost: fd77::1\r\n",
		"http://[fe80::1%25eth0]:8001/":    "POST / HTTP/1.1\r\nHost: fe80::1\r\n",
		"http://server2.example:8001/x?y":  "POST /x?y HTTP/1.1\r\nHost: server2.example\r\n",
		"http://user@server2.example:8001": "POST / HTTP/1.1\r\nHost: server2.example\r\n",
	} {
		client, err := NewClient(address, &ClientOptions{User: "hauser", Password: "ha-secret"})
		require.NoError(t, err)
		require.Equal(t, want+"Authorization: Basic aGF1c2VyOmhhLXNlY3JldA==\r\nContent-Length: 53\r\nContent-Type: application/json\r\n\r\n"+body,
			string(client.request([]byte(body))), address)
	}
}

// A server that answers with nonsense, or without end, costs no more than the
// limits allow.
func TestMaliciousServer(t *testing.T) {
	t.Parallel()
	endless := func(head, more string) func(net.Conn) {
		return func(conn net.Conn) {
			io.WriteString(conn, head)
			chunk := bytes.Repeat([]byte(more), 1+4096/len(more))
			for {
				if _, err := conn.Write(chunk); err != nil {
					return
				}
			}
		}
	}
	for name, answer := range map[string]func(net.Conn){
		"endless body":        endless("HTTP/1.1 200 OK\r\n\r\n", "x"),
		"endless chunks":      endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
		"endless extension":   endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1;"+strings.Repeat("y", 1000)+"\r\nx\r\n"),
		"endless trailer":     endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n", "X: y\r\n"),
		"endless header":      endless("HTTP/1.1 200 OK\r\n", "X: y\r\n"),
		"endless header name": endless("HTTP/1.1 200 OK\r\n", "x"),
		"endless status":      endless("HTTP/1.1 200 ", "O"),
		"endless preludes":    endless("", "HTTP/1.1 100 Continue\r\n\r\n"),
		"garbage":             endless("", "\x00\xff\r\n"),
		"half a body":         func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n[{") },
		"negative length":     func(conn net.Conn) { io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n[{") },
		"huge length": func(conn net.Conn) {
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n[{")
		},
		"nothing": func(net.Conn) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			done := make(chan struct{})
			go func() {
				defer close(done)
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				if req, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					io.Copy(io.Discard, req.Body)
					answer(conn)
				}
			}()
			client, err := NewClient("http://"+listener.Addr().String(), &ClientOptions{MaxReply: 1 << 20})
			require.NoError(t, err)
			_, err = client.Call(t.Context(), "ha-heartbeat", nil)
			require.Error(t, err)
			require.Empty(t, client.conns.kept)
			listener.Close()
			<-done // it learned that nobody listens to it
		})
	}
}

// A handler may ask where its command came from.
func TestRemoteAddr(t *testing.T) {
	t.Parallel()
	mux := NewMux()
	got := make(chan netip.AddrPort, 1)
	mux.Handle("whence", func(ctx context.Context, _ json.RawMessage) Response {
		got <- RemoteAddr(ctx)
		return Response{}
	})
	client, err := NewClient("http://"+serveTCP(t, &HTTPServer{Mux: mux}), nil)
	require.NoError(t, err)
	defer client.Close()
	_, err = client.Call(t.Context(), "whence", nil)
	require.NoError(t, err)
	require.Equal(t, client.conns.kept[0].LocalAddr().String(), (<-got).String())

	client, err = NewClient("unix:"+serveUnix(t, &UnixServer{Mux: mux}), nil)
	require.NoError(t, err)
	_, err = client.Call(t.Context(), "whence", nil)
	require.NoError(t, err)
	require.False(t, (<-got).IsValid())
}
