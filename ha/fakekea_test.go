package ha

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
)

// fakeKea is a server that answers commands as a test wants it to.
type fakeKea struct {
	url    string
	answer func(command string, args map[string]any) string // bytes of HTTP; empty: the connection is closed

	mu       sync.Mutex // held while answering
	requests []fakeRequest
}

type fakeRequest struct {
	Command   string         `json:"command"`
	Arguments map[string]any `json:"arguments,omitempty"`
	Service   []string       `json:"service"`
}

func newFakeKea(t testing.TB, answer func(command string, args map[string]any) string) *fakeKea {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	k := &fakeKea{url: fmt.Sprintf("http://%s/", listener.Addr()), answer: answer}
	var conns sync.WaitGroup
	var open sync.Map
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Store(conn, nil)
			conns.Go(func() { k.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		open.Range(func(conn, _ any) bool { conn.(net.Conn).Close(); return true })
		conns.Wait()
	})
	return k
}

func (k *fakeKea) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		httpRequest, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		var request fakeRequest
		if err := json.NewDecoder(httpRequest.Body).Decode(&request); err != nil {
			return
		}
		k.mu.Lock()
		k.requests = append(k.requests, request)
		answer := k.answer(request.Command, request.Arguments)
		k.mu.Unlock()
		if answer == "" {
			return
		}
		if _, err := io.WriteString(conn, answer); err != nil {
			return
		}
	}
}

// between runs fn while nothing is being answered.
func (k *fakeKea) between(fn func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	fn()
}

// seen returns the requests so far, and forgets them.
func (k *fakeKea) seen() []fakeRequest {
	k.mu.Lock()
	defer k.mu.Unlock()
	seen := k.requests
	k.requests = nil
	return seen
}

// peer returns the server as a peer of a relationship.
func (k *fakeKea) peer(t testing.TB, family ctrl.Family) *peer {
	t.Helper()
	p, err := newPeer(new(Config), Peer{Name: "server1", URL: k.url, Role: Primary}, &Options{Family: family})
	require.NoError(t, err)
	t.Cleanup(p.client.Close)
	return p
}

// keaSays returns an HTTP answer with the response, as a Kea sends it.
func keaSays(t *testing.T, response any) string {
	body, err := json.Marshal([]any{response})
	if err != nil {
		t.Error(err)
	}
	return httpAnswer(body)
}

func httpAnswer(body []byte) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: application/json\r\n\r\n%s", len(body), body)
}
