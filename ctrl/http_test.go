package ctrl

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const heartbeat = "POST / HTTP/1.1\r\nHost: 10.77.0.1\r\nContent-Type: application/json\r\nContent-Length: 49\r\n\r\n" +
	`{"command": "ha-heartbeat", "service": ["dhcp4"]}`

// post sends a body to a handler and returns the answer.
func post(h http.Handler, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Content-Length", "1") // httptest leaves it out
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// pipeListener hands out the server's ends of pipes, whose deadlines run on a
// bubble's clock.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
func (l *pipeListener) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- server
	return client
}

// bubble runs a test with a server whose time does not pass.
func bubble(t *testing.T, serve func(context.Context, net.Listener) error, test func(t *testing.T, l *pipeListener, stop context.CancelFunc)) {
	synctest.Test(t, func(t *testing.T) {
		listener := newPipeListener()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- serve(ctx, listener) }()
		test(t, listener, cancel)
		cancel()
		require.NoError(t, <-done)
	})
}

func readAnswer(t *testing.T, conn net.Conn) *http.Response {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Body = io.NopCloser(strings.NewReader(string(body)))
	return resp
}

func requireClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

// Kea: a connection without a complete request gets 408 after 10 s.
func TestSlowRequest(t *testing.T) {
	body := strings.Index(heartbeat, "{")
	for name, sent := range map[string]string{
		"nothing": "", "half a header": heartbeat[:70], "half a body": heartbeat[:body+10],
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, (&HTTPServer{Mux: heartbeatMux()}).Serve, func(t *testing.T, l *pipeListener, _ context.CancelFunc) {
				conn := l.dial()
				start := time.Now()
				if sent != "" {
					_, err := conn.Write([]byte(sent))
					require.NoError(t, err)
				}
				resp := readAnswer(t, conn)
				require.Equal(t, 10*time.Second, time.Since(start))
				require.Equal(t, "408 Request Timeout", resp.Status)
				text, _ := io.ReadAll(resp.Body)
				require.Equal(t, `{ "result": 408, "text": "Request Timeout" }`, string(text))
				requireClosed(t, conn)
			})
		})
	}
}

// Kea: a connection that has been answered is closed after 30 s without
// another request, and without a word.
func TestIdleConnection(t *testing.T) {
	bubble(t, (&HTTPServer{Mux: heartbeatMux()}).Serve, func(t *testing.T, l *pipeListener, _ context.CancelFunc) {
		conn := l.dial()
		var answered time.Time
		for range 3 {
			time.Sleep(9 * time.Second) // what may pass between heartbeats
			_, err := conn.Write([]byte(heartbeat))
			require.NoError(t, err)
			require.Equal(t, 200, readAnswer(t, conn).StatusCode)
			answered = time.Now()
		}
		requireClosed(t, conn)
		require.Equal(t, 30*time.Second, time.Since(answered))
	})
}

// Kea closes at once after what it could not read; where a body ends that was
// not read nobody knows. After other refusals the connection goes on.
func TestConnectionAfterRefusal(t *testing.T) {
	server := &HTTPServer{Mux: heartbeatMux(), Accept: []string{"list-commands"}}
	refuseAll := &HTTPServer{Mux: heartbeatMux(), Auth: &BasicAuth{}}
	for name, c := range map[string]struct {
		server *HTTPServer
		send   string
		status int
		after  time.Duration // until it is closed
	}{
		"no JSON":        {server, strings.Replace(heartbeat, "}", " ", 1), 400, 0},
		"no length":      {server, strings.Replace(heartbeat, "Content-Length", "X", 1), 400, 0},
		"no HTTP":        {server, "hello\r\n\r\n", 400, 0},
		"not authorized": {refuseAll, heartbeat, 401, 0},
		"forbidden":      {server, heartbeat, 403, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, c.server.Serve, func(t *testing.T, l *pipeListener, _ context.CancelFunc) {
				conn := l.dial()
				start := time.Now()
				go conn.Write([]byte(c.send)) // not all of it is read
				require.Equal(t, c.status, readAnswer(t, conn).StatusCode)
				requireClosed(t, conn)
				require.Equal(t, c.after, time.Since(start))
			})
		})
	}
}

// When the context ends, commands in work are still answered; idle
// connections end at once.
func TestServeDrains(t *testing.T) {
	mux := heartbeatMux()
	started := make(chan struct{})
	mux.Handle("slow", func(ctx context.Context, _ json.RawMessage) Response {
		close(started)
		select {
		case <-time.After(3 * time.Second):
			return Response{Text: "done"}
		case <-ctx.Done():
			return Errorf("interrupted")
		}
	})
	bubble(t, (&HTTPServer{Mux: mux}).Serve, func(t *testing.T, l *pipeListener, stop context.CancelFunc) {
		idle, busy := l.dial(), l.dial()
		go busy.Write([]byte("POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{\"command\":\"slow\"}"))
		<-started
		start := time.Now()
		stop()
		requireClosed(t, idle)
		require.Zero(t, time.Since(start))
		text, _ := io.ReadAll(readAnswer(t, busy).Body)
		require.Equal(t, `[ { "result": 0, "text": "done" } ]`, string(text))
		require.Equal(t, 3*time.Second, time.Since(start))
		requireClosed(t, busy)
	})
}

// A command that takes no notice for 5 s has its context ended.
func TestServeLosesPatience(t *testing.T) {
	mux := NewMux()
	started := make(chan struct{})
	mux.Handle("hang", func(ctx context.Context, _ json.RawMessage) Response {
		close(started)
		<-ctx.Done()
		return Errorf("interrupted")
	})
	bubble(t, (&HTTPServer{Mux: mux}).Serve, func(t *testing.T, l *pipeListener, stop context.CancelFunc) {
		conn := l.dial()
		go conn.Write([]byte("POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{\"command\":\"hang\"}"))
		<-started
		start := time.Now()
		stop()
		text, _ := io.ReadAll(readAnswer(t, conn).Body)
		require.Equal(t, `[ { "result": 1, "text": "interrupted" } ]`, string(text))
		require.Equal(t, drainTime, time.Since(start))
	})
}

func TestConnectionLimit(t *testing.T) {
	server := &HTTPServer{Mux: heartbeatMux(), MaxConns: 2}
	bubble(t, server.Serve, func(t *testing.T, l *pipeListener, _ context.CancelFunc) {
		first, second := l.dial(), l.dial()
		synctest.Wait()
		third := l.dial()
		requireClosed(t, first) // it has waited longest
		for _, conn := range []net.Conn{second, third} {
			_, err := conn.Write([]byte(heartbeat))
			require.NoError(t, err)
			require.Equal(t, 200, readAnswer(t, conn).StatusCode)
			synctest.Wait() // until it waits again
		}
		fourth := l.dial()
		requireClosed(t, second) // it had its answer before the third
		_, err := fourth.Write([]byte("POST / HTTP/1.1\r\n"))
		require.NoError(t, err)
		synctest.Wait()
		l.dial()
		requireClosed(t, third)
		l.dial()
		requireClosed(t, fourth) // half a request is none
	})
}

// Who is being served does not give way.
func TestConnectionsAtWorkStay(t *testing.T) {
	mux := heartbeatMux()
	mux.Handle("slow", func(context.Context, json.RawMessage) Response {
		time.Sleep(time.Minute)
		return Response{Text: "done"}
	})
	server := &HTTPServer{Mux: mux, MaxConns: 2}
	const slow = "POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n" + `{"command":"slow"}`
	bubble(t, server.Serve, func(t *testing.T, l *pipeListener, _ context.CancelFunc) {
		conns := []net.Conn{l.dial(), l.dial()}
		for _, conn := range conns {
			_, err := conn.Write([]byte(slow))
			require.NoError(t, err)
		}
		synctest.Wait()
		requireClosed(t, l.dial())
		for _, conn := range conns {
			require.Equal(t, 200, readAnswer(t, conn).StatusCode)
		}
	})
}

// Those who are turned away can come again and again, but not fill the log.
func TestConnectionsRefusedDoNotFillTheLog(t *testing.T) {
	mux := NewMux()
	mux.Handle("slow", func(context.Context, json.RawMessage) Response {
		time.Sleep(time.Minute)
		return Response{Text: "done"}
	})
	log := newLines()
	const slow = "POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n" + `{"command":"slow"}`
	bubble(t, (&HTTPServer{Mux: mux, MaxConns: 1, Logger: log.logger()}).Serve, func(t *testing.T, l *pipeListener, _ context.CancelFunc) {
		busy := l.dial()
		_, err := busy.Write([]byte(slow))
		require.NoError(t, err)
		synctest.Wait()
		for range 50 {
			requireClosed(t, l.dial())
		}
		require.Equal(t, 1, log.count("too many"))
		time.Sleep(time.Second)
		requireClosed(t, l.dial())
		require.Equal(t, 2, log.count("too many"))
		require.Equal(t, 1, log.count("omitted=49"))
		require.Equal(t, 200, readAnswer(t, busy).StatusCode)
	})
}

// A listener that fails for a while is tried again; one that is closed by
// somebody else ends the server with that error.
func TestListenerFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &failingListener{pipeListener: newPipeListener(), left: 4}
		start := time.Now()
		err := (&HTTPServer{Mux: NewMux()}).Serve(t.Context(), l)
		require.ErrorIs(t, err, net.ErrClosed)
		require.Equal(t, (5+10+20+40)*time.Millisecond, time.Since(start))
	})
}

type failingListener struct {
	*pipeListener
	left int
}

func (l *failingListener) Accept() (net.Conn, error) {
	if l.left--; l.left >= 0 {
		return nil, errors.New("too many open files")
	}
	return nil, net.ErrClosed
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	server := &HTTPServer{Mux: heartbeatMux(), MaxRequest: 100}
	fits := `{"command":"ha-heartbeat"}` + strings.Repeat(" ", 74)
	require.Len(t, fits, 100)
	require.Equal(t, 200, post(server, fits).Code)
	require.Equal(t, 413, post(server, fits+" ").Code)

	// Its length is believed before it is read.
	address := serveTCP(t, server)
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"))
	require.NoError(t, err)
	resp := readAnswer(t, conn)
	require.Equal(t, 413, resp.StatusCode)
	requireClosed(t, conn)
}

// A header without end is cut off.
func TestHeaderLimit(t *testing.T) {
	t.Parallel()
	address := serveTCP(t, &HTTPServer{Mux: heartbeatMux()})
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	go io.Copy(conn, io.MultiReader(strings.NewReader("POST / HTTP/1.1\r\nX: "), iotest.OneByteReader(strings.NewReader(strings.Repeat("y", maxHeader)))))
	require.Equal(t, 400, readAnswer(t, conn).StatusCode)
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	server := &HTTPServer{Mux: heartbeatMux(), Auth: &BasicAuth{
		Realm: "kea-control-agent", Users: map[string]string{"hauser": "ha-secret", "ü": "€"},
	}}
	body := `{"command":"ha-heartbeat"}`
	for _, header := range []string{"", "Basic", "Basic !", "Basic aGF1c2VyOndyb25n", "Bearer aGF1c2VyOmhhLXNlY3JldA=="} {
		w := post(server, body, "Authorization", header)
		require.Equal(t, 401, w.Code, header)
		require.Equal(t, `Basic realm="kea-control-agent"`, w.Header().Get("WWW-Authenticate"))
		require.Equal(t, `{ "result": 401, "text": "Unauthorized" }`, w.Body.String())
	}
	for _, header := range []string{
		"Basic aGF1c2VyOmhhLXNlY3JldA==", "basic aGF1c2VyOmhhLXNlY3JldA==",
		basicAuthorization("ü", "€"), // as Kea sends it
		"Basic w7w64oKs",             // as everybody else does
	} {
		require.Equal(t, 200, post(server, body, "Authorization", header).Code, header)
	}
}

// What a handler does wrong stays with its command.
func TestHandlerFails(t *testing.T) {
	t.Parallel()
	mux := NewMux()
	mux.Handle("panics", func(context.Context, json.RawMessage) Response { panic("oops") })
	mux.Handle("nonsense", func(context.Context, json.RawMessage) Response { return Response{Arguments: make(chan int)} })
	for _, command := range []string{"panics", "nonsense"} {
		w := post(mux, `{"command":"`+command+`"}`)
		require.Equal(t, 500, w.Code)
		require.Equal(t, `{ "result": 500, "text": "Internal Server Error" }`, w.Body.String())
	}
}

// Mounted in net/http's server a Mux answers alike.
func TestUnderNetHTTP(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(heartbeatMux())
	defer server.Close()
	client, err := NewClient(server.URL, nil)
	require.NoError(t, err)
	defer client.Close()
	reply, err := client.Call(t.Context(), "ha-heartbeat", nil)
	require.NoError(t, err)
	require.Equal(t, "HA peer status returned.", reply.Text)

	resp, err := http.Post(server.URL, "application/json; charset=utf-8", strings.NewReader("{}"))
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, 400, resp.StatusCode)
}
