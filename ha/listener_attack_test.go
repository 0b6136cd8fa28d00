package ha

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dhcpha/dhcpha/ctrl"
	"github.com/dhcpha/dhcpha/internal/testcert"
)

// Whoever opens connections by the hundred, sends half of what there should
// be, or what is none, or without end, changes nothing and keeps no partner
// out.
func TestListenerUnderAttack(t *testing.T) {
	t.Parallel()
	ca := testcert.New(t)
	ca.Issue("server1")
	for name, this := range map[string]Peer{
		"open":     {},
		"password": {BasicAuthUser: "hauser", BasicAuthPassword: "secret"},
		"TLS":      {TrustAnchor: new(ca.File("ca.crt")), CertFile: new(ca.File("server1.crt")), KeyFile: new(ca.File("server1.key"))},
	} {
		t.Run(name, func(t *testing.T) {
			mux := ctrl.NewMux()
			var updates atomic.Int32
			mux.Handle("ha-heartbeat", func(context.Context, json.RawMessage) ctrl.Response { return ctrl.Response{} })
			mux.Handle("lease4-update", func(context.Context, json.RawMessage) ctrl.Response {
				updates.Add(1)
				return ctrl.Response{}
			})
			cfg := listenerConfig(this)
			address := runListener(t, ctrl.V4, cfg, mux, nil)

			const head = "POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: "
			var attackers sync.WaitGroup
			var conns []net.Conn
			defer attackers.Wait()
			defer func() {
				for _, conn := range conns {
					conn.Close()
				}
			}()
			for _, sent := range []string{
				"",                                // nothing
				"\x16\x03\x01",                    // half of TLS
				"\x00\xff\x00\xff\r\n\r\n",        // garbage
				"POST / HT",                       // half a line
				head + "99",                       // half a header
				head + "99\r\n\r\n{",              // half a body
				head + "-1\r\n\r\n{}",             // no length
				head + "99999999999999999999\r\n", // none either
				head + "15000000\r\n\r\n" + strings.Repeat(" ", 1<<20),                                           // a long body
				head + "17000000\r\n\r\n" + strings.Repeat(" ", 1<<20),                                           // too long
				head + "99\r\n" + strings.Repeat("X: y\r\n", 20_000),                                             // a long header
				head + "100000\r\n\r\n" + strings.Repeat("[", 100_000),                                           // deep
				head + "30\r\n\r\n" + `{"command":"lease4-update"    ` + "GARBAGE",                               // no JSON
				"GET / HTTP/1.1\r\nAuthorization: Basic aGF1c2VyOng=\r\n\r\n",                                    // a browser
				strings.Replace(head, "application", "text", 1) + "2\r\n\r\n{}",                                  // a form
				strings.Replace(head, "Content-Length", "Transfer-Encoding", 1) + "chunked\r\n\r\nffffffff\r\n{", // chunks
			} {
				for range 40 {
					conn, err := net.Dial("tcp", address)
					require.NoError(t, err)
					conns = append(conns, conn)
					attackers.Go(func() {
						io.WriteString(conn, sent)
						io.Copy(io.Discard, conn)
					})
				}
			}

			this.URL = "http://" + address + "/"
			partner, err := newPeer(cfg, this, new((*Options)(nil).withDefaults()))
			require.NoError(t, err)
			defer partner.client.Close()
			for range 20 {
				_, err := partner.call(t.Context(), "ha-heartbeat", nil)
				require.NoError(t, err)
			}
			require.Zero(t, updates.Load())
			_, err = partner.call(t.Context(), "lease4-update", nil)
			require.NoError(t, err)
			require.EqualValues(t, 1, updates.Load())
		})
	}
}
