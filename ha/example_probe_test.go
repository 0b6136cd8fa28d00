package ha_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/dhcpha/dhcpha/ha"
)

// What monitoring is told of a standby that waits for its primary. The status is
// that of a Service: ha.ReadyHandler(pair.Status).
func ExampleReadyHandler() {
	status := func() ha.Status {
		return ha.Status{Relationships: []ha.RelationshipStatus{{
			Server: "server2", State: ha.StateWaiting, Idle: "waiting for the partner's answer to a heartbeat",
		}}}
	}
	mux := http.NewServeMux()
	mux.Handle("/healthz", ha.HealthHandler(status))
	mux.Handle("/readyz", ha.ReadyHandler(status))
	for _, path := range []string{"/healthz", "/readyz"} {
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
		fmt.Print(path, " ", answer.Code, ": ", answer.Body)
	}
	// Output:
	// /healthz 200: ok
	// /readyz 503: server2: waiting for the partner's answer to a heartbeat
}
