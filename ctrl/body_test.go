package ctrl

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whoever sends many long bodies at once is refused, without any cost for who
// sends short ones, and what they took is free afterwards.
func TestManyLongBodies(t *testing.T) {
	t.Parallel()
	const long = 1 << 20
	server := &HTTPServer{Mux: heartbeatMux(), MaxRequest: long}
	body := `{"command":"ha-heartbeat"}`
	request := func(body io.Reader) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/", body)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Content-Length", "1")
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		return w
	}
	// Each has sent all but the end.
	var senders sync.WaitGroup
	var ends []*io.PipeWriter
	status := make(chan int, 20)
	for range 4 {
		in, out := io.Pipe()
		ends = append(ends, out)
		senders.Go(func() { status <- request(in).Code })
		_, err := out.Write([]byte(body + strings.Repeat(" ", long-len(body))))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return server.bodies.inWork.Load() == 4*(long-freeBody) }, time.Minute, time.Millisecond)
	require.Equal(t, http.StatusOK, request(strings.NewReader(body)).Code)
	for range 3 {
		w := request(strings.NewReader(body + strings.Repeat(" ", long-len(body))))
		require.Equal(t, http.StatusServiceUnavailable, w.Code)
	}
	for _, end := range ends {
		end.Close()
	}
	senders.Wait()
	for range 4 {
		require.Equal(t, http.StatusOK, <-status)
	}
	require.Zero(t, server.bodies.inWork.Load())
	require.Equal(t, http.StatusOK, request(strings.NewReader(body+strings.Repeat(" ", long-len(body)))).Code)
}
