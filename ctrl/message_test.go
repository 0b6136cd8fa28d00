package ctrl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const testType = "application/x-test"

// echoMux answers messages with what they are, in upper case.
func echoMux() *Mux {
	mux := heartbeatMux()
	mux.HandleMessage(testType, func(_ context.Context, body []byte) func() []byte {
		return func() []byte { return bytes.ToUpper(body) }
	})
	return mux
}

// serving starts a server and returns a pipeline to it.
func serving(t *testing.T, server *HTTPServer, opts *ClientOptions) (*Client, *Pipeline) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
	client, err := NewClient("http://"+listener.Addr().String()+"/", opts)
	require.NoError(t, err)
	return client, pipeline(t, client, testType)
}

func pipeline(t *testing.T, client *Client, contentType string) *Pipeline {
	t.Helper()
	p, err := client.Pipeline(t.Context(), contentType)
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

func requireAnswer(t *testing.T, p *Pipeline, want string) {
	t.Helper()
	answer, err := p.Receive(time.Minute)
	require.NoError(t, err)
	require.Equal(t, want, string(answer))
}

// The next message is begun with while one is in work; the answers come in
// order.
func TestMessagesInLine(t *testing.T) {
	t.Parallel()
	began, goOn := make(chan string), make(chan struct{})
	mux := NewMux()
	mux.HandleMessage(testType, func(_ context.Context, body []byte) func() []byte {
		began <- string(body)
		return func() []byte {
			<-goOn
			return body
		}
	})
	_, p := serving(t, &HTTPServer{Mux: mux}, nil)
	texts := []string{"one", "", "three", string(bytes.Repeat([]byte("4"), 3<<20))}
	for _, text := range texts {
		require.NoError(t, p.Send([]byte(text)))
		require.Equal(t, text, <-began)
	}
	require.NoError(t, p.Send([]byte("five")))
	select {
	case <-began:
		require.Fail(t, "there are more in work than may be")
	default:
	}
	for range texts {
		goOn <- struct{}{}
	}
	require.Equal(t, "five", <-began)
	goOn <- struct{}{}
	for _, text := range append(texts, "five") {
		requireAnswer(t, p, text)
	}
}

func TestMessagesRefused(t *testing.T) {
	t.Parallel()
	refused := func(p *Pipeline, status int) {
		t.Helper()
		require.NoError(t, p.Send([]byte("x")))
		_, err := p.Receive(time.Minute)
		var e *StatusError
		require.ErrorAs(t, err, &e)
		require.Equal(t, StatusError{p.contentType, status}, *e)
	}
	client, p := serving(t, &HTTPServer{Mux: echoMux()}, nil)
	refused(pipeline(t, client, "application/x-test-2"), 400)
	require.NoError(t, p.Send([]byte("x")))
	requireAnswer(t, p, "X")
	reply, err := client.Call(t.Context(), "ha-heartbeat", nil)
	require.NoError(t, err)
	require.Equal(t, "HA peer status returned.", reply.Text)

	_, p = serving(t, &HTTPServer{Mux: echoMux(), Accept: []string{"ha-heartbeat"}}, nil)
	refused(p, 403)
	_, p = serving(t, &HTTPServer{Mux: echoMux(), Accept: []string{testType}}, nil)
	require.NoError(t, p.Send([]byte("x")))
	requireAnswer(t, p, "X")

	auth := &BasicAuth{Users: map[string]string{"ha": "secret"}}
	_, p = serving(t, &HTTPServer{Mux: echoMux(), Auth: auth}, nil)
	refused(p, 401)
	_, p = serving(t, &HTTPServer{Mux: echoMux(), Auth: auth}, &ClientOptions{User: "ha", Password: "secret"})
	require.NoError(t, p.Send([]byte("x")))
	requireAnswer(t, p, "X")

	_, p = serving(t, &HTTPServer{Mux: echoMux(), MaxRequest: 10}, nil)
	require.NoError(t, p.Send([]byte("0123456789")))
	require.NoError(t, p.Send([]byte("0123456789x")))
	requireAnswer(t, p, "0123456789")
	_, err = p.Receive(time.Minute)
	require.ErrorContains(t, err, "413")

	mux := NewMux()
	mux.HandleMessage(testType, func(_ context.Context, body []byte) func() []byte {
		if string(body) == "x" {
			panic("at once")
		}
		return func() []byte { panic("later") }
	})
	for _, text := range []string{"x", "y"} {
		_, p = serving(t, &HTTPServer{Mux: mux}, nil)
		require.NoError(t, p.Send([]byte(text)))
		_, err = p.Receive(time.Minute)
		require.ErrorContains(t, err, "500")
	}
}

// What a message or a command waits for others that came before it does not count
// as the time that its sender takes.
func TestTimeInLineIsNotTheSenders(t *testing.T) {
	mux := heartbeatMux()
	mux.HandleMessage(testType, func(_ context.Context, body []byte) func() []byte {
		return func() []byte {
			time.Sleep(receiveTimeout + time.Second)
			return body[:1]
		}
	})
	// More than is read ahead.
	send := func(conn net.Conn, contentType, text string) {
		text += strings.Repeat(" ", 100<<10)
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", contentType, len(text), text)
	}
	bubble(t, (&HTTPServer{Mux: mux}).Serve, func(t *testing.T, l *pipeListener, _ context.CancelFunc) {
		conn := l.dial()
		const messages = maxInLine + 2
		go func() {
			for range messages {
				send(conn, testType, "x")
			}
			send(conn, commandType, `{"command":"ha-heartbeat"}`)
		}()
		in := bufio.NewReader(conn)
		for n := range messages + 1 {
			resp, err := http.ReadResponse(in, nil)
			require.NoError(t, err)
			require.Equal(t, 200, resp.StatusCode, "answer %d", n)
			io.Copy(io.Discard, resp.Body)
		}
	})
}

// A handler that ends its goroutine, as a failing test does, ends the connection
// and nothing else: what its messages took is free again.
func TestMessageHandlerEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	mux := NewMux()
	mux.HandleMessage(testType, func(_ context.Context, body []byte) func() []byte {
		if body[0] == 'x' {
			runtime.Goexit()
		}
		return func() []byte {
			if body[0] == 'y' {
				runtime.Goexit()
			}
			return body[:1]
		}
	})
	log := newLines()
	server := &HTTPServer{Mux: mux, Logger: log.logger()}
	client, p := serving(t, server, nil)
	for _, text := range []string{"x", "y"} {
		for range 2 {
			p := pipeline(t, client, testType)
			for range 2 * maxInLine {
				p.Send([]byte(text + strings.Repeat(" ", 2*freeBody))) // until it is closed
			}
			_, err := p.Receive(time.Minute)
			require.Error(t, err)
		}
	}
	log.await(t, "its goroutine was ended")
	require.Eventually(t, func() bool { return server.bodies.inWork.Load() == 0 }, time.Minute, time.Millisecond)
	require.NoError(t, p.Send([]byte("z")))
	requireAnswer(t, p, "z")
}

// Who waits for an answer that does not come gives up, and what it waited for
// learns of it.
func TestMessageGivenUp(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 2)
	mux := NewMux()
	mux.HandleMessage(testType, func(ctx context.Context, body []byte) func() []byte {
		return func() []byte {
			<-ctx.Done()
			ended <- ctx.Err()
			return nil
		}
	})
	_, p := serving(t, &HTTPServer{Mux: mux}, nil)
	require.NoError(t, p.Send(nil))
	require.NoError(t, p.Send(nil))
	_, err := p.Receive(time.Millisecond)
	require.True(t, errors.Is(err, os.ErrDeadlineExceeded), err)
	require.NoError(t, p.Close())
	for range 2 {
		require.ErrorIs(t, <-ended, context.Canceled)
	}
}

// Mounted in net/http's server a Mux takes messages as well.
func TestMessagesUnderNetHTTP(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(echoMux())
	defer server.Close()
	client, err := NewClient(server.URL, nil)
	require.NoError(t, err)
	p := pipeline(t, client, testType)
	for _, text := range []string{"a", "b", "c"} {
		require.NoError(t, p.Send([]byte(text)))
	}
	for _, text := range []string{"A", "B", "C"} {
		requireAnswer(t, p, text)
	}
	require.NoError(t, p.Close())
}

// Connections keep no memory of the long messages that they have brought: there
// may be hundreds.
func TestSilentConnectionsKeepNoMessages(t *testing.T) {
	const conns, size = 64, 900 << 10
	mux := NewMux()
	mux.HandleMessage(testType, func(context.Context, []byte) func() []byte { return func() []byte { return nil } })
	client, _ := serving(t, &HTTPServer{Mux: mux}, nil)
	message := make([]byte, size)
	before := heapInUse()
	for range conns {
		p := pipeline(t, client, testType)
		for range maxInLine {
			require.NoError(t, p.Send(message))
			requireAnswer(t, p, "")
		}
		p.out = nil
	}
	require.Less(t, heapInUse()-before, int64(conns*size/4))
}

// heapInUse returns how many bytes are in use that nobody gives back.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // pools keep what they have through one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
