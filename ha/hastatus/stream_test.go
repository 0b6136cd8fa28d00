package hastatus

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ha"
)

// reader is a browser that follows a page.
type reader struct {
	header http.Header
	status int

	mu       sync.Mutex
	sent     strings.Builder
	stuck    bool // it does not take anything
	deadline time.Time

	gone  context.CancelFunc
	ended chan struct{}
}

func (r *reader) Header() http.Header    { return r.header }
func (r *reader) WriteHeader(status int) { r.status = status }
func (r *reader) Flush()                 {}

func (r *reader) SetWriteDeadline(at time.Time) error {
	r.deadline = at
	return nil
}

func (r *reader) Write(b []byte) (int, error) {
	r.mu.Lock()
	stuck := r.stuck
	r.sent.Write(b)
	r.mu.Unlock()
	if stuck {
		time.Sleep(time.Until(r.deadline))
		return 0, os.ErrDeadlineExceeded
	}
	return len(b), nil
}

// take returns the events that have come since the last take.
func (r *reader) take(t *testing.T) (shots []shot) {
	t.Helper()
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	for event := range strings.SplitSeq(r.sent.String(), "\n\n") {
		if event == "" {
			continue
		}
		data, ok := strings.CutPrefix(event, "data: ")
		require.True(t, ok, event)
		var s shot
		require.NoError(t, json.Unmarshal([]byte(data), &s))
		shots = append(shots, s)
	}
	r.sent.Reset()
	return shots
}

// follow has somebody follow a page.
func follow(t *testing.T, p *Page) *reader {
	ctx, gone := context.WithCancel(t.Context())
	r := &reader{header: http.Header{}, status: http.StatusOK, gone: gone, ended: make(chan struct{})}
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/events", nil)
	go func() {
		defer close(r.ended)
		p.ServeHTTP(r, req)
	}()
	synctest.Wait()
	return r
}

// live runs a page of a pair whose status the test changes, and what is to be
// looked at after the page has ended.
func live(t *testing.T, test func(t *testing.T, p *Page, becomes func(ha.Status)), after ...func()) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		st := ha.Status{}
		becomes := func(next ha.Status) {
			mu.Lock()
			defer mu.Unlock()
			st = next
		}
		becomes(pair())
		p := New(&Options{Now: func() time.Time { return night }, Status: func() ha.Status {
			mu.Lock()
			defer mu.Unlock()
			return st
		}})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- p.Run(ctx) }()
		synctest.Wait()
		test(t, p, becomes)
		stop()
		require.NoError(t, <-ended)
		require.ErrorContains(t, p.Run(ctx), "once")
		for _, f := range after {
			f()
		}
	})
}

// A reader gets all of it, then what changes, and now and then that nothing does.
func TestStream(t *testing.T) {
	live(t, func(t *testing.T, p *Page, becomes func(ha.Status)) {
		r := follow(t, p)
		require.Equal(t, "text/event-stream", r.header.Get("Content-Type"))
		first := r.take(t)
		require.Len(t, first, 1)
		require.Equal(t, "All is well · server1", first[0].Title)
		require.Len(t, first[0].Parts, 2, "of pools there are none")
		require.Contains(t, first[0].Parts["now"], "server1 serves all clients.")
		time.Sleep(2 * lookEvery)
		require.Empty(t, r.take(t), "nothing has changed")

		becomes(falls(pair(), 20*time.Second, &ha.Takeover{In: 40 * time.Second}))
		time.Sleep(lookEvery)
		news := r.take(t)
		require.Len(t, news, 1)
		require.Equal(t, []string{"Needs a look · server1", "wary"}, []string{news[0].Title, news[0].Level})
		require.Contains(t, news[0].Parts["now"], "server2 does not answer.")
		require.Contains(t, news[0].Parts["way"], "unavailable")

		time.Sleep(quietLooks * lookEvery)
		quiet := r.take(t)
		require.Len(t, quiet, 1, "a reader would take the server for gone")
		require.Empty(t, quiet[0].Parts)

		r.gone()
		<-r.ended
		require.False(t, p.streams.any())
	})
}

// Too many readers are refused, until one goes. All end with Run.
func TestManyReaders(t *testing.T) {
	var readers []*reader
	live(t, func(t *testing.T, p *Page, _ func(ha.Status)) {
		for range maxStreams {
			readers = append(readers, follow(t, p))
		}
		late := follow(t, p)
		require.Equal(t, http.StatusServiceUnavailable, late.status)
		<-late.ended
		require.Equal(t, "10", late.header.Get("Retry-After"))
		readers[0].gone()
		<-readers[0].ended
		readers = append(readers, follow(t, p))
		require.Len(t, readers[maxStreams].take(t), 1)
	}, func() {
		for _, r := range readers {
			<-r.ended
		}
	})
}

// A reader that takes nothing holds up nobody, and loses its stream.
func TestSlowReader(t *testing.T) {
	live(t, func(t *testing.T, p *Page, becomes func(ha.Status)) {
		slow, other := follow(t, p), follow(t, p)
		other.take(t)
		slow.mu.Lock()
		slow.stuck = true
		slow.mu.Unlock()
		becomes(dead())
		time.Sleep(lookEvery)
		require.Len(t, other.take(t), 1)
		becomes(pair())
		time.Sleep(lookEvery)
		require.Len(t, other.take(t), 1, "the slow one is not waited for")
		time.Sleep(takeTime)
		<-slow.ended
		require.Len(t, p.streams.slots, 1)
	})
}

// By a real server: a stream lasts longer than answers may take, and ends with
// the page.
func TestStreamOverHTTP(t *testing.T) {
	t.Parallel()
	s := newScene(t, pair())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go s.Run(ctx)
	server := httptest.NewUnstartedServer(s)
	server.Config.WriteTimeout = 100 * time.Millisecond
	server.Start()
	defer server.Close()
	res, err := server.Client().Get(server.URL + "/events")
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	events := json.NewDecoder(dataOf(res.Body))
	var first, next shot
	require.NoError(t, events.Decode(&first))
	s.becomes(dead())
	require.NoError(t, events.Decode(&next), "a look later than an answer may take")
	require.Contains(t, next.Parts["now"], "server2 serves all clients alone.")
	stop()
	_, err = io.Copy(io.Discard, res.Body)
	require.NoError(t, err)
}

// dataOf returns the data of events, without what is before it.
func dataOf(r io.Reader) io.Reader {
	out, in := io.Pipe()
	go func() {
		buf, prefix := make([]byte, 1), 0
		for {
			if _, err := r.Read(buf); err != nil {
				in.CloseWithError(err)
				return
			}
			if prefix < len("data: ") && buf[0] == "data: "[prefix] {
				prefix++
				continue
			}
			if _, err := in.Write(buf); err != nil {
				return
			}
			if buf[0] == '\n' {
				prefix = 0
			}
		}
	}()
	return out
}
