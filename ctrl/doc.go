// Package ctrl is the control channel of DHCP servers, as Kea speaks it: an
// administrator and other servers send commands, objects in JSON, by HTTP or a
// unix socket, and every command gets one response with a result code and a
// text.
//
// A Mux holds the commands of a server; functions of this package add those
// that need nothing but leases (HandleLeases), a switch (HandleService),
// statistics (HandleStats, HandleLeaseStats) or a version (HandleVersion),
// others are added with Mux.Handle. HTTPServer and UnixServer let the world run them. A Client runs
// those of another server.
//
//	mux := ctrl.NewMux()
//	ctrl.HandleLeases(mux, ctrl.V4, store, store, subnets)
//	mux.Handle("greet", func(ctx context.Context, args json.RawMessage) ctrl.Response {
//		return ctrl.Response{Text: "hello"}
//	})
//	listener, err := net.Listen("tcp", "192.0.2.1:8000")
//	if err != nil {
//		return err
//	}
//	return (&ctrl.HTTPServer{Mux: mux}).Serve(ctx, listener)
//
// and elsewhere:
//
//	client, err := ctrl.NewClient("http://192.0.2.1:8000/", &ctrl.ClientOptions{Service: []string{"dhcp4"}})
//	if err != nil {
//		return err
//	}
//	reply, err := client.Call(ctx, "lease4-get", map[string]any{"ip-address": "192.0.2.7"})
//
// What is too much for JSON goes as messages, each type with a Content-Type of
// its own: Mux.HandleMessage says what takes them, a Pipeline sends them. They
// come by the same listeners, with the same authentication.
//
// # Guarantees
//
// Answers equal those of Kea: result, text and arguments of every command are
// compared with recordings of Kea 2.2.0 in the tests, where differences on
// purpose are listed with their reasons. What Kea has changed since (result
// Conflict, more lease states, numbered origins) is as in Kea 3.
//
// No body, connection or command makes a server panic, stop or grow without
// bound: the size of a request and of all together, the time one may take and
// the number of connections are limited. A handler that panics costs its own
// command.
//
// Serve leaves no goroutine behind. When its context ends, commands in work
// are still answered; their own context ends 5 s later.
//
// A Client never sends a command twice. When its context ends the connection
// is reset: a command that has not arrived does not arrive any more, and one
// that a server of this package has not begun is not run (on unix systems, by
// HTTP).
//
// # Caveats
//
// Strings are bytes to Kea. Text that is not UTF-8, such as a host name in
// Latin-1, survives in this package and in leases, but becomes U+FFFD where a
// handler decodes its arguments with encoding/json.
//
// Where Kea ends a text about a wrong argument with its place in the message,
// in brackets, there is nothing here.
//
// The names in certificates are not compared with addresses, see ClientTLS.
package ctrl
