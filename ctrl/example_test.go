package ctrl_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/dhcpha/dhcpha/ctrl"
)

// A server with a command of its own, and a client that runs it.
func Example() {
	mux := ctrl.NewMux()
	mux.Handle("greet", func(_ context.Context, args json.RawMessage) ctrl.Response {
		var who struct{ Name string }
		if err := json.Unmarshal(args, &who); err != nil {
			return ctrl.Errorf("whom? %v", err)
		}
		return ctrl.Response{Text: "hello " + who.Name}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- (&ctrl.HTTPServer{Mux: mux}).Serve(ctx, listener) }()

	client, err := ctrl.NewClient("http://"+listener.Addr().String(), nil)
	if err != nil {
		panic(err)
	}
	reply, err := client.Call(ctx, "greet", map[string]string{"name": "Kea"})
	fmt.Println(reply.Text, err)

	stop()
	fmt.Println(<-done)
	// Output:
	// hello Kea <nil>
	// <nil>
}

// The administrator's socket answers everything, the port for partners only
// what they need and only to those who know the password.
func ExampleHTTPServer() {
	mux := ctrl.NewMux()
	ctrl.HandleVersion(mux, "1.0")
	partners := httptest.NewServer(&ctrl.HTTPServer{
		Mux:    mux,
		Accept: []string{"ha-heartbeat", "list-commands"},
		Auth:   &ctrl.BasicAuth{Realm: "failover", Users: map[string]string{"server2": "secret"}},
	})
	defer partners.Close()

	client, _ := ctrl.NewClient(partners.URL, &ctrl.ClientOptions{User: "server2", Password: "secret"})
	defer client.Close()
	reply, err := client.Call(context.Background(), "list-commands", nil)
	fmt.Println(string(reply.Arguments), err)
	reply, _ = client.Call(context.Background(), "version-get", nil)
	fmt.Println(reply.Result, reply.Text)

	resp, _ := http.Post(partners.URL, "application/json", nil)
	fmt.Println(resp.Status)
	// Output:
	// [ "build-report", "list-commands", "version-get" ] <nil>
	// 1 Forbidden
	// 401 Unauthorized
}

func ExampleUnixServer() {
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)
	listener, err := ctrl.ListenUnix(filepath.Join(dir, "socket"))
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- (&ctrl.UnixServer{Mux: ctrl.NewMux()}).Serve(ctx, listener) }()

	client, _ := ctrl.NewClient("unix:"+filepath.Join(dir, "socket"), nil)
	_, err = client.Call(ctx, "shutdown", nil)
	var result *ctrl.ResultError
	fmt.Println(errors.As(err, &result) && result.Code == ctrl.Unsupported, result)

	stop()
	<-done
	// Output: true 'shutdown' command not supported. (result 2)
}

func ExampleService() {
	mux := ctrl.NewMux()
	var service ctrl.Service
	ctrl.HandleService(mux, ctrl.V4, &service)
	service.Disable(ctrl.OriginPartner, time.Minute) // a partner synchronizes
	service.Disable(ctrl.OriginUser, 0)
	service.Enable(ctrl.OriginUser)
	fmt.Println(service.Enabled(), service.State().ByPartner)
	service.Enable(ctrl.OriginPartner)
	fmt.Println(service.Enabled())
	// Output:
	// false [2000]
	// true
}

func ExampleStats() {
	mux := ctrl.NewMux()
	var stats ctrl.Stats
	ctrl.HandleStats(mux, &stats)
	received := stats.Stat("pkt4-received")
	received.Add(1)
	received.Add(1)
	fmt.Println(received.Value())
	// Output: 2
}
