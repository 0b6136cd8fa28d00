package ha

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/lease"
)

// A program need not have commands of its own: peers find all that they need.
func TestPeersNeedNoCommandsOfTheProgram(t *testing.T) {
	t.Parallel()
	store, err := lease.Open(filepath.Join(t.TempDir(), "leases.db"), nil)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	for _, family := range []ctrl.Family{ctrl.V4, ctrl.V6} {
		cfg := pairConfig(HotStandby, "server1")
		cfg.Peers[0].URL, cfg.Peers[1].URL = "http://192.0.2.1:8000/", "http://192.0.2.2:8000/"
		s, err := New([]*Config{cfg}, store, &Options{Family: family})
		require.NoError(t, err)
		peers := s.peerMux(nil, oneSubnet{})
		for _, name := range peerCommands(family) {
			if name == changesType {
				request := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("?"))
				request.Header.Set("Content-Type", changesType)
				request.Header.Set("Content-Length", "1")
				answer := httptest.NewRecorder()
				peers.ServeHTTP(answer, request)
				a, err := parseAnswer(answer.Body.Bytes())
				require.NoError(t, err)
				require.Contains(t, a.text, errNoMessage.Error())
			} else if name != "status-get" {
				require.NotNil(t, peers.Handler(name), name)
			}
		}
	}
}
