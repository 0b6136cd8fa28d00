package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"github.com/dhcpha/dhcpha/ha"
	"github.com/dhcpha/dhcpha/ha/hastatus"
	"github.com/dhcpha/dhcpha/lease"
)

// Bounds of the status server, of which readers are few.
const (
	statusConns   = 64               // connections at the same time
	statusHeader  = 16 << 10         // bytes of a request's header
	statusRequest = 5 * time.Second  // that a request may take to come
	statusAnswer  = 20 * time.Second // that an answer may take to be taken; a stream has more
	statusIdle    = 30 * time.Second // until the next request of a connection
	statusDrain   = 2 * time.Second  // that answers may take when the program ends
)

// newStatusPage returns the page of the server, whose parts need not be there
// before it is asked.
func (d *daemon[C]) newStatusPage(paired bool) *hastatus.Page {
	opts := &hastatus.Options{
		Leases: d.store, Family: d.family.version, Logger: d.log,
		Pools:    func() []*lease.Pool { return d.service.Pools() },
		NoSubnet: func() time.Time { return d.service.NoSubnet() },
		Hosts:    d.hosts,
	}
	if paired {
		opts.Status = func() ha.Status { return d.ha.Status() }
	}
	return hastatus.New(opts)
}

// hostNames reads the names that the status page is asked for by; nil: none are
// given.
func hostNames(list string) (names []string, err error) {
	if list == "" {
		return nil, nil
	}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" || strings.ContainsAny(name, ":/ ") {
			return nil, fmt.Errorf("-status-hosts: %q is no name of a host, as dhcp.example.org is", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// listenStatus opens the address of the status page.
func listenStatus(addr string, log *slog.Logger) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("status page: %w", err)
	}
	at := listener.Addr().(*net.TCPAddr)
	if !at.IP.IsLoopback() {
		log.Warn("anybody who reaches the status page can read all leases: let it listen on 127.0.0.1, or in a network for management", "address", at.String())
	}
	log.Info("status page open", "url", "http://"+at.String()+"/")
	return netutil.LimitListener(listener, statusConns), nil
}

// serveStatus serves until ctx ends. That the page is lost is no reason to end
// serving clients.
func serveStatus(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) {
	server := &http.Server{
		Handler: handler, MaxHeaderBytes: statusHeader,
		ReadHeaderTimeout: statusRequest, ReadTimeout: statusRequest, WriteTimeout: statusAnswer, IdleTimeout: statusIdle,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		soon, cancel := context.WithTimeout(context.Background(), statusDrain)
		defer cancel()
		if server.Shutdown(soon) != nil {
			_ = server.Close() // who still reads has had its time
		}
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		log.Error("the status page is lost until the next start", "error", err)
	}
	if !stop() {
		<-ended
	}
}
